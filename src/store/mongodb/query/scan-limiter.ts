import { type AppError, hasErrorCode } from "../../../errors.ts";
import { overloaded, queryTooExpensive } from "../../errors.ts";
import { mongoErrorCodes } from "../errors.ts";

/** Most concurrent scans of one process. It leaves connections and server capacity for other operations. */
const concurrentScansMax = 4;
/** Most concurrent queries of one subject that an index serves, of the 50 connections of a process. */
const concurrentIndexedMax = 8;
/** The same while other queries of the subject turned out to be scans, as the next ones may. */
const concurrentSuspectMax = 1;
/** How long such a query may take before it is a scan, in milliseconds: far more than it takes to examine few records. */
const indexedTimeMs = 200;
/** How long such a query waits for a slot, in milliseconds. */
const indexedWaitMs = 5000;

/** A query. It receives a function that returns the remaining time in milliseconds and throws when none is left. */
type LimitedQuery<R> = (remainingMs: () => number) => Promise<R>;

/** Runs queries that examine many records, a few at a time. Each has a time limit that includes waiting. */
export class ScanLimiter {
  readonly #timeoutMs: number;
  readonly #scanSlots = new Slots(() => concurrentScansMax);
  readonly #subjects = new Map<string, Subject>();

  /** @param timeoutMs time limit of one scan, in milliseconds */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Runs a scan as soon as a slot is free.
   * @throws AppError query-too-expensive after the time limit
   */
  async run<R>(scan: LimitedQuery<R>): Promise<R> {
    const deadline = Date.now() + this.#timeoutMs;
    await this.#scanSlots.acquire(this.#timeoutMs, queryTooExpensive);
    try {
      return await scan(() => {
        const remainingMs = deadline - Date.now();
        if (remainingMs < 1) throw queryTooExpensive();
        return remainingMs;
      });
    } catch (error) {
      throw toQueryTooExpensive(error) ?? error;
    } finally {
      this.#scanSlots.release();
    }
  }

  /**
   * Runs a query that an index serves. Most examine few records, so it does not wait for scans. If it takes longer than
   * those, it runs again as a scan.
   * @param name the subject: collection and organization. Those of other subjects do not wait for this query
   * @throws AppError query-too-expensive as `run` does; unavailable if too many of the same subject wait
   */
  async runIndexed<R>(name: string, query: LimitedQuery<R>): Promise<R> {
    const subject = this.#subjects.get(name) ?? new Subject();
    this.#subjects.set(name, subject);
    await subject.slots.acquire(indexedWaitMs, overloaded);
    try {
      return await query(() => indexedTimeMs);
    } catch (error) {
      if (!toQueryTooExpensive(error)) throw error;
      subject.scans++;
    } finally {
      subject.slots.release();
      if (subject.isIdle) this.#subjects.delete(name);
    }
    try {
      return await this.run(query);
    } finally {
      subject.scans--;
      if (subject.isIdle) this.#subjects.delete(name);
    }
  }
}

/** The indexed queries of one organization and collection. */
class Subject {
  /** Those that run as scans, or wait for it. */
  scans = 0;
  readonly slots = new Slots(() => (this.scans > 0 ? concurrentSuspectMax : concurrentIndexedMax));

  get isIdle(): boolean {
    return this.scans === 0 && this.slots.used === 0;
  }
}

/** A number of slots that can change, and the queue for them. */
class Slots {
  readonly #limit: () => number;
  readonly #waiting: (() => void)[] = [];
  #used = 0;

  constructor(limit: () => number) {
    this.#limit = limit;
  }

  get used(): number {
    return this.#used;
  }

  /** Waits for a slot. @throws the error of `reject` if none is free in time */
  async acquire(timeoutMs: number, reject: () => AppError): Promise<void> {
    if (this.#used < this.#limit()) {
      this.#used++;
      return;
    }
    await new Promise<void>((resolve, fail) => {
      const admit = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(admit), 1);
        fail(reject());
      }, timeoutMs);
      this.#waiting.push(admit);
    });
  }

  /** Frees a slot, and passes free ones to the first in the queue. */
  release(): void {
    this.#used--;
    while (this.#used < this.#limit()) {
      const next = this.#waiting.shift();
      if (!next) return;
      this.#used++;
      next();
    }
  }
}

/** Returns the error for a query that the server ended because of its time or memory; undefined for any other error. */
function toQueryTooExpensive(error: unknown): AppError | undefined {
  if (!hasErrorCode(error, "unavailable")) return undefined;
  const code = (error.cause as { code?: unknown } | undefined)?.code;
  return code === mongoErrorCodes.maxTimeExpired || code === mongoErrorCodes.sortMemoryExceeded
    ? queryTooExpensive()
    : undefined;
}
