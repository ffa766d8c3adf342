import type { Sql, SqliteConnection } from "../driver.ts";
import type { SqlPageRequest } from "../query/page.ts";
import { branchStart } from "../query/where.ts";

/**
 * Ends a query that exceeds its time limit or whose store is closing. A running SQLite statement cannot be interrupted
 * from outside, but a function that it calls for each row can throw. The cost of a row (terms x elements) differs a
 * thousandfold, so that a number of rows would not limit the time.
 */
export class TimeLimit {
  readonly #stop: Int32Array;
  #deadline = Number.POSITIVE_INFINITY;
  #endReason: "too-expensive" | "stopped" | undefined;

  /**
   * @param connection the connection with the limited statements; nothing else may run on it
   * @param stop a shared flag; any value except 0 means stop
   */
  constructor(connection: SqliteConnection, stop: Int32Array) {
    this.#stop = stop;
    connection.defineFunction("check_deadline", () => this.#checkDeadline());
  }

  /** Returns the same request with statements that check the deadline before each row, also in each branch of an `or`. */
  static applyTo(request: SqlPageRequest): SqlPageRequest {
    const limit = ({ text, values }: Sql): Sql => ({
      text: `check_deadline() AND ${text.replaceAll(branchStart, "check_deadline() AND ")}`,
      values,
    });
    const { where, entries } = request;
    return {
      ...request,
      where: limit(where),
      ...(entries && { entries: { ...entries, where: limit(entries.where) } }),
    };
  }

  /**
   * Sets the deadline and runs work with requests of `applyTo`.
   * @returns the result, or the reason why the query was ended
   * @throws any other error of `work`
   */
  run<R>(timeoutMs: number, work: () => R): R | { readonly failed: "too-expensive" | "stopped" } {
    this.#endReason = undefined;
    this.#deadline = performance.now() + timeoutMs;
    try {
      return work();
    } catch (error) {
      // The drivers report an error thrown inside a statement in different ways.
      if (this.#endReason) return { failed: this.#endReason };
      throw error;
    }
  }

  #checkDeadline(): number {
    if (Atomics.load(this.#stop, 0) !== 0) this.#endReason = "stopped";
    else if (performance.now() > this.#deadline) this.#endReason = "too-expensive";
    else return 1;
    throw new Error(this.#endReason);
  }
}
