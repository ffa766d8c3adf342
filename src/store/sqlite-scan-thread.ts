import { parentPort, workerData } from "node:worker_threads";
import { Connection, isSqliteError, sqliteCode } from "./sqlite-driver.ts";
import { countAll, type PageRequest, type PageRows, readPage } from "./sqlite-page.ts";
import { scanCount, scanPage } from "./sqlite-scan.ts";

/** What the thread is started with. */
export interface ScanThreadData {
  readonly path: string;
  /** One shared 32-bit flag: not 0 means stop. */
  readonly stop: SharedArrayBuffer;
}

export interface ScanQuestion {
  readonly number: number;
  readonly request: PageRequest;
  readonly asks: "page" | "count";
  /** An index answers it in one go; a scan is bounded in time. */
  readonly way: "by-index" | "scan";
  /** Milliseconds since the epoch after which the question is given up. */
  readonly deadline: number;
}

export type ScanAnswer = { readonly number: number } & ({ readonly page: PageRows } | ScanFailure);

export type ScanFailure =
  | { readonly failed: "too-expensive" }
  | { readonly failed: "stopped" }
  | { readonly failed: "database"; readonly message: string; readonly code?: number };

/**
 * The reader thread: questions that no index narrows, on a connection of its own, so that the event loop never waits
 * for them. One after another; each gives up at its deadline.
 */
if (parentPort) {
  const { path, stop } = workerData as ScanThreadData;
  const flag = new Int32Array(stop);
  const connection = new Connection(path, { readOnly: true });
  connection.exec("PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=0");
  parentPort.on("message", (question: ScanQuestion) => {
    parentPort?.postMessage({ number: question.number, ...answer(connection, question, flag) } satisfies ScanAnswer);
  });
}

function answer(
  connection: Connection,
  question: ScanQuestion,
  flag: Int32Array,
): { readonly page: PageRows } | ScanFailure {
  const { request, asks, way, deadline } = question;
  const goOn = (): "too-expensive" | "stopped" | undefined => {
    if (Atomics.load(flag, 0) !== 0) return "stopped";
    return Date.now() > deadline ? "too-expensive" : undefined;
  };
  const late = goOn();
  if (late) return { failed: late };
  try {
    if (way === "scan") return (asks === "page" ? scanPage : scanCount)(connection, request, goOn);
    return {
      page: asks === "page" ? readPage(connection, request) : { rows: [], total: countAll(connection, request) },
    };
  } catch (error) {
    const code = sqliteCode(error);
    const message = isSqliteError(error) ? error.message : String(error);
    return { failed: "database", message, ...(code !== undefined && { code }) };
  }
}
