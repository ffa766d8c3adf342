import { Worker } from "node:worker_threads";
import { storeUnavailable } from "../../../errors.ts";
import { overloaded, queryTooExpensive } from "../../errors.ts";
import type { PageRows } from "../query/page.ts";
import { FairQueue } from "./fair-queue.ts";
import type { ReaderThreadData, ReadJob, ReadJobFailure, ReadJobResult } from "./thread-main.ts";

export interface ReaderThreadOptions {
  /** The database file. */
  readonly path: string;
  /** The time limit of one query, without its time in the queue. */
  readonly timeoutMs: number;
  /** The longest time that one query waits in the queue. */
  readonly queueTimeoutMs: number;
  /** The most queries of one organization that can wait. */
  readonly queueSizeMax: number;
}

/**
 * The main-thread side of one reader thread. It sends queries one by one, in round robin over organizations, so that the
 * time limit of a query covers only its own cost. The first query starts the thread.
 */
export class ReaderThread {
  readonly #options: ReaderThreadOptions;
  readonly #queue: FairQueue<QueuedJob>;
  readonly #stopFlag = new Int32Array(new SharedArrayBuffer(4));
  #worker: Worker | undefined;
  #running: QueuedJob | undefined;
  #onIdle: (() => void) | undefined;

  constructor(options: ReaderThreadOptions) {
    this.#options = options;
    this.#queue = new FairQueue(options.queueSizeMax);
  }

  /**
   * Runs one query in the thread.
   * @throws AppError query-too-expensive when it runs too long; unavailable when it waits too long, when too many queries
   *   of its organization wait, and when the database fails
   */
  run(job: ReadJob): Promise<PageRows> {
    const { organizationId } = job.request;
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(closedError());
      const timer = setTimeout(() => {
        this.#queue.remove(organizationId, queued);
        reject(overloaded());
      }, this.#options.queueTimeoutMs);
      const queued: QueuedJob = { job, resolve, reject, timer };
      if (!this.#queue.enqueue(organizationId, queued)) {
        clearTimeout(timer);
        return reject(overloaded());
      }
      this.#runNext();
    });
  }

  /** Stops the running query at its next row, then ends the thread. Ending it inside a statement would have to wait. */
  async close(): Promise<void> {
    Atomics.store(this.#stopFlag, 0, 1);
    for (let queued = this.#queue.dequeue(); queued; queued = this.#queue.dequeue()) {
      clearTimeout(queued.timer);
      queued.reject(closedError());
    }
    if (this.#running) await new Promise<void>((done) => (this.#onIdle = done));
    await this.#worker?.terminate();
  }

  get #isClosed(): boolean {
    return Atomics.load(this.#stopFlag, 0) !== 0;
  }

  #runNext(): void {
    if (this.#running) return;
    const queued = this.#queue.dequeue();
    if (!queued) return;
    clearTimeout(queued.timer);
    this.#running = queued;
    const worker = this.#ensureWorker();
    // A running query keeps the process alive; an idle thread does not.
    worker.ref();
    worker.postMessage(queued.job);
  }

  #ensureWorker(): Worker {
    if (this.#worker) return this.#worker;
    const { path, timeoutMs } = this.#options;
    const data: ReaderThreadData = { path, timeoutMs, stop: this.#stopFlag.buffer as SharedArrayBuffer };
    const worker = new Worker(new URL("./thread-main.js", import.meta.url), { workerData: data });
    worker.on("message", (result: ReadJobResult) => {
      worker.unref();
      this.#settleRunning((running) => {
        if ("page" in result) running.resolve(result.page);
        else running.reject(toError(result));
      });
    });
    worker.on("error", (error) => this.#handleWorkerLoss(worker, error));
    worker.on("exit", () => this.#handleWorkerLoss(worker, new Error("The reader thread ended.")));
    this.#worker = worker;
    return worker;
  }

  /** Rejects the running query of a thread that ended. The next query starts another thread. */
  #handleWorkerLoss(worker: Worker, cause: Error): void {
    // The exit of a thread is reported after its error, when another thread may already run.
    if (this.#worker !== worker) return;
    this.#worker = undefined;
    this.#settleRunning((running) => running.reject(storeUnavailable(cause)));
  }

  #settleRunning(settle: (running: QueuedJob) => void): void {
    const running = this.#running;
    this.#running = undefined;
    if (running) settle(running);
    this.#onIdle?.();
    this.#runNext();
  }
}

interface QueuedJob {
  readonly job: ReadJob;
  readonly resolve: (page: PageRows) => void;
  readonly reject: (error: Error) => void;
  /** Fires when the query has waited too long. */
  readonly timer: NodeJS.Timeout;
}

function toError(failure: ReadJobFailure): Error {
  if (failure.failed === "too-expensive") return queryTooExpensive();
  if (failure.failed === "stopped") return closedError();
  return storeUnavailable(Object.assign(new Error(failure.message), { code: failure.code }));
}

const closedError = (): Error => storeUnavailable(new Error("The store is closing."));
