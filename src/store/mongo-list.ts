import type { Position, Query, Reader, Scalar } from "./collection.ts";
import { documentPath } from "./mongo-document.ts";
import type { Fields } from "./mongo-driver.ts";
import { fromNearerEnd } from "./page-ends.ts";
import type { Book } from "./page-marks.ts";

/** Passing over fewer records than this costs less than counting them all first. */
const farMin = 200;

/**
 * One page of a collection, by the shortest way to it: on from the page before, where that is known; from the end of
 * the list that is nearer; else by passing over what comes before it.
 * @param book where pages ended; absent inside a transaction
 * @returns its documents, and the number of all matches where it was found out on the way
 */
export async function listPage(
  query: Query,
  { read, count, book }: { read(query: Query): Promise<Fields[]>; count: Reader<never>["count"]; book?: Book },
): Promise<{ readonly found: readonly Fields[]; readonly total?: number }> {
  const { where, sort, after, offset = 0, limit } = query;
  const mark = book?.find(query);
  const isFar = !mark && !after && !where && offset >= farMin;
  const total = isFar ? await count() : undefined;
  const near = total === undefined ? { query, isReversed: false } : fromNearerEnd(query, total);
  const documents = await read(mark ? { ...query, offset: 0, after: mark } : near.query);
  const found = near.isReversed ? documents.toReversed() : documents;
  const last = found.at(-1);
  if (book && last && !after && found.length === limit) {
    const end = positionOf(last, sort?.path);
    if (end) book.keep(query, end);
  }
  if (total !== undefined) return { found, total };
  // A page that is not full has shown how many there are.
  const isLast = !after && found.length < limit && (found.length > 0 || offset === 0);
  return isLast ? { found, total: offset + found.length } : { found };
}

/** A document's place in the order of a path; undefined where the path holds no single value. */
function positionOf(document: Fields, path: string | undefined): Position | undefined {
  const id = String(document["id"]);
  if (path === undefined || path === "id") return { id };
  let value: unknown = document;
  for (const part of documentPath(path).split(".")) value = (value as Fields | null | undefined)?.[part];
  if (value === undefined || value === null) return { id, value: null };
  return typeof value === "object" ? undefined : { id, value: value as Scalar };
}
