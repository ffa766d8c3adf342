import type { Token, TokenType } from "../../../schemas/token.ts";
import type { Condition } from "../../store/collection.ts";
import type { TokenStatus } from "./status.ts";

/** What a list of tokens is asked by; all that is given must hold. */
export interface TokenFilter {
  readonly status?: TokenStatus | undefined;
  readonly type?: TokenType | undefined;
  readonly userId?: string | undefined;
  /** How they came to be. Exchanges and OAuth clients make many that nobody manages. */
  readonly origin?: Token["origin"] | undefined;
  /** Those that end before this moment, and have not ended. */
  readonly expiresBefore?: Date | undefined;
  /** Those that nobody has used since this moment. */
  readonly unusedSince?: Date | undefined;
}

/** @returns undefined when everything is asked for */
export function conditionOf(filter: TokenFilter, now = new Date().toISOString()): Condition | undefined {
  const { status, expiresBefore, unusedSince, ...exact } = filter;
  const all: Condition[] = [
    ...Object.entries(exact).flatMap(([path, value]): Condition[] =>
      value === undefined ? [] : [{ op: "eq", path, value }],
    ),
    ...(status ? statuses[status](now) : []),
    ...(expiresBefore
      ? [
          { op: "gt", path: "expiresAt", value: now } as const,
          { op: "lt", path: "expiresAt", value: expiresBefore.toISOString() } as const,
        ]
      : []),
    ...(unusedSince ? [not({ op: "ge", path: "lastUsed", value: unusedSince.toISOString() })] : []),
  ];
  return all.length > 0 ? { op: "and", all } : undefined;
}

const not = (condition: Condition): Condition => ({ op: "not", condition });
const revoked: Condition = { op: "present", path: "revokedAt" };
const expired = (now: string): Condition => ({ op: "le", path: "expiresAt", value: now });
const enabled = (value: boolean): Condition => ({ op: "eq", path: "enabled", value });

/** As `statusOf` decides about one record. */
const statuses: Readonly<Record<TokenStatus, (now: string) => readonly Condition[]>> = {
  revoked: () => [revoked],
  expired: (now) => [not(revoked), expired(now)],
  disabled: (now) => [not(revoked), not(expired(now)), enabled(false)],
  active: (now) => [not(revoked), not(expired(now)), enabled(true)],
};
