import type { Token } from "../../../schemas/token.ts";
import type { User } from "../../../schemas/user.ts";
import { users } from "../../store/collections.ts";
import type { Condition } from "../../store/query.ts";
import type { Tenant } from "../../store/store.ts";

/**
 * Whether a personal token ended because its user was deactivated after it was created, or was removed. Every deactivation
 * raises the generation of the user, and a token keeps the generation of its creation. So a deactivation ends any number
 * of tokens by one write, and a token that is created beside it ends too. A record without a generation has 0.
 * @param user the user of the token; undefined if the user was removed
 */
export function isOutdated({ userGeneration = 0 }: Pick<Token, "userGeneration">, user: User | undefined): boolean {
  return user === undefined || userGeneration < (user.tokenGeneration ?? 0);
}

/**
 * Returns the tokens as they are effective: a token of an earlier generation of its user is revoked, whatever its record
 * says, and a token of a removed user does not exist.
 */
export async function toEffectiveTokens(
  tenant: Tenant<"read" | "write">,
  tokens: readonly Token[],
): Promise<readonly Token[]> {
  const userIds = new Set(tokens.flatMap(({ userId }) => userId ?? []));
  if (userIds.size === 0) return tokens;
  const where: Condition = { op: "in", path: "id", values: [...userIds] };
  const { items } = await tenant.open(users).list({ where, limit: userIds.size });
  const usersById = new Map(items.map((user) => [user.id, user]));
  return tokens.flatMap((token) => {
    if (token.userId === undefined) return [token];
    const user = usersById.get(token.userId);
    if (!user) return [];
    return [
      token.revokedAt === undefined && isOutdated(token, user) ? { ...token, revokedAt: toEndTime(user) } : token,
    ];
  });
}

/** Returns the time at which the earlier generations of a user's tokens ended (ISO 8601). */
export const toEndTime = ({ tokensEndedAt, updatedAt }: User): string => tokensEndedAt ?? updatedAt;

/** The condition for the tokens of earlier generations of a user. */
export function outdatedTokensOf({ id, tokenGeneration = 0 }: User): Condition {
  return {
    op: "and",
    all: [
      { op: "eq", path: "userId", value: id },
      {
        op: "or",
        all: [
          { op: "not", condition: { op: "present", path: "userGeneration" } },
          { op: "lt", path: "userGeneration", value: tokenGeneration },
        ],
      },
    ],
  };
}
