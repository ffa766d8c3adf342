import { Worker } from "node:worker_threads";
import { unavailable } from "../errors.ts";
import { tooBusy, tooExpensive } from "./refusals.ts";
import type { PageRows } from "./sqlite-page.ts";
import type { ScanAnswer, ScanFailure, ScanQuestion, ScanThreadData } from "./sqlite-scan-thread.ts";
import { Turns } from "./sqlite-scan-turns.ts";

export interface LaneOptions {
  /** The database file. */
  readonly path: string;
  /** How long one question may run, its waiting not included. */
  readonly timeMs: number;
  /** How long one question may wait for its turn. */
  readonly waitMs: number;
  /** How many questions of one organisation may wait. */
  readonly waitingMax: number;
}

/**
 * This side of one reader thread: hands it the questions one by one, in turns of the organisations, so that a question
 * pays for its own cost only. The thread is started by the first question, so that a service without any has none.
 */
export class ScanLane {
  readonly #options: LaneOptions;
  readonly #turns: Turns<Waiting>;
  readonly #stop = new Int32Array(new SharedArrayBuffer(4));
  #thread: Worker | undefined;
  #running: Waiting | undefined;
  #closing: (() => void) | undefined;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#turns = new Turns(options.waitingMax);
  }

  /**
   * @throws AppError query-too-expensive when it runs too long; unavailable when it waits too long, when too many of
   * its organisation wait already, and when the database does not answer
   */
  ask(question: ScanQuestion): Promise<PageRows> {
    const { organizationId } = question.request;
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(closed());
      const timer = setTimeout(() => {
        this.#turns.remove(organizationId, waiting);
        reject(tooBusy());
      }, this.#options.waitMs);
      const waiting: Waiting = { question, resolve, reject, timer };
      if (!this.#turns.add(organizationId, waiting)) {
        clearTimeout(timer);
        return reject(tooBusy());
      }
      this.#next();
    });
  }

  /** Ends what is under way within a row, then the thread: leaving while it is inside a statement would wait. */
  async close(): Promise<void> {
    Atomics.store(this.#stop, 0, 1);
    for (let each = this.#turns.next(); each; each = this.#turns.next()) {
      clearTimeout(each.timer);
      each.reject(closed());
    }
    if (this.#running) await new Promise<void>((done) => (this.#closing = done));
    await this.#thread?.terminate();
  }

  get #isClosed(): boolean {
    return Atomics.load(this.#stop, 0) !== 0;
  }

  #next(): void {
    if (this.#running) return;
    const waiting = this.#turns.next();
    if (!waiting) return;
    clearTimeout(waiting.timer);
    this.#running = waiting;
    const thread = this.#started();
    // An open question keeps the process running; a thread that waits for one does not.
    thread.ref();
    thread.postMessage(waiting.question);
  }

  #started(): Worker {
    if (this.#thread) return this.#thread;
    const { path, timeMs } = this.#options;
    const data: ScanThreadData = { path, timeMs, stop: this.#stop.buffer as SharedArrayBuffer };
    const thread = new Worker(new URL("./sqlite-scan-thread.js", import.meta.url), { workerData: data });
    thread.on("message", (answer: ScanAnswer) => {
      thread.unref();
      this.#settle((running) => {
        if ("page" in answer) running.resolve(answer.page);
        else running.reject(errorOf(answer));
      });
    });
    thread.on("error", (error) => this.#lost(thread, error));
    thread.on("exit", () => this.#lost(thread, new Error("the scan thread ended")));
    this.#thread = thread;
    return thread;
  }

  /** A thread that died takes its question with it; the next question starts another. */
  #lost(thread: Worker, cause: Error): void {
    // The end of a thread is reported after its error, when another may have been started already.
    if (this.#thread !== thread) return;
    this.#thread = undefined;
    this.#settle((running) => running.reject(unavailable(cause)));
  }

  #settle(how: (running: Waiting) => void): void {
    const running = this.#running;
    this.#running = undefined;
    if (running) how(running);
    this.#closing?.();
    this.#next();
  }
}

interface Waiting {
  readonly question: ScanQuestion;
  readonly resolve: (page: PageRows) => void;
  readonly reject: (error: Error) => void;
  /** Goes off when it has waited too long. */
  readonly timer: NodeJS.Timeout;
}

function errorOf(answer: ScanFailure): Error {
  if (answer.failed === "too-expensive") return tooExpensive();
  if (answer.failed === "stopped") return closed();
  return unavailable(Object.assign(new Error(answer.message), { code: answer.code }));
}

const closed = (): Error => unavailable(new Error("the store is closing"));
