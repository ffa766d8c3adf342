import type { Query } from "../query.ts";

/**
 * Rewrites a query so that its page is read from the nearer end of the list. The last page of a million records is the
 * first page of the reversed list.
 * @param total the number of all records in the list; absent if it is not known
 * @returns the query to run, and whether its rows come in reverse order
 */
export function fromNearerEnd(
  query: Query,
  total: number | undefined,
): { readonly query: Query; readonly isReversed: boolean } {
  const { offset = 0, sort } = query;
  if (total === undefined || query.after || offset <= total / 2) return { query, isReversed: false };
  const limit = Math.max(0, Math.min(query.limit, total - offset));
  const direction = sort?.direction === "descending" ? "ascending" : "descending";
  return {
    query: {
      ...query,
      sort: { path: sort?.path ?? "id", direction },
      offset: Math.max(0, total - offset - limit),
      limit,
    },
    isReversed: true,
  };
}

/** Returns the number of all matches if a page that is not full reveals it; otherwise undefined. */
export function inferTotal(
  { after, offset = 0, limit }: Pick<Query, "after" | "offset" | "limit">,
  rowCount: number,
): number | undefined {
  return !after && rowCount < limit && (rowCount > 0 || offset === 0) ? offset + rowCount : undefined;
}
