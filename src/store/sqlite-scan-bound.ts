import type { Connection } from "./sqlite-driver.ts";
import type { PageRequest } from "./sqlite-page.ts";

/**
 * Ends a question that has run too long, or whose store is closing. Nothing outside interrupts an SQLite statement; but
 * a function that it calls for each row may throw. What a row costs (terms x elements) differs a thousandfold, so no
 * number of rows would be a bound of time.
 */
export class ScanBound {
  readonly #stop: Int32Array;
  #endsAt = Number.POSITIVE_INFINITY;
  #ended: "too-expensive" | "stopped" | undefined;

  /**
   * @param connection whose statements are bounded; nothing else may run on it
   * @param stop one shared flag: not 0 means stop
   */
  constructor(connection: Connection, stop: Int32Array) {
    this.#stop = stop;
    connection.define("go_on", () => this.#goOn());
  }

  /** The same request, whose statements ask before each row whether to go on. */
  static over(request: PageRequest): PageRequest {
    const { text, values } = request.where;
    return { ...request, where: { text: `go_on() AND ${text}`, values } };
  }

  /**
   * Starts the clock and runs what reads a request of `over`.
   * @returns what it gives, or the reason why it was ended
   * @throws whatever it throws of its own
   */
  within<R>(timeMs: number, work: () => R): R | { readonly failed: "too-expensive" | "stopped" } {
    this.#ended = undefined;
    this.#endsAt = performance.now() + timeMs;
    try {
      return work();
    } catch (error) {
      // The drivers differ in what they make of an error thrown inside a statement.
      if (this.#ended) return { failed: this.#ended };
      throw error;
    }
  }

  #goOn(): number {
    if (Atomics.load(this.#stop, 0) !== 0) this.#ended = "stopped";
    else if (performance.now() > this.#endsAt) this.#ended = "too-expensive";
    else return 1;
    throw new Error(this.#ended);
  }
}
