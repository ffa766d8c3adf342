import type { Scope, Token } from "../../../schemas/token.ts";
import { AppError } from "../../errors.ts";
import { sameAttributes } from "../attributes.ts";
import { expandScopes } from "./scopes.ts";
import { assertEnd, assertTerms, endAt, type TokenRules } from "./terms.ts";

/** What changes of a token: what is absent stays, null goes. */
export interface TokenRevision {
  readonly name?: string | undefined;
  readonly description?: string | null | undefined;
  /** No more than it has. */
  readonly scopes?: readonly Scope[] | undefined;
  readonly allowedIps?: readonly string[] | null | undefined;
  readonly expiresAt?: Date | null | undefined;
  readonly enabled?: boolean | undefined;
}

interface Revised {
  readonly next: Token;
  readonly isSame: boolean;
  /** Whether somebody can use it from now on in a way that was not decided before. */
  readonly isWider: boolean;
}

/** @throws AppError invalid-value naming the field; conflict for a token that is revoked */
export function revisedToken(token: Token, revision: TokenRevision, rules: TokenRules): Revised {
  if (token.revokedAt !== undefined) throw new AppError("conflict", "The token is revoked, and that is final.");
  const next = revised(token, revision);
  const { scopes = ["all"] } = next;
  const had = expandScopes(token.scopes);
  const more = [...expandScopes(scopes)].filter((scope) => !had.has(scope));
  if (more.length > 0) {
    const message = `scopes never grow: the token does not have ${more.join(", ")}. Make a new one.`;
    throw new AppError("invalid-value", message, { field: "scopes" });
  }
  assertTerms({ ...next, scopes });
  if (next.expiresAt !== token.expiresAt) assertEnd(next.expiresAt, rules);
  return {
    next,
    isSame: sameAttributes(token, next),
    isWider: next.enabled && !sameAttributes(grantOf(token), grantOf(next)),
  };
}

function revised(token: Token, revision: TokenRevision): Token {
  const { description, allowedIps, expiresAt, ...rest } = token;
  const end = revision.expiresAt === undefined ? expiresAt : revision.expiresAt && endAt(revision.expiresAt);
  const words = revision.description === undefined ? description : (revision.description ?? undefined);
  const addresses = revision.allowedIps === undefined ? allowedIps : (revision.allowedIps ?? []);
  return {
    ...rest,
    ...(revision.name !== undefined && { name: revision.name }),
    ...(revision.scopes && { scopes: [...new Set(revision.scopes)] }),
    ...(revision.enabled !== undefined && { enabled: revision.enabled }),
    ...(words !== undefined && { description: words }),
    ...(addresses && addresses.length > 0 && { allowedIps: [...addresses] }),
    ...(end && { expiresAt: end }),
  };
}

const grantOf = ({ scopes, expiresAt, allowedIps, enabled }: Token): object => ({
  scopes,
  expiresAt,
  allowedIps,
  enabled,
});
