import { Worker } from "node:worker_threads";
import { unavailable } from "../errors.ts";
import { tooExpensive } from "./refusals.ts";
import type { PageRequest, PageRows } from "./sqlite-page.ts";
import type { ScanAnswer, ScanFailure, ScanQuestion, ScanThreadData } from "./sqlite-scan-thread.ts";

/**
 * This side of the scan thread: hands questions over, awaits the answers, gives up those that have waited too long.
 * The thread is started by the first question, so that a service without expensive questions has none.
 */
export class ScanReader {
  readonly #path: string;
  readonly #timeMs: number;
  readonly #waiting = new Map<number, Waiting>();
  readonly #stop = new Int32Array(new SharedArrayBuffer(4));
  #thread: Worker | undefined;
  #number = 0;

  /**
   * @param path of the database file
   * @param timeMs how long one question may take, waiting for others included
   */
  constructor(path: string, timeMs: number) {
    this.#path = path;
    this.#timeMs = timeMs;
  }

  /** @throws AppError query-too-expensive past the bound; unavailable when the database does not answer */
  ask(request: PageRequest, { asks, way }: Pick<ScanQuestion, "asks" | "way">): Promise<PageRows> {
    const question: ScanQuestion = { number: ++this.#number, request, asks, way, deadline: Date.now() + this.#timeMs };
    return new Promise((resolve, reject) => {
      this.#waiting.set(question.number, { resolve, reject });
      const thread = this.#running();
      thread.ref();
      thread.postMessage(question);
    });
  }

  /** Ends what is under way within one slice, then the thread: leaving while it is inside a statement would wait. */
  async close(): Promise<void> {
    Atomics.store(this.#stop, 0, 1);
    const thread = this.#thread;
    if (!thread) return;
    await Promise.allSettled(
      [...this.#waiting.values()].map((each) => new Promise<void>((done) => (each.onSettled = done))),
    );
    await thread.terminate();
  }

  #running(): Worker {
    if (this.#thread) return this.#thread;
    const data: ScanThreadData = { path: this.#path, stop: this.#stop.buffer as SharedArrayBuffer };
    const thread = new Worker(new URL("./sqlite-scan-thread.js", import.meta.url), { workerData: data });
    thread.on("message", (answer: ScanAnswer) => this.#settle(thread, answer));
    thread.on("error", (error) => this.#lost(thread, error));
    thread.on("exit", () => this.#lost(thread, new Error("the scan thread ended")));
    this.#thread = thread;
    return thread;
  }

  #settle(thread: Worker, answer: ScanAnswer): void {
    const waiting = this.#waiting.get(answer.number);
    this.#waiting.delete(answer.number);
    // An open question keeps the process running; a thread that waits for one does not.
    if (this.#waiting.size === 0) thread.unref();
    if (!waiting) return;
    if ("page" in answer) waiting.resolve(answer.page);
    else waiting.reject(this.#errorOf(answer));
    waiting.onSettled?.();
  }

  #errorOf(answer: ScanFailure): Error {
    if (answer.failed === "too-expensive") return tooExpensive();
    if (answer.failed === "stopped") return unavailable(new Error("the store is closing"));
    return unavailable(Object.assign(new Error(answer.message), { code: answer.code }));
  }

  /** A thread that died takes its questions with it; the next question starts another. */
  #lost(thread: Worker, cause: Error): void {
    // The end of a thread is reported after its error, when another may have been started already.
    if (this.#thread !== thread) return;
    this.#thread = undefined;
    for (const [number, waiting] of this.#waiting) {
      this.#waiting.delete(number);
      waiting.reject(unavailable(cause));
      waiting.onSettled?.();
    }
  }
}

interface Waiting {
  readonly resolve: (page: PageRows) => void;
  readonly reject: (error: Error) => void;
  onSettled?: () => void;
}
