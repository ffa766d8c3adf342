import type { AuditEvent } from "../../../schemas/audit-event.ts";
import type { Token } from "../../../schemas/token.ts";
import type { Change } from "../../store/collection.ts";
import { tokens } from "../../store/collections.ts";
import { type Author, record } from "../audit/record.ts";
import { nextVersion } from "../entity.ts";

/** Keeps a new token, with its event. */
export async function insertWithin(
  change: Change,
  author: Author,
  token: Token,
  action: "token.create" | "token.import",
): Promise<void> {
  await change.for(token.organizationId).open(tokens).insert(token);
  await record(change, token.organizationId, author, {
    action,
    target: { type: "token", id: token.id },
    after: withoutSecrets(token),
  });
}

/** Keeps what a token is from now on, with its event. @param token as it was read in the same transaction */
export async function replaceWithin(
  change: Change,
  author: Author,
  token: Token,
  action: "token.update" | "token.renew" | "token.rotate" | "token.report",
  next: Token,
  details?: AuditEvent["details"],
): Promise<Token> {
  const changed = { ...next, ...nextVersion(token) };
  await change.for(token.organizationId).open(tokens).replace(changed, token.version);
  await record(change, token.organizationId, author, {
    action,
    target: { type: "token", id: token.id },
    before: withoutSecrets(token),
    after: withoutSecrets(changed),
    ...(details && { details }),
  });
  return changed;
}

/** Revokes a token that was read in the same transaction. */
export async function revokeWithin(change: Change, author: Author, token: Token): Promise<Token> {
  const revoked: Token = { ...token, ...nextVersion(token), revokedAt: new Date().toISOString() };
  await change.for(token.organizationId).open(tokens).replace(revoked, token.version);
  await record(change, token.organizationId, author, {
    action: "token.revoke",
    target: { type: "token", id: token.id },
    before: withoutSecrets(token),
  });
  return revoked;
}

/** Removes the record of a token that was read in the same transaction and is of no use any more. */
export async function removeWithin(change: Change, author: Author, token: Token): Promise<void> {
  await change.for(token.organizationId).open(tokens).remove(token.id, token.version);
  await record(change, token.organizationId, author, {
    action: "token.remove",
    target: { type: "token", id: token.id },
    before: withoutSecrets(token),
  });
}

/** What an event may say of a token: everything but the hashes of its secrets. */
export function withoutSecrets(token: Token): Readonly<Record<string, unknown>> {
  const { secrets: _, kept: _k, networks: _n, ...rest } = token;
  return rest;
}
