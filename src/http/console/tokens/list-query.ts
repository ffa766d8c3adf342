import type { Request } from "express";
import { z } from "zod";
import { token, tokenResponse, tokenType } from "../../../../schemas/token.ts";
import type { TokenFilter } from "../../../domain/tokens/token-filter.ts";
import type { Position } from "../../../store/query.ts";
import { createQueryParser } from "../../api/kernel/validation.ts";
import { decodeCursor, encodeCursor } from "../../server/cursor.ts";
import { expiringMs, unusedMs } from "./warnings.ts";

const attention = z.enum(["expiring", "unused"]);
const schema = z.object({
  status: tokenResponse.shape.status.optional(),
  type: tokenType.optional(),
  origin: token.shape.origin.optional(),
  attention: attention.optional(),
  userId: z.string().max(100).optional(),
  cursor: z.string().max(8192).optional(),
});
/** The filters and the position of the list of tokens, as its URL has them. */
export type TokenListQuery = z.output<typeof schema>;

const parse = createQueryParser(schema);

/** Reads the query of the list. A select without a choice sends an empty value. @throws AppError invalid-value */
export function readTokenListQuery({ query }: Request): TokenListQuery {
  return parse(Object.fromEntries(Object.entries(query).filter(([, value]) => value !== "")));
}

/** Returns the filter for a query. Without a status, only active tokens need attention. @param now in milliseconds */
export function toTokenFilter(query: TokenListQuery, now = Date.now()): TokenFilter {
  const { type, userId, origin = "issued", attention: need, status = need && "active" } = query;
  return {
    ...{ type, userId, origin, status },
    ...(need === "expiring" && { expiresBefore: new Date(now + expiringMs) }),
    ...(need === "unused" && { unusedSince: new Date(now - unusedMs) }),
  };
}

/** Returns the position of the page. @throws AppError invalid-cursor; expired-cursor */
export function toPosition(organizationId: string, query: TokenListQuery): Position | undefined {
  const { cursor, ...filters } = query;
  return cursor === undefined ? undefined : decodeCursor(cursor, toListKey(organizationId, filters));
}

/** Returns the query string of the page after this one. @param lastId the id of the last token of this page */
export function toNextQuery(organizationId: string, query: TokenListQuery, lastId: string): string {
  const { cursor: _, ...filters } = query;
  const cursor = encodeCursor({ id: lastId }, toListKey(organizationId, filters));
  return new URLSearchParams({ ...withoutUndefined(filters), cursor }).toString();
}

/** Returns the query string of the first page with these filters. */
export const toFirstQuery = ({ cursor: _, ...filters }: TokenListQuery): string =>
  new URLSearchParams(withoutUndefined(filters)).toString();

const toListKey = (organizationId: string, filters: object): readonly unknown[] => [
  organizationId,
  "/console/tokens",
  ...Object.entries(filters).sort().flat(),
];

const withoutUndefined = (filters: Readonly<Record<string, string | undefined>>): Record<string, string> =>
  Object.fromEntries(Object.entries(filters).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
