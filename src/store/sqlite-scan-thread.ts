import { parentPort, workerData } from "node:worker_threads";
import { Connection, isSqliteError, sqliteCode } from "./sqlite-driver.ts";
import { countAll, everything, type PageRequest, type PageRows, readPage } from "./sqlite-page.ts";
import { scanPage } from "./sqlite-scan.ts";
import { ScanBound } from "./sqlite-scan-bound.ts";

/** What the thread is started with. */
export interface ScanThreadData {
  readonly path: string;
  /** How long one question may run. */
  readonly timeMs: number;
  /** One shared 32-bit flag: not 0 means stop. */
  readonly stop: SharedArrayBuffer;
}

export interface ScanQuestion {
  readonly request: PageRequest;
  readonly asks: "page" | "count";
  /** Whether an index gives the records in question, or all are looked at. */
  readonly way: "by-index" | "scan";
}

export type ScanAnswer = { readonly page: PageRows } | ScanFailure;

export type ScanFailure =
  | { readonly failed: "too-expensive" }
  | { readonly failed: "stopped" }
  | { readonly failed: "database"; readonly message: string; readonly code?: number };

/**
 * A reader thread: answers what would hold the event loop, on a connection of its own. It is given one question at a
 * time, and gives each up that runs for too long.
 */
if (parentPort) {
  const { path, timeMs, stop } = workerData as ScanThreadData;
  const connection = new Connection(path, { readOnly: true });
  connection.exec("PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=0");
  const bound = new ScanBound(connection, new Int32Array(stop));
  parentPort.on("message", (question: ScanQuestion) => {
    parentPort?.postMessage(answer(question) satisfies ScanAnswer);
  });

  function answer(question: ScanQuestion): ScanAnswer {
    try {
      return bound.within(timeMs, () => inOneMoment(connection, () => ({ page: read(connection, question) })));
    } catch (error) {
      const code = sqliteCode(error);
      const message = isSqliteError(error) ? error.message : String(error);
      return { failed: "database", message, ...(code !== undefined && { code }) };
    }
  }
}

function read(connection: Connection, { request, asks, way }: ScanQuestion): PageRows {
  // All records are counted beforehand, and passing over them in an index looks at none.
  const isWalk = way === "by-index" && request.where.text === everything.text;
  const bounded = isWalk ? request : ScanBound.over(request);
  if (asks === "count") return { rows: [], total: countAll(connection, bounded) };
  return (way === "scan" ? scanPage : readPage)(connection, bounded);
}

/** All that is read sees the same moment, and nothing of it is left behind. */
function inOneMoment<R>(connection: Connection, reading: () => R): R {
  connection.exec("BEGIN");
  try {
    return reading();
  } finally {
    if (connection.inTransaction) connection.exec("ROLLBACK");
  }
}
