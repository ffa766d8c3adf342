import type { Position, Query, Reader, Scalar } from "./collection.ts";
import { documentPath } from "./mongo-document.ts";
import type { Fields } from "./mongo-driver.ts";
import { offsetWithDocumentsMax } from "./mongo-page.ts";
import { fromNearerEnd, sizeShown } from "./page-ends.ts";
import type { Book } from "./page-marks.ts";

/** Passing over fewer records than this costs less than counting them all first. */
const farMin = 200;

/**
 * One page of a collection, by the shortest way to it: on from the page before, where that is known; from the end of
 * the list that is nearer; else by passing over what comes before it. Other replicas write unseen: what was found out
 * before is used only while the number of matches is the same.
 * @param book where pages ended; absent inside a transaction
 * @returns its documents, and the number of all matches where the query asks for it
 */
export async function listPage(
  query: Query,
  { read, count, book }: { read(query: Query): Promise<Fields[]>; count: Reader<never>["count"]; book?: Book },
): Promise<{ readonly found: readonly Fields[]; readonly total?: number }> {
  const { where, sort, after, offset = 0, limit } = query;
  const mark = query.total ? book?.find(query) : undefined;
  const isFar = !after && !where && offset >= farMin;
  let total = mark || isFar ? await count(where) : undefined;
  const near =
    mark && mark.total === total
      ? { query: { ...query, offset: 0, after: mark.position }, isReversed: false }
      : fromNearerEnd(query, where ? undefined : total);
  let found = await read(near.query);
  if (near.isReversed) {
    // Seen from the other end it is another page once records have come or gone.
    const before = total;
    total = await count();
    found = total === before ? found.toReversed() : await read(query);
  }
  // Documents that are fetched in a second step may have gone meanwhile.
  const shown = offset <= offsetWithDocumentsMax ? sizeShown(query, found.length) : undefined;
  if (query.total) total ??= shown ?? (await count(where));
  const last = found.at(-1);
  if (book && last && !after && found.length === limit) {
    const end = positionOf(last, sort?.path);
    if (end) book.keep(query, end, total);
  }
  return total === undefined ? { found } : { found, total };
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
