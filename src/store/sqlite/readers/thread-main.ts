import { parentPort, workerData } from "node:worker_threads";
import { isSqliteError, SqliteConnection, sqliteErrorCode } from "../driver.ts";
import { countAll, matchAllSql, type PageRows, readIndexedPage, type SqlPageRequest } from "../query/page.ts";
import { scanPage } from "../query/scan.ts";
import { TimeLimit } from "./time-limit.ts";

/** The data that the thread is started with. */
export interface ReaderThreadData {
  readonly path: string;
  /** The time limit of one query. */
  readonly timeoutMs: number;
  /** A shared 32-bit flag; any value except 0 means stop. */
  readonly stop: SharedArrayBuffer;
}

export interface ReadJob {
  readonly request: SqlPageRequest;
  readonly kind: "page" | "count";
  /** Whether an index narrows the records, or all are read. */
  readonly mode: "indexed" | "full-scan";
}

export type ReadJobResult = { readonly page: PageRows } | ReadJobFailure;

export type ReadJobFailure =
  | { readonly failed: "too-expensive" }
  | { readonly failed: "stopped" }
  | { readonly failed: "database"; readonly message: string; readonly code?: number };

/**
 * The reader thread: runs queries that would block the event loop, on a separate connection. It receives one query at a
 * time and ends each that exceeds the time limit.
 */
if (parentPort) {
  const { path, timeoutMs, stop } = workerData as ReaderThreadData;
  const connection = new SqliteConnection(path, { readOnly: true });
  connection.exec("PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=0");
  const timeLimit = new TimeLimit(connection, new Int32Array(stop));
  parentPort.on("message", (job: ReadJob) => {
    parentPort?.postMessage(handleJob(job) satisfies ReadJobResult);
  });

  function handleJob(job: ReadJob): ReadJobResult {
    try {
      return timeLimit.run(timeoutMs, () => inSnapshot(connection, () => ({ page: readPageOrCount(connection, job) })));
    } catch (error) {
      const code = sqliteErrorCode(error);
      const message = isSqliteError(error) ? error.message : String(error);
      return { failed: "database", message, ...(code !== undefined && { code }) };
    }
  }
}

function readPageOrCount(connection: SqliteConnection, { request, kind, mode }: ReadJob): PageRows {
  // The number of all records is stored, and skipping entries of an index reads no records.
  const isIndexWalk = mode === "indexed" && request.where.text === matchAllSql.text;
  const limited = isIndexWalk ? request : TimeLimit.applyTo(request);
  if (kind === "count") return { rows: [], total: countAll(connection, limited) };
  return (mode === "full-scan" ? scanPage : readIndexedPage)(connection, limited);
}

/** Runs work in one read transaction, so that all statements see the same snapshot. */
function inSnapshot<R>(connection: SqliteConnection, work: () => R): R {
  connection.exec("BEGIN");
  try {
    return work();
  } finally {
    if (connection.inTransaction) connection.exec("ROLLBACK");
  }
}
