import type { Scope, Token, TokenType } from "../../../schemas/token.ts";
import { AppError } from "../../errors.ts";
import type { Change } from "../../store/collection.ts";
import { users } from "../../store/collections.ts";
import type { Author } from "../audit/record.ts";
import { newEntity } from "../entity.ts";
import { assertEnd, assertTerms, assertTypeAllowed, defaultEnd, endAt, type TokenRules } from "./terms.ts";

export interface NewToken {
  readonly name: string;
  readonly description?: string | undefined;
  readonly type?: TokenType | undefined;
  /** At least one; there is no default, so that nobody gets more than was asked for. */
  readonly scopes: readonly Scope[];
  readonly userId?: string | undefined;
  /** The token that it is made with, and without which it is to be worth nothing. */
  readonly parentId?: string;
  /** How it comes to be; absent: somebody asked for it. */
  readonly origin?: Token["origin"];
  /** Restricts it to the servers of one environment. */
  readonly environment?: string | undefined;
  /** Restricts it to the servers with these slugs. */
  readonly mcpServers?: readonly string[] | undefined;
  /** Addresses and CIDR ranges that it may be used from; none: from anywhere. */
  readonly allowedIps?: readonly string[] | undefined;
  /** Null: never. Absent: by the organisation's default, else as late as it may, else never. */
  readonly expiresAt?: Date | null | undefined;
}

/**
 * All of a new token but its secret, held against the rules.
 * @param latest the end of the token that makes it, where that bounds it
 * @throws AppError invalid-value naming the field
 */
export async function newTokenWithin(
  change: Change,
  organizationId: string,
  author: Author,
  wanted: NewToken,
  rules: TokenRules,
  latest?: string,
): Promise<Omit<Token, "prefix" | "secrets">> {
  const { type = "admin", origin = "issued", scopes, userId, parentId, allowedIps, description } = wanted;
  const { environment, mcpServers, expiresAt: end = defaultEnd(rules, latest) } = wanted;
  const expiresAt = end instanceof Date ? endAt(end) : (end ?? undefined);
  assertTerms({ ...wanted, type });
  assertEnd(expiresAt, rules);
  // What a token makes by itself is of the kind that the token is for.
  if (origin === "issued") assertTypeAllowed(type, rules);
  if (userId !== undefined && !(await change.for(organizationId).open(users).get(userId))?.active) {
    throw new AppError("invalid-value", "userId names no active user of the organization.", { field: "userId" });
  }
  return {
    ...newEntity("tok", organizationId),
    name: wanted.name,
    ...(description !== undefined && { description }),
    type,
    origin,
    scopes: [...new Set(scopes)],
    ...(userId !== undefined && { userId }),
    ...(parentId !== undefined && { parentId }),
    ...(environment !== undefined && { environment }),
    ...(mcpServers && { mcpServers: [...mcpServers] }),
    ...(allowedIps && allowedIps.length > 0 && { allowedIps: [...allowedIps] }),
    ...(expiresAt !== undefined && { expiresAt }),
    enabled: true,
    createdBy: author.actor,
    requestCount: 0,
    failedCount: 0,
  };
}
