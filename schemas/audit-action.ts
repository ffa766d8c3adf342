import { z } from "zod";

/** The actions of audit events, by subject. The table in docs/audit.md lists them too. */
const auditActions = [
  "user.create",
  "user.update",
  "user.deactivate",
  "user.delete",
  "user.deactivation_rejected",
  "group.create",
  "group.update",
  "group.members.change",
  "group.delete",
  "group.removal_rejected",
  "mcp-server.create",
  "mcp-server.update",
  "mcp-server.delete",
  "mcp-server.credential.set",
  "mcp-server.credential.delete",
  "mcp-server.client-secret.set",
  "mcp-server.client-secret.delete",
  "toolkit.create",
  "toolkit.update",
  "toolkit.delete",
  "skill.create",
  "skill.update",
  "skill.delete",
  "command.create",
  "command.update",
  "command.delete",
  "policy.create",
  "policy.update",
  "policy.delete",
  "connection.create",
  "connection.update",
  "connection.delete",
  "connection.credential.set",
  "connection.credential.delete",
  "connection.authorize",
  "connection.disconnect",
  "exchange.delete",
  "exchange.refresh_reused",
  "organization.create",
  "organization.update",
  "organization.rename",
  "organization.disable",
  "organization.enable",
  "organization.delete",
  "organization.import",
  "scim-extension.create",
  "scim-extension.update",
  "scim-extension.delete",
  "webhook.create",
  "webhook.update",
  "webhook.delete",
  "webhook.rotate",
  "webhook.disable",
  "webhook.test",
  "mcp.tool.called",
  "token.create",
  "token.import",
  "token.update",
  "token.rotate",
  "token.replay",
  "token.renew",
  "token.revoke",
  "token.report",
  "token.remove",
  "token.superseded_secret_used",
  "token.new_ip",
  "token.repeated_failures",
  "console.sign_in",
  "console.sign_out",
  "auth-secret.report",
  "authentication.refused",
] as const;

/** The action of an audit event. No event has another one. */
export const auditAction = z.enum(auditActions).meta({ id: "AuditAction" });
export type AuditAction = z.output<typeof auditAction>;

/**
 * Selects audit events by their action: the name of one, the beginning of names before `.*`, or `*` for all. A pattern
 * that selects no action is an error, because a misspelled one would select nothing without a sign.
 */
export const auditActionPattern = z
  .string()
  .max(100, "must have 100 characters or fewer")
  .refine(
    (pattern) => auditActions.some((action) => matchesActionPattern(pattern, action)),
    "must be an action, such as user.create, the beginning of actions, such as user.*, or *",
  );

/** @returns whether a valid pattern selects the action */
export function matchesActionPattern(pattern: string, action: string): boolean {
  if (pattern === "*" || pattern === action) return true;
  return pattern.endsWith(".*") && action.startsWith(pattern.slice(0, -1));
}
