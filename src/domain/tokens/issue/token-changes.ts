import type { AuditEvent } from "../../../../schemas/audit-event.ts";
import type { Token } from "../../../../schemas/token.ts";
import { tokens } from "../../../store/collections.ts";
import type { Transaction } from "../../../store/store.ts";
import { type AuditActor, recordAuditEvent } from "../../audit/record.ts";
import { nextVersion } from "../../entity.ts";

/** Stores a new token, with its audit event. */
export async function insertToken(
  tx: Transaction,
  auditActor: AuditActor,
  token: Token,
  action: "token.create" | "token.import",
): Promise<void> {
  await tx.for(token.organizationId).open(tokens).insert(token);
  await recordAuditEvent(tx, token.organizationId, auditActor, {
    action,
    target: { type: "token", id: token.id },
    after: toTokenAuditSnapshot(token),
  });
}

/**
 * Replaces a token, with its audit event.
 * @param token as it was read in the same transaction
 * @returns the new token, with its new version
 */
export async function replaceToken(
  tx: Transaction,
  auditActor: AuditActor,
  token: Token,
  action: "token.update" | "token.renew" | "token.rotate" | "token.report",
  next: Token,
  details?: AuditEvent["details"],
): Promise<Token> {
  const updated = { ...next, ...nextVersion(token) };
  await tx.for(token.organizationId).open(tokens).replace(updated, token.version);
  await recordAuditEvent(tx, token.organizationId, auditActor, {
    action,
    target: { type: "token", id: token.id },
    before: toTokenAuditSnapshot(token),
    after: toTokenAuditSnapshot(updated),
    ...(details && { details }),
  });
  return updated;
}

/**
 * Revokes a token that was read in the same transaction, with its audit event.
 * @param revokedAt the time from which the token is invalid (ISO 8601)
 * @returns the revoked token
 */
export async function revokeToken(
  tx: Transaction,
  auditActor: AuditActor,
  token: Token,
  revokedAt = new Date().toISOString(),
): Promise<Token> {
  const revoked: Token = { ...token, ...nextVersion(token), revokedAt };
  await tx.for(token.organizationId).open(tokens).replace(revoked, token.version);
  await recordAuditEvent(tx, token.organizationId, auditActor, {
    action: "token.revoke",
    target: { type: "token", id: token.id },
    before: toTokenAuditSnapshot(token),
  });
  return revoked;
}

/** Removes the record of an expired token that was read in the same transaction, with its audit event. */
export async function removeToken(tx: Transaction, auditActor: AuditActor, token: Token): Promise<void> {
  await tx.for(token.organizationId).open(tokens).remove(token.id, token.version);
  await recordAuditEvent(tx, token.organizationId, auditActor, {
    action: "token.remove",
    target: { type: "token", id: token.id },
    before: toTokenAuditSnapshot(token),
  });
}

/**
 * Returns the fields of a token that an audit event records: no hashes of secrets and no internal fields. The scopes are
 * the effective ones, also of a record that is older than scopes.
 */
export function toTokenAuditSnapshot(token: Token): Readonly<Record<string, unknown>> {
  const { secrets: _, lockVersion: _l, networks: _n, userGeneration: _g, labelTerms: _t, ...fields } = token;
  const { organizationDisabled: _o, scopes = ["all"], ...rest } = fields;
  return { ...rest, scopes };
}
