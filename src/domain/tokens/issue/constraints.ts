import type { ToolRisk } from "../../../../schemas/mcp-server.ts";
import type { Scope, TokenType } from "../../../../schemas/token.ts";
import { AppError } from "../../../errors.ts";
import { allowedScopes } from "../scopes.ts";
import { assertAllowlist } from "../verify/allowlist.ts";
import type { TokenRules } from "./token-policy.ts";

/**
 * Returns the expiry of a token for which none was requested: the organization's default, otherwise the latest that is
 * allowed, otherwise none.
 * @param maxExpiresAt the expiry of the creating token, if it limits the new one
 * @returns an ISO 8601 time in UTC
 */
export function defaultExpiry(
  { defaultTtlDays, maxTtlDays }: TokenRules,
  maxExpiresAt: string | undefined,
): string | undefined {
  const days = defaultTtlDays ?? maxTtlDays;
  const candidates = [
    ...(days === undefined ? [] : [new Date(Date.now() + days * dayMs).toISOString()]),
    ...(maxExpiresAt === undefined ? [] : [maxExpiresAt]),
  ];
  return candidates.sort((one, other) => Date.parse(one) - Date.parse(other))[0];
}

/** Formats an expiry as it is stored (ISO 8601). @throws AppError invalid-value for an invalid date */
export function toExpiry(date: Date): string {
  if (Number.isNaN(date.getTime())) throw invalidField("expiresAt", "expiresAt must be a valid time.");
  // Later times have another ISO 8601 form, which the database would sort before all others.
  if (date.getTime() > lastExpiryMs)
    throw invalidField("expiresAt", "expiresAt must be before the year 10000 in UTC. Omit it for no expiry.");
  return date.toISOString();
}

interface ConstrainedFields {
  readonly name: string;
  readonly description?: string | undefined;
  readonly type: TokenType;
  readonly scopes: readonly Scope[];
  readonly userId?: string | undefined;
  readonly environment?: string | undefined;
  readonly mcpServers?: readonly string[] | undefined;
  readonly maxRisk?: ToolRisk | undefined;
  readonly allowedIps?: readonly string[] | undefined;
}

/**
 * Checks the rules that hold for every token, whoever creates it.
 * @throws AppError invalid-value naming the field
 */
export function assertConstraints(fields: ConstrainedFields): void {
  const { name, description, type, scopes, userId, environment, mcpServers, maxRisk, allowedIps } = fields;
  if (name.trim() === "" || [...name].length > 200) throw invalidField("name", "name must have 1 to 200 characters.");
  if ([...(description ?? "")].length > 1000)
    throw invalidField("description", "description must have 1000 characters or fewer.");
  if (scopes.length === 0) throw invalidField("scopes", "scopes must name at least one scope.");
  const isConnectOnly = scopes.every((scope) => scope.startsWith("connect:"));
  if (userId !== undefined && !isConnectOnly) {
    throw invalidField(
      "scopes",
      "scopes of a personal token must be connect scopes, because the token acts as its user.",
    );
  }
  if ((environment !== undefined || mcpServers !== undefined || maxRisk !== undefined) && !isConnectOnly) {
    throw invalidField(
      "scopes",
      "scopes of a token that is restricted to an environment, to MCP servers or to a risk must be connect scopes.",
    );
  }
  if (mcpServers?.length === 0) throw invalidField("mcpServers", "mcpServers must name at least one server.");
  if (allowedIps) assertAllowlist(allowedIps);
  const allowed = allowedScopes[type];
  const disallowed = scopes.filter((scope) => !allowed.includes(scope));
  if (disallowed.length === 0) return;
  const message = `A token of type ${type} cannot have the scopes ${disallowed.join(", ")}; allowed are ${allowed.join(", ")}.`;
  throw invalidField("scopes", message);
}

/** Checks the type against the organization's policy. @throws AppError invalid-value */
export function assertTypeAllowed(type: TokenType, { allowedTypes }: TokenRules): void {
  if (!allowedTypes || allowedTypes.includes(type)) return;
  throw invalidField("type", `type must be one of the types that the organization allows: ${allowedTypes.join(", ")}.`);
}

/** Checks an expiry. @throws AppError invalid-value if it is in the past, or later than the longest lifetime allows */
export function assertExpiry(expiresAt: string | undefined, { maxTtlDays }: TokenRules): void {
  const now = Date.now();
  const expiresAtMs = expiresAt === undefined ? Infinity : Date.parse(expiresAt);
  if (!(expiresAtMs > now)) throw invalidField("expiresAt", "expiresAt must be in the future.");
  if (maxTtlDays === undefined || expiresAtMs <= now + maxTtlDays * dayMs + clockToleranceMs) return;
  throw invalidField("expiresAt", `expiresAt must be within ${maxTtlDays} days.`);
}

const dayMs = 86_400_000;
const lastExpiryMs = Date.parse("9999-12-31T23:59:59.999Z");
/** An expiry "in 30 days" is computed shortly before it is checked. */
const clockToleranceMs = 60_000;

const invalidField = (field: string, message: string): AppError => new AppError("invalid-value", message, { field });
