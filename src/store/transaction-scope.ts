import type { Log } from "../log.ts";

/** A transaction whose body takes longer is logged, in milliseconds. */
const slowAfterMs = 1000;
/** A transaction whose body takes longer is stuck, in milliseconds: it waits for something else than the store. */
const stuckAfterMs = 5000;

interface RunningTransaction {
  readonly startedAt: number;
  isReported: boolean;
}

/**
 * Watches the bodies of a store's transactions: logs slow ones, and rejects a transaction that is started inside another
 * one. On the embedded engine it would wait for the outer one, which waits for it, and no write would run again.
 *
 * The caller is found in V8's async stack trace, which costs nothing until it is read, and it is read only while a body is
 * running. AsyncLocalStorage would make a write 15 % more expensive on Node 20, because it hooks into every promise.
 * @see https://v8.dev/blog/fast-async#improved-developer-experience
 */
export class TransactionScope {
  readonly #log: Log | undefined;
  /** In order of their start. */
  readonly #running = new Set<RunningTransaction>();

  /** @param log receives a warning for each slow transaction */
  constructor(log?: Log) {
    this.#log = log;
  }

  /** Returns whether a transaction has been running for so long that it will probably never end, and logs it once. */
  findStuck(): boolean {
    const [oldest] = this.#running;
    if (!oldest || performance.now() - oldest.startedAt < stuckAfterMs) return false;
    if (!oldest.isReported) this.#warn("a transaction does not end; later ones may wait for it", oldest);
    oldest.isReported = true;
    return true;
  }

  /** @throws Error if the caller is inside the body of a running transaction */
  assertOutside(): void {
    if (this.#running.size === 0) return;
    if (isCalledBy(runTransactionBody.name))
      throw new Error("A transaction was started inside another one. Pass the outer transaction on instead.");
    this.findStuck();
  }

  /** Runs the body of a transaction. @returns its result. @throws its error */
  async run<R>(body: () => Promise<R>): Promise<R> {
    const transaction = { startedAt: performance.now(), isReported: false };
    this.#running.add(transaction);
    try {
      return await runTransactionBody(body);
    } finally {
      this.#running.delete(transaction);
      if (performance.now() - transaction.startedAt >= slowAfterMs) this.#warn("a transaction was slow", transaction);
    }
  }

  #warn(message: string, { startedAt }: RunningTransaction): void {
    this.#log?.warn(message, { durationMs: Math.round(performance.now() - startedAt) });
  }
}

/** The frame in the stack that everything a body calls has above it. It must await the body, or the frame would be gone. */
async function runTransactionBody<R>(body: () => Promise<R>): Promise<R> {
  return await body();
}

/** The most frames that are searched. */
const framesMax = 200;

/** Whether a function, or an async function that waits for the current one, is in the stack. */
function isCalledBy(functionName: string): boolean {
  const { stackTraceLimit, prepareStackTrace } = Error;
  try {
    Error.stackTraceLimit = framesMax;
    Error.prepareStackTrace = (_error, frames) => frames.some((frame) => frame.getFunctionName() === functionName);
    const holder: { stack?: unknown } = {};
    Error.captureStackTrace(holder);
    return holder.stack === true;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    Object.assign(Error, { prepareStackTrace }); // undefined by default
  }
}
