import type { Page, Query } from "../query.ts";
import type { MembershipEdge, SnapshotTenant } from "../store.ts";

/** A query whose pages are read one after another in id order. */
export type PagedQuery = Pick<Query, "where" | "after" | "limit" | "sizeLimit">;

/** Lists records page by page; every `Reader` of the store is one. */
export interface PageReader<T> {
  list(query: PagedQuery): Promise<Page<T>>;
}

/**
 * Reads all matches of a query, page by page, in id order. Each page is read when the consumer requests it, so a
 * consumer may stop early, or remove the records of a page before it requests the next one.
 * @param query `limit` is the size of a page in records; `after` is the position to start from
 * @returns the pages, none of them empty
 * @throws AppError query-too-expensive
 */
export async function* pages<T extends { readonly id: string }>(
  reader: PageReader<T>,
  query: PagedQuery,
): AsyncGenerator<readonly T[]> {
  for (let position = query.after; ; ) {
    const { items, isCut } = await reader.list({ ...query, ...(position && { after: position }) });
    const last = items.at(-1);
    if (!last) return;
    yield items;
    if (items.length < query.limit && !isCut) return;
    position = { id: last.id };
  }
}

/**
 * Reads a list of ids page by page in id order, as `pages` reads records.
 * @param readPage returns at most `limit` ids greater than `after`
 * @param limit size of a page in ids
 * @returns the pages, none of them empty; a page shorter than `limit` is the last
 */
export async function* idPages(
  readPage: (page: { readonly after: string; readonly limit: number }) => Promise<readonly string[]>,
  limit: number,
): AsyncGenerator<readonly string[]> {
  for (let after = ""; ; ) {
    const ids = await readPage({ after, limit });
    const last = ids.at(-1);
    if (last === undefined) return;
    yield ids;
    if (ids.length < limit) return;
    after = last;
  }
}

/**
 * Splits a list into chunks of at most `size` items. Items that are appended during the iteration are included, so a
 * breadth-first search can use its queue as the list.
 */
export function* chunks<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let from = 0; from < items.length; ) {
    const chunk = items.slice(from, from + size);
    from += chunk.length;
    yield chunk;
  }
}

/**
 * Reads all memberships of an organization in a snapshot, page by page, in order of the groups and their members.
 * @param limit the size of a page in memberships
 */
export async function* edgePages(
  tenant: Pick<SnapshotTenant, "edges">,
  limit: number,
): AsyncGenerator<readonly MembershipEdge[]> {
  for (let after: MembershipEdge | undefined; ; ) {
    const edges = await tenant.edges({ limit, ...(after && { after }) });
    yield edges;
    after = edges.at(-1);
    if (!after || edges.length < limit) return;
  }
}
