import { type AppError, isFault } from "../errors.ts";
import { codes } from "./mongo-errors.ts";
import { tooExpensive } from "./refusals.ts";

/** Scans that one process has under way: few enough that its connections and the server stay free for the rest. */
const scansMax = 4;

/** Admits the questions that no index answers, a few at a time, each within its bound of time, waiting included. */
export class Scans {
  readonly #timeMs: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /** @param timeMs how long one question may take */
  constructor(timeMs: number) {
    this.#timeMs = timeMs;
  }

  /**
   * @param scan is given the time that is left, in milliseconds; asking throws when none is
   * @throws AppError query-too-expensive past the bound
   */
  async run<R>(scan: (timeMs: () => number) => Promise<R>): Promise<R> {
    const giveUpAt = Date.now() + this.#timeMs;
    await this.#enter();
    try {
      return await scan(() => {
        const left = giveUpAt - Date.now();
        if (left < 1) throw tooExpensive();
        return left;
      });
    } catch (error) {
      throw refusalOf(error) ?? error;
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running--;
    }
  }

  async #enter(): Promise<void> {
    if (this.#running < scansMax) {
      this.#running++;
      return;
    }
    // The place of one that ends is handed on.
    await new Promise<void>((resolve, reject) => {
      const admit = (): void => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(admit), 1);
        reject(tooExpensive());
      }, this.#timeMs);
      this.#waiting.push(admit);
    });
  }
}

function refusalOf(error: unknown): AppError | undefined {
  if (!isFault(error, "unavailable")) return undefined;
  const code = (error.cause as { code?: unknown } | undefined)?.code;
  return code === codes.maxTimeExpired || code === codes.sortMemoryExceeded ? tooExpensive() : undefined;
}
