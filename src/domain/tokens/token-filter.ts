import type { Token, TokenType } from "../../../schemas/token.ts";
import { tokenLabelsPath } from "../../store/collections.ts";
import { hasLabels } from "../../store/label-terms.ts";
import type { Condition } from "../../store/query.ts";
import type { TokenStatus } from "./status.ts";

/** The filters of a token list. A token must match all of them. */
export interface TokenFilter {
  readonly status?: TokenStatus | undefined;
  readonly type?: TokenType | undefined;
  readonly userId?: string | undefined;
  /** Labels that the token must have, each as `key` or `key:value`. */
  readonly label?: readonly string[] | undefined;
  /** How the tokens were created. Exchanges and OAuth clients create many short-lived tokens that need no management. */
  readonly origin?: Token["origin"] | undefined;
  /** Only tokens that expire before this time and have not expired yet. */
  readonly expiresBefore?: Date | undefined;
  /** Only tokens without a use since this time. */
  readonly unusedSince?: Date | undefined;
}

/**
 * Converts the filters to a store condition.
 * @param options.now an ISO 8601 time in UTC
 * @param options.outdated matches tokens that are revoked although their records do not show it yet
 * @returns undefined if there is no filter
 */
export function toTokenCondition(
  filter: TokenFilter,
  {
    now = new Date().toISOString(),
    outdated,
  }: { readonly now?: string; readonly outdated?: Condition | undefined } = {},
): Condition | undefined {
  const { status, label, expiresBefore, unusedSince, ...equalityFilters } = filter;
  const conditions: Condition[] = [
    ...Object.entries(equalityFilters).flatMap(([path, value]): Condition[] =>
      value === undefined ? [] : [{ op: "eq", path, value }],
    ),
    ...(label ? [hasLabels(tokenLabelsPath, label)] : []),
    ...(status ? conditionsByStatus[status](isRevoked(outdated), now) : []),
    ...(expiresBefore
      ? [
          { op: "gt", path: "expiresAt", value: now } as const,
          { op: "lt", path: "expiresAt", value: expiresBefore.toISOString() } as const,
        ]
      : []),
    ...(unusedSince ? [not({ op: "ge", path: "lastUsed", value: unusedSince.toISOString() })] : []),
  ];
  return conditions.length > 0 ? { op: "and", all: conditions } : undefined;
}

const not = (condition: Condition): Condition => ({ op: "not", condition });
const isMarkedRevoked: Condition = { op: "present", path: "revokedAt" };
const isRevoked = (outdated: Condition | undefined): Condition =>
  outdated ? { op: "or", all: [isMarkedRevoked, outdated] } : isMarkedRevoked;
/** Times beyond the year 9999 begin with a plus sign, which sorts before the digits. Older releases stored such times. */
const isExpired = (now: string): Condition => ({
  op: "and",
  all: [
    { op: "ge", path: "expiresAt", value: "0" },
    { op: "le", path: "expiresAt", value: now },
  ],
});
const isEnabled = (value: boolean): Condition => ({ op: "eq", path: "enabled", value });

/** The same rules as `toTokenStatus`, as conditions. */
const conditionsByStatus: Readonly<Record<TokenStatus, (revoked: Condition, now: string) => readonly Condition[]>> = {
  revoked: (revoked) => [revoked],
  expired: (revoked, now) => [not(revoked), isExpired(now)],
  disabled: (revoked, now) => [not(revoked), not(isExpired(now)), isEnabled(false)],
  active: (revoked, now) => [not(revoked), not(isExpired(now)), isEnabled(true)],
};
