import type { Request } from "express";
import { z } from "zod";
import { token, tokenResponse, tokenType } from "../../../../schemas/token.ts";
import type { TokenFilter } from "../../../domain/tokens/token-filter.ts";
import { createQueryParser } from "../../api/kernel/validation.ts";
import { tokenSearchParameters } from "../../api/resources/token-search.ts";
import { withoutEmpty } from "../paging.tsx";
import { expiringMs, unusedMs } from "./warnings.ts";

const attention = z.enum(["expiring", "unused"]);
const schema = z.object({
  status: tokenResponse.shape.status.optional(),
  type: tokenType.optional(),
  origin: token.shape.origin.optional(),
  attention: attention.optional(),
  userId: z.string().max(100).optional(),
  label: z.string().max(400).optional(),
  ...tokenSearchParameters,
  cursor: z.string().max(8192).optional(),
});
/** The filters and the position of the list of tokens, as its URL has them. */
export type TokenListQuery = z.output<typeof schema>;

const parse = createQueryParser(schema);

/** Reads the query of the list. @throws AppError invalid-value */
export function readTokenListQuery({ query }: Request): TokenListQuery {
  const { prefix } = query;
  // The form in which a list shows a token ends with stars.
  const shown = typeof prefix === "string" ? { prefix: prefix.trim().replace(/\*+$/, "") } : {};
  return parse(withoutEmpty({ ...query, ...shown }));
}

/** Returns the filter for a query. Without a status, only active tokens need attention. @param now in milliseconds */
export function toTokenFilter(query: TokenListQuery, now = Date.now()): TokenFilter {
  const { type, userId, label, name, prefix, origin = "issued", attention: need, status = need && "active" } = query;
  return {
    ...(label !== undefined && { label: [label] }),
    ...{ type, userId, name, prefix, origin, status },
    ...(need === "expiring" && { expiresBefore: new Date(now + expiringMs) }),
    ...(need === "unused" && { unusedSince: new Date(now - unusedMs) }),
  };
}
