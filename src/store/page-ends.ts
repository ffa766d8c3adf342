import type { Query } from "./collection.ts";

/**
 * The same page, reached from the end of the list that is nearer: the last page of a million is the first of the list
 * turned round.
 * @param total the number of all records that the query lists; absent when it is not known
 * @returns the query to ask, and whether its answer is in reverse
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

/** How many matches there are, where a page that is not full has shown it. */
export function sizeShown(
  { after, offset = 0, limit }: Pick<Query, "after" | "offset" | "limit">,
  found: number,
): number | undefined {
  return !after && found < limit && (found > 0 || offset === 0) ? offset + found : undefined;
}
