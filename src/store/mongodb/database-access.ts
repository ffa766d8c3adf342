import { storeUnavailable } from "../../errors.ts";
import type { Database, OperationOptions } from "./driver.ts";
import { toStoreError } from "./errors.ts";

/** Runs database operations, either one by one or inside a transaction with its session and in its order. */
export interface DatabaseAccess {
  readonly database: Database;
  readonly inTransaction: boolean;
  /** @param operation receives the options that it must pass to every driver call */
  run<R>(operation: (options: OperationOptions) => Promise<R>): Promise<R>;
}

/** Runs operations outside transactions, and tracks them so that closing the store can wait for them. */
export class DirectAccess implements DatabaseAccess {
  readonly database: Database;
  readonly inTransaction = false;
  /** Runs the operations of work that `track` runs already, also after `drain`. */
  readonly tracked: DatabaseAccess;
  readonly #inFlight = new Set<Promise<unknown>>();
  #closed = false;

  constructor(database: Database) {
    this.database = database;
    this.tracked = { database, inTransaction: false, run: runDirectly };
  }

  /** @throws AppError unavailable when the server does not respond, or after `drain` */
  run<R>(operation: (options: OperationOptions) => Promise<R>): Promise<R> {
    return this.track(() => runDirectly(operation));
  }

  /** @throws AppError unavailable after `drain` */
  assertOpen(): void {
    if (this.#closed) throw storeUnavailable(new Error("the store is closed"));
  }

  /** Runs work that `drain` waits for. @throws AppError unavailable after `drain` */
  async track<R>(work: () => Promise<R>): Promise<R> {
    this.assertOpen();
    const running = work();
    const settled = running.then(
      () => undefined,
      () => undefined,
    );
    this.#inFlight.add(settled);
    try {
      return await running;
    } finally {
      this.#inFlight.delete(settled);
    }
  }

  /** Rejects new work and waits for the work in progress. */
  async drain(): Promise<void> {
    this.#closed = true;
    while (this.#inFlight.size > 0) await Promise.all(this.#inFlight);
  }
}

/** @throws AppError unavailable */
async function runDirectly<R>(operation: (options: OperationOptions) => Promise<R>): Promise<R> {
  try {
    return await operation({});
  } catch (error) {
    throw toStoreError(error);
  }
}
