import type { Log } from "../../../log.ts";
import { waitForOwnTick } from "../../../own-tick.ts";
import { complementOf } from "../../condition.ts";
import { listPage } from "../../paging/list-page.ts";
import { mapInSteps } from "../../paging/map-in-steps.ts";
import type { Condition, Page, Position, Query } from "../../query.ts";
import type { Entity, RawRecord } from "../../record.ts";
import type { CollectionDefinition } from "../../store.ts";
import type { SqliteConnection, SqlValue } from "../driver.ts";
import type { ReaderPool } from "../readers/reader-pool.ts";
import type { RowReader } from "../record.ts";
import { hasTooManyEntries } from "./execution-mode.ts";
import {
  countAll,
  measureRecords,
  type PagePlan,
  type PageRows,
  planCount,
  planPage,
  readIndexedPage,
  type SqlPageRequest,
} from "./page.ts";

/** One collection of one organization, and the connections to read it through. */
export interface SqliteReadContext<T extends Entity> {
  readonly connection: () => SqliteConnection;
  /** The reader threads; absent inside a transaction, because they do not see its changes. */
  readonly readerPool?: () => ReaderPool;
  readonly definition: CollectionDefinition<Entity>;
  readonly organizationId: string;
  readonly log?: Log | undefined;
  /** Reads the rows of a page; default: one row at a time. */
  readonly read?: RowReader;
  /** Whether the content of records is not needed. */
  readonly readsEnvelopes?: boolean;
  /** Converts a stored record to the form that the caller receives. */
  readonly decode: (record: RawRecord) => T;
}

/** The kept count is one indexed row, so the nearer end is worth finding for every page but the first. */
const farOffsetMin = 1;

/**
 * More records than this are read in a tick of their own. A hundred records can have six million characters, which take
 * more than ten milliseconds, and requests that arrive together would read all of their pages in one tick.
 */
const ownTickRecordsMin = 20;

/** Returns how many of the records of a query have so many bytes at most: one or more. */
function fitRecords<T extends Entity>(
  { connection, definition, organizationId }: SqliteReadContext<T>,
  query: Query,
  bytesMax: number,
): number {
  let { limit } = query;
  while (limit > 1) {
    const { request } = planPage({ ...query, limit }, definition, organizationId);
    const bytes = measureRecords(connection(), request);
    if (bytes <= bytesMax) break;
    limit = Math.max(1, Math.floor((limit * bytesMax) / bytes));
  }
  return limit;
}

/**
 * Reads one page of a collection by the cheapest path; see `listPage`. The end of a full scan is not returned, because
 * the next one would read all matches anyway.
 */
export async function listRecords<T extends Entity>(context: SqliteReadContext<T>, query: Query): Promise<Page<T>> {
  const { connection, definition, organizationId, decode } = context;
  const planOf = (each: Query): PagePlan => settleMode(context, planPage(each, definition, organizationId));
  const plan = planOf(query);
  const isFullScan = plan.mode === "full-scan";
  // If an index counts the complement, `countMatches` is faster than counting in the scan.
  const isCountedApart = query.total && isFullScan && query.where && findCountableComplement(context, query.where);
  const initialPlan = isCountedApart ? planOf({ ...query, total: false }) : plan;
  const listedQuery = isFullScan && query.end ? { ...query, end: false } : query;
  const { rows, ...rest } = await listPage<RawRecord>(listedQuery, {
    read: async (effectiveQuery) => {
      if (plan.mode === "inline" && effectiveQuery.limit > ownTickRecordsMin) await waitForOwnTick();
      return executeQuery(context, "page", effectiveQuery === listedQuery ? initialPlan : planOf(effectiveQuery));
    },
    count: (where) => countMatches(context, where),
    toPosition: ({ id }) => readPosition(connection(), plan.request, id),
    measure: ({ json }) => json.length,
    farOffsetMin,
    fitBatch:
      plan.mode === "inline" ? (batchQuery, lengthMax) => fitRecords(context, batchQuery, lengthMax) : undefined,
  });
  return { items: await mapInSteps(rows, ({ json }) => json.length, decode), ...rest };
}

/** Counts the matches; without a condition, all records. */
export async function countMatches<T extends Entity>(
  context: SqliteReadContext<T>,
  where?: Condition,
): Promise<number> {
  const complement = where && findCountableComplement(context, where);
  if (complement) return (await countMatches(context)) - (await countMatches(context, complement));
  const plan = settleMode(context, planCount(where, context.definition, context.organizationId));
  return (await executeQuery(context, "count", plan)).total ?? 0;
}

/** Returns the complement of a condition if an index counts it. The matches are all records minus the complement. */
function findCountableComplement<T extends Entity>(
  { definition, organizationId }: SqliteReadContext<T>,
  where: Condition,
) {
  const complement = complementOf(where);
  return complement && planCount(complement, definition, organizationId).mode !== "full-scan" ? complement : undefined;
}

/** Sends a query by keys to a reader thread if too many records share them. A transaction reads everything inline. */
function settleMode<T extends Entity>({ connection, readerPool }: SqliteReadContext<T>, plan: PagePlan): PagePlan {
  if (!plan.probe || !readerPool || !hasTooManyEntries(connection(), plan.probe)) return plan;
  return { ...plan, mode: "indexed" };
}

/** @throws Error for a full scan inside a transaction */
async function executeQuery<T extends Entity>(
  { connection, readerPool, read, readsEnvelopes, definition, organizationId, log }: SqliteReadContext<T>,
  kind: "page" | "count",
  plan: PagePlan,
): Promise<PageRows> {
  const { mode } = plan;
  const request: SqlPageRequest = readsEnvelopes ? { ...plan.request, envelopesOnly: true } : plan.request;
  if (mode === "full-scan") log?.debug("store scan started", { collection: definition.name, organizationId, kind });
  if (mode !== "inline" && readerPool) return readerPool().run(request, { kind, mode });
  if (mode === "full-scan") throw new Error("a query inside a transaction must be served by an index");
  return kind === "page"
    ? readIndexedPage(connection(), request, read)
    : { rows: [], total: countAll(connection(), request) };
}

/** Returns a record's position in the order of a request; undefined if the record is gone or its sort value is not exact. */
function readPosition(
  connection: SqliteConnection,
  { sort, table, organizationId }: SqlPageRequest,
  id: string,
): Position | undefined {
  if (sort === undefined) return { id };
  // An integer beyond the safe range would be rounded as a JavaScript number.
  const isExact = `(typeof(${sort}) <> 'integer' OR abs(${sort}) <= ${Number.MAX_SAFE_INTEGER})`;
  const sql = `SELECT ${sort} AS value FROM ${table} WHERE organization_id = ? AND id = ? AND ${isExact}`;
  const row = connection.get(sql, [organizationId, id]);
  return row && { id, value: row["value"] as SqlValue };
}
