import { type AppError, hasErrorCode } from "../../../errors.ts";
import { queryTooExpensive } from "../../errors.ts";
import { mongoErrorCodes } from "../errors.ts";

/** Most concurrent scans of one process. It leaves connections and server capacity for other operations. */
const concurrentScansMax = 4;

/** Runs queries that no index serves, a few at a time. Each has a time limit that includes waiting. */
export class ScanLimiter {
  readonly #timeoutMs: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** @param timeoutMs time limit of one scan, in milliseconds */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Runs a scan as soon as a slot is free.
   * @param scan receives a function that returns the remaining time in milliseconds and throws when none is left
   * @throws AppError query-too-expensive after the time limit
   */
  async run<R>(scan: (remainingMs: () => number) => Promise<R>): Promise<R> {
    const deadline = Date.now() + this.#timeoutMs;
    await this.#acquire();
    try {
      return await scan(() => {
        const remainingMs = deadline - Date.now();
        if (remainingMs < 1) throw queryTooExpensive();
        return remainingMs;
      });
    } catch (error) {
      throw toQueryTooExpensive(error) ?? error;
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }

  async #acquire(): Promise<void> {
    if (this.#running < concurrentScansMax) {
      this.#running++;
      return;
    }
    // A scan that ends passes its slot to the first in the queue.
    await new Promise<void>((resolve, reject) => {
      const admit = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(admit), 1);
        reject(queryTooExpensive());
      }, this.#timeoutMs);
      this.#waiting.push(admit);
    });
  }
}

function toQueryTooExpensive(error: unknown): AppError | undefined {
  if (!hasErrorCode(error, "unavailable")) return undefined;
  const code = (error.cause as { code?: unknown } | undefined)?.code;
  return code === mongoErrorCodes.maxTimeExpired || code === mongoErrorCodes.sortMemoryExceeded
    ? queryTooExpensive()
    : undefined;
}
