import { isLong, waitForOwnTick } from "../../own-tick.ts";
import type { Condition, Position, Query, SizeLimit } from "../query.ts";
import { fromNearerEnd } from "./nearer-end.ts";

/** Rows that one read returned. */
export interface PageRead<R> {
  readonly rows: readonly R[];
  /** The number of all matches, if this read established it together with the rows. */
  readonly total?: number;
  /** Whether the rows end at the size limit of the query although there are more matches. */
  readonly isCut?: boolean;
  /** Where the next page begins, if the query requests it and the page is full. */
  readonly end?: Position;
}

/** What `listPage` needs from a storage engine: the records of one collection of one organization. */
export interface PageSource<R> {
  /** Reads the rows of a query in their order. The engine may leave out the total, even if the query requests it. */
  read(query: Query): Promise<PageRead<R>>;
  /** Counts the matches; without a condition, all records. */
  count(where?: Condition): Promise<number>;
  /** Returns the row's position in the order of the query; undefined if its sort value cannot be compared later. */
  toPosition(row: R): Position | undefined;
  /** Returns the number of characters of the names and strings in a row. */
  measure(row: R): number;
  /** Smallest offset, in records, at which skipping costs more than counting first to find the nearer end. */
  readonly farOffsetMin: number;
  /**
   * Returns how many of the next records to read, so that they have about this many characters at most: one or more.
   * Present where reading holds the event loop, because records may be far longer than those before them.
   */
  readonly fitBatch?: ((query: Query, lengthMax: number) => number) | undefined;
}

/**
 * Reads one page of a list. A query with a size limit is read in batches; see `readInBatches`.
 * @returns the rows in the order of the query, and the exact number of matches if the query requests it
 */
export async function listPage<R>(query: Query, source: PageSource<R>): Promise<PageRead<R>> {
  const { sizeLimit, limit } = query;
  const isMeasured = sizeLimit && limit > sizeLimit.firstBatch;
  const page = await (isMeasured ? readInBatches(query, sizeLimit, source) : readPage(query, source));
  const lastRow = page.rows.at(-1);
  if (!query.end || lastRow === undefined || (page.rows.length < limit && !page.isCut)) return page;
  const end = source.toPosition(lastRow);
  return end ? { ...page, end } : page;
}

/**
 * Reads one page. If the list has no condition, so that its length is known without a scan, it is read from the nearer
 * end; otherwise, the records before the offset are skipped.
 *
 * A page read from the far end is correct only for the number of records that its offset was computed from. That number
 * is counted before and after the read; if it changed, the page is read again from the beginning.
 */
async function readPage<R>(query: Query, source: PageSource<R>): Promise<PageRead<R>> {
  const { where, after, offset = 0 } = query;
  const isFar = !where && !after && offset >= source.farOffsetMin;
  const totalBefore = isFar ? await source.count() : undefined;
  const { query: effectiveQuery, isReversed } = fromNearerEnd(query, totalBefore);
  let { rows, total = totalBefore } = await source.read(effectiveQuery);
  if (isReversed) {
    const totalAfter = await source.count();
    if (totalAfter === totalBefore) [rows, total] = [rows.toReversed(), totalAfter];
    else ({ rows, total = totalAfter } = await source.read(query));
  }
  if (query.total) total ??= await source.count(where);
  return query.total && total !== undefined ? { rows, total } : { rows };
}

/**
 * Reads a page in batches, whose length follows from the average size of the records before, so that records beyond the
 * size limit never fill the memory. Other requests run between two batches.
 */
async function readInBatches<R>(
  query: Query,
  { lengthMax, firstBatch }: SizeLimit,
  source: PageSource<R>,
): Promise<PageRead<R>> {
  const { limit } = query;
  const { fitBatch } = source;
  let batchLimit = firstBatch;
  let batch = await readPage({ ...query, limit: batchLimit }, source);
  const { total } = batch;
  const rows: R[] = [];
  let length = 0;
  let isCut = false;
  for (;;) {
    for (const row of batch.rows) {
      length += source.measure(row);
      isCut = length > lengthMax && rows.length > 0;
      if (isCut) break;
      rows.push(row);
    }
    if (isCut || batch.rows.length < batchLimit || rows.length === limit) break;
    if (isLong(length)) await waitForOwnTick();
    const averageLength = Math.max(1, length / rows.length);
    const batchLengthMax = Math.min(lengthMax - length, singleBatchLengthMax);
    batchLimit = Math.min(limit - rows.length, Math.max(1, Math.floor(batchLengthMax / averageLength)));
    let batchQuery = toNextBatch(query, batchLimit, rows, source);
    if (fitBatch && batchLimit > 1) {
      batchLimit = fitBatch(batchQuery, singleBatchLengthMax);
      batchQuery = { ...batchQuery, limit: batchLimit };
    }
    batch = await readPage(batchQuery, source);
  }
  return { rows, ...(isCut && { isCut }), ...(total !== undefined && { total }) };
}

/** Characters in one batch after the first. Reading and parsing them takes some milliseconds. */
const singleBatchLengthMax = 1024 * 1024;

/** Returns the query of the records that follow those already read. */
function toNextBatch<R>(query: Query, limit: number, rows: readonly R[], { toPosition }: PageSource<R>): Query {
  const { offset = 0, after, where, sort } = query;
  const lastRow = rows.at(-1);
  const position = lastRow === undefined ? undefined : toPosition(lastRow);
  return {
    ...(where && { where }),
    ...(sort && { sort }),
    ...(position ? { after: position } : { offset: offset + rows.length, ...(after && { after }) }),
    limit,
  };
}
