import type { PageRows, SqlPageRequest } from "../query/page.ts";
import { ReaderThread, type ReaderThreadOptions } from "./reader-thread.ts";
import type { ReadJob } from "./thread-main.ts";

/** Two reader threads, one for indexed queries and one for full scans, so that the former never wait for the latter. */
export class ReaderPool {
  readonly #threads: Readonly<Record<ReadJob["mode"], ReaderThread>>;

  /**
   * @param path path of the database file
   * @param timeoutMs the time limit of one query
   * @param queueLimits the limits of waiting queries
   */
  constructor(
    path: string,
    timeoutMs: number,
    queueLimits: Pick<ReaderThreadOptions, "queueTimeoutMs" | "queueSizeMax"> = defaultQueueLimits,
  ) {
    const options = { path, timeoutMs, ...queueLimits };
    this.#threads = { indexed: new ReaderThread(options), "full-scan": new ReaderThread(options) };
  }

  /** Runs a query. @throws AppError query-too-expensive past the time limit; unavailable when it waits too long or the pool closes */
  run(request: SqlPageRequest, { kind, mode }: Pick<ReadJob, "kind" | "mode">): Promise<PageRows> {
    return this.#threads[mode].run({ request, kind, mode });
  }

  /** Stops running queries and rejects waiting ones as unavailable. */
  async close(): Promise<void> {
    await Promise.all(Object.values(this.#threads).map((thread) => thread.close()));
  }
}

/** Longer than two expensive queries of others take, and more queries than usually wait in production. */
const defaultQueueLimits = { queueTimeoutMs: 5000, queueSizeMax: 100 };
