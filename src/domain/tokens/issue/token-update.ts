import { isDeepStrictEqual } from "node:util";
import type { ToolRisk } from "../../../../schemas/mcp-server.ts";
import type { Scope, Token, TokenType } from "../../../../schemas/token.ts";
import { AppError } from "../../../errors.ts";
import { expandScopes } from "../scopes.ts";
import { type LabelsUpdate, mergeLabels, toStoredLabels } from "../token-labels.ts";
import { isWithinAllowlist } from "../verify/allowlist.ts";
import { assertConstraints, assertExpiry, toExpiry } from "./constraints.ts";
import type { TokenRules } from "./token-policy.ts";

/** The changes of a token. An absent field stays the same; null removes it. */
export interface TokenUpdate {
  readonly name?: string | undefined;
  readonly description?: string | null | undefined;
  readonly labels?: LabelsUpdate;
  /** A subset of the current scopes. */
  readonly scopes?: readonly Scope[] | undefined;
  readonly allowedIps?: readonly string[] | null | undefined;
  readonly expiresAt?: Date | null | undefined;
  readonly enabled?: boolean | undefined;
  /** Fields that never change. They may repeat the current value; null is an absent one. */
  readonly type?: TokenType | null | undefined;
  readonly userId?: string | null | undefined;
  readonly environment?: string | null | undefined;
  readonly mcpServers?: readonly string[] | null | undefined;
  readonly maxRisk?: ToolRisk | null | undefined;
}

const immutableFields = ["type", "userId", "environment", "mcpServers", "maxRisk"] as const;

interface TokenUpdateResult {
  readonly next: Token;
  readonly isUnchanged: boolean;
  /** Whether the update may let someone use the token in a way that was not allowed before. */
  readonly isWidened: boolean;
}

/**
 * Applies an update to a token and checks the result against the rules.
 * @throws AppError invalid-value naming the field; conflict for a revoked token
 */
export function updateToken(token: Token, update: TokenUpdate, rules: TokenRules): TokenUpdateResult {
  if (token.revokedAt !== undefined)
    throw new AppError("conflict", "The token is revoked and cannot be changed. Create a new one.");
  assertImmutableUnchanged(token, update);
  const next = applyUpdate(token, update);
  const { scopes = ["all"] } = next;
  const currentScopes = expandScopes(token.scopes);
  const addedScopes = [...expandScopes(scopes)].filter((scope) => !currentScopes.has(scope));
  if (addedScopes.length > 0) {
    const message = `scopes can only be reduced: the token does not have ${addedScopes.join(", ")}. Create a new token.`;
    throw new AppError("invalid-value", message, { field: "scopes" });
  }
  assertConstraints({ ...next, scopes });
  if (next.expiresAt !== token.expiresAt) assertExpiry(next.expiresAt, rules);
  return {
    next,
    isUnchanged: isDeepStrictEqual(token, next),
    isWidened:
      expiresLater(token, next) ||
      allowsMoreAddresses(token, next) ||
      (next.enabled && !isDeepStrictEqual(toGrantFields(token), toGrantFields(next))),
  };
}

type FieldValue = string | readonly string[] | null | undefined;

/** @throws AppError invalid-value naming the field */
function assertImmutableUnchanged(token: Token, update: TokenUpdate): void {
  for (const field of immutableFields) {
    if (update[field] === undefined || isSameValue(update[field], token[field])) continue;
    throw new AppError("invalid-value", `${field} cannot be changed. Omit it, or create a new token.`, { field });
  }
}

/** Arrays are compared as sets, and null is an absent value. */
const isSameValue = (one: FieldValue, other: FieldValue): boolean =>
  Array.isArray(one) && Array.isArray(other) ? isSameSet(one, other) : (one ?? undefined) === (other ?? undefined);

const isSameSet = (one: readonly string[], other: readonly string[]): boolean =>
  isDeepStrictEqual(new Set(one), new Set(other));

function applyUpdate(token: Token, update: TokenUpdate): Token {
  const { description, labels, labelTerms: _, allowedIps, expiresAt, ...rest } = token;
  const newExpiresAt = update.expiresAt === undefined ? expiresAt : update.expiresAt && toExpiry(update.expiresAt);
  const newDescription = update.description === undefined ? description : (update.description ?? undefined);
  const newAllowedIps = update.allowedIps === undefined ? allowedIps : (update.allowedIps ?? []);
  return {
    ...rest,
    ...(update.name !== undefined && { name: update.name }),
    ...(update.scopes && !isSameSet(update.scopes, token.scopes ?? ["all"]) && { scopes: [...new Set(update.scopes)] }),
    ...(update.enabled !== undefined && { enabled: update.enabled }),
    ...(newDescription !== undefined && { description: newDescription }),
    ...toStoredLabels(mergeLabels(labels, update.labels)),
    ...(newAllowedIps && newAllowedIps.length > 0 && { allowedIps: [...newAllowedIps] }),
    ...(newExpiresAt && { expiresAt: newExpiresAt }),
  };
}

/** A disabled token can be enabled later, so what widens it counts whether it is enabled or not. */
const expiresLater = (token: Token, next: Token): boolean =>
  token.expiresAt !== undefined &&
  (next.expiresAt === undefined || Date.parse(next.expiresAt) > Date.parse(token.expiresAt));

const allowsMoreAddresses = ({ allowedIps }: Token, next: Token): boolean =>
  allowedIps !== undefined && !isWithinAllowlist(next.allowedIps, allowedIps);

const toGrantFields = ({ scopes, expiresAt, allowedIps, enabled }: Token): object => ({
  scopes,
  expiresAt,
  allowedIps,
  enabled,
});
