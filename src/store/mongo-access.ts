import { unavailable } from "../errors.ts";
import type { Database, OperationOptions } from "./mongo-driver.ts";
import { translated } from "./mongo-errors.ts";

/** How an operation reaches the database: by itself, or inside a transaction with its session and in its order. */
export interface Access {
  readonly database: Database;
  readonly inTransaction: boolean;
  /** @param operation is given the options that every call to the driver must carry */
  run<R>(operation: (options: OperationOptions) => Promise<R>): Promise<R>;
}

/** Reading outside transactions, and keeping count of what is under way so that closing can wait for it. */
export class OpenAccess implements Access {
  readonly database: Database;
  readonly inTransaction = false;
  readonly #underWay = new Set<Promise<unknown>>();
  #closed = false;

  constructor(database: Database) {
    this.database = database;
  }

  /** @throws AppError unavailable when the server does not answer, or after `finish` */
  run<R>(operation: (options: OperationOptions) => Promise<R>): Promise<R> {
    return this.track(async () => {
      try {
        return await operation({});
      } catch (error) {
        throw translated(error);
      }
    });
  }

  /** Runs any work that closing waits for. @throws AppError unavailable after `finish` */
  async track<R>(work: () => Promise<R>): Promise<R> {
    if (this.#closed) throw unavailable(new Error("the store is closed"));
    const running = work();
    const settled = running.then(
      () => undefined,
      () => undefined,
    );
    this.#underWay.add(settled);
    try {
      return await running;
    } finally {
      this.#underWay.delete(settled);
    }
  }

  /** Lets nothing new begin and waits for what is under way. */
  async finish(): Promise<void> {
    this.#closed = true;
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }
}
