import type { CollectionDefinition, Condition, Entity, Page, Position, Query, RecordText } from "./collection.ts";
import { complementOf } from "./condition.ts";
import { fromNearerEnd } from "./page-ends.ts";
import type { Book } from "./page-marks.ts";
import type { Connection, SqlValue } from "./sqlite-driver.ts";
import { countAll, type PageRequest, type PageRows, planCount, planPage, readPage, type Way } from "./sqlite-page.ts";
import type { ScanReader } from "./sqlite-reader.ts";
import type { ReadRows } from "./sqlite-record.ts";

/** What is read, and through what. */
export interface Reading<T extends Entity> {
  readonly connection: () => Connection;
  /** The scan thread; absent inside a transaction, of which it sees nothing. */
  readonly scans?: () => ScanReader;
  readonly definition: CollectionDefinition<Entity>;
  readonly organizationId: string;
  /** How the rows of a page are read. */
  readonly read?: ReadRows;
  /** What is made of a record that was read. */
  readonly made: (text: RecordText) => T;
}

/**
 * One page of a collection, by the shortest way to it: on from the page before, where that is known; from the end of
 * the list that is nearer; else by passing over what comes before it.
 * @param book where pages ended; absent inside a transaction, which sees what nobody else does
 */
export async function listPage<T extends Entity>(reading: Reading<T>, query: Query, book?: Book): Promise<Page<T>> {
  const { connection, definition, organizationId, made } = reading;
  const planned = planPage(query, definition, organizationId);
  if (query.total && planned.way === "scan" && query.where && countsByRest(reading, query.where)) {
    const { items } = await listPage(reading, { ...query, total: false }, book);
    return { items, total: await countMatches(reading, query.where) };
  }
  const mark = planned.way === "scan" ? undefined : book?.find(query);
  const near = mark
    ? { query: { ...query, offset: 0, after: mark.position }, isReversed: false }
    : await shorter(reading, query);
  const plan = near.query === query ? planned : planPage(near.query, definition, organizationId);
  let { rows, total } = await answer(reading, "page", plan);
  if (near.isReversed) {
    // Seen from the other end it is another page once records have come or gone.
    if ((await countMatches(reading)) === near.total) rows = rows.toReversed();
    else ({ rows, total } = await answer(reading, "page", planned));
  }
  const items = rows.map(made);
  const last = items.at(-1);
  if (book && last && plan.way !== "scan" && !query.after && items.length === query.limit) {
    const end = positionOf(connection(), plan.request, last.id);
    if (end) book.keep(query, end);
  }
  return total === undefined ? { items } : { items, total };
}

/** The number of matches. */
export async function countMatches<T extends Entity>(reading: Reading<T>, where?: Condition): Promise<number> {
  const rest = where && countsByRest(reading, where);
  if (rest) return (await countMatches(reading)) - (await countMatches(reading, rest));
  const plan = planCount(where, reading.definition, reading.organizationId);
  return (await answer(reading, "count", plan)).total ?? 0;
}

/** What to take from the number of all records, where an index counts that and not the condition itself. */
function countsByRest<T extends Entity>({ definition, organizationId }: Reading<T>, where: Condition) {
  const rest = complementOf(where);
  return rest && planCount(rest, definition, organizationId).way !== "scan" ? rest : undefined;
}

/** @throws Error for a scan inside a transaction */
async function answer<T extends Entity>(
  { connection, scans, read }: Reading<T>,
  asks: "page" | "count",
  { request, way }: { readonly request: PageRequest; readonly way: Way },
): Promise<PageRows> {
  if (way !== "at-once" && scans) return scans().ask(request, { asks, way });
  if (way === "scan") throw new Error("inside a transaction only what an index answers may be asked");
  return asks === "page" ? readPage(connection(), request, read) : { rows: [], total: countAll(connection(), request) };
}

/** Only of a list without a condition it is known, without counting, how long it is. */
async function shorter<T extends Entity>(
  reading: Reading<T>,
  query: Query,
): Promise<ReturnType<typeof fromNearerEnd> & { readonly total?: number }> {
  if (query.where || !query.offset) return { query, isReversed: false };
  const total = await countMatches(reading);
  return { ...fromNearerEnd(query, total), total };
}

/** A record's place in the order of a request; undefined when the record has gone, or its place cannot be told. */
function positionOf(
  connection: Connection,
  { sort, table, organizationId }: PageRequest,
  id: string,
): Position | undefined {
  if (sort === undefined) return { id };
  // A whole number that is too large for a JavaScript number could not be handed over.
  const isExact = `(typeof(${sort}) <> 'integer' OR abs(${sort}) <= ${Number.MAX_SAFE_INTEGER})`;
  const sql = `SELECT ${sort} AS value FROM ${table} WHERE organization_id = ? AND id = ? AND ${isExact}`;
  const row = connection.get(sql, [organizationId, id]);
  return row && { id, value: row["value"] as SqlValue };
}
