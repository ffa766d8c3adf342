import { isFault, unavailable } from "../errors.ts";
import type { Access } from "./mongo-access.ts";
import { CountChanges } from "./mongo-counts.ts";
import { type Database, type OperationOptions, operationTimeMs, type Session } from "./mongo-driver.ts";
import { isConnectionFault, isDriverError, isTransient, isUnknownCommit, translated } from "./mongo-errors.ts";
import { RecordChanges } from "./page-marks.ts";

/** How long lost races are run again. */
const retryMsMax = 5000;
/** How long a connection that broke is tried again: long enough for a planned change of the primary. */
const reconnectMsMax = 1000;
/** How long a change waits for those of its turn before it. */
const turnMsMax = 10_000;

/**
 * Runs changes in the database's transactions: again from their start when a race was lost, within a time of our own
 * (the driver's would be two minutes), and those of one turn one after another, because changes of one record that
 * meet in the database are all thrown back but one.
 */
export class Transactions {
  readonly #database: Database;
  readonly #startSession: () => Session;
  readonly #tails = new Map<string, Promise<void>>();

  constructor(database: Database, startSession: () => Session) {
    this.#database = database;
    this.#startSession = startSession;
  }

  /** @throws AppError conflict | stale | unavailable, and whatever the body throws */
  async run<R>(body: (attempt: Attempt) => Promise<R>, turn?: string): Promise<R> {
    if (turn === undefined) return this.#retried(body);
    const giveUpAt = Date.now() + turnMsMax;
    return this.#inTurn(turn, async () => {
      if (Date.now() > giveUpAt) throw unavailable(new Error("waited too long for its turn"));
      return this.#retried(body);
    });
  }

  async #inTurn<R>(turn: string, work: () => Promise<R>): Promise<R> {
    const mine = (this.#tails.get(turn) ?? Promise.resolve()).then(work);
    const tail = mine
      .then(
        () => undefined,
        () => undefined,
      )
      .then(() => {
        if (this.#tails.get(turn) === tail) this.#tails.delete(turn);
      });
    this.#tails.set(turn, tail);
    return mine;
  }

  async #retried<R>(body: (attempt: Attempt) => Promise<R>): Promise<R> {
    const startedAt = Date.now();
    const mayGoOn = (error: unknown): boolean =>
      Date.now() - startedAt < (isConnectionFault(error) ? reconnectMsMax : retryMsMax);
    for (let number = 1; ; number++) {
      try {
        return await this.#once(body, mayGoOn);
      } catch (error) {
        if (!isTransient(error) || !mayGoOn(error)) throw translated(error);
      }
      await pause(number);
    }
  }

  async #once<R>(body: (attempt: Attempt) => Promise<R>, mayGoOn: (error: unknown) => boolean): Promise<R> {
    const session = this.#startSession();
    try {
      session.startTransaction({
        readConcern: { level: "snapshot" },
        readPreference: "primary",
        writeConcern: { w: "majority", journal: true },
        maxCommitTimeMS: operationTimeMs, // a majority that is gone would be waited for without end
      });
      const attempt = new Attempt(this.#database, session);
      const result = await attempt.carryOut(body);
      await commit(session, mayGoOn);
      return result;
    } catch (error) {
      // A server that is gone would be waited for, and forgets the transaction by itself.
      if (session.inTransaction() && !isConnectionFault(error)) await session.abortTransaction().catch(() => undefined);
      throw error;
    } finally {
      void session.endSession().catch(() => undefined);
    }
  }
}

/** One run of a transaction's body. */
export class Attempt implements Access {
  readonly database: Database;
  readonly inTransaction = true;
  readonly counts = new CountChanges();
  readonly changes = new RecordChanges();
  readonly #session: Session;
  #last: Promise<unknown> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;
  #isOver = false;

  constructor(database: Database, session: Session) {
    this.database = database;
    this.#session = session;
  }

  /**
   * One after another, as the server demands of one transaction. An error by which the server has given it up is thrown
   * again by all that follows, whatever the body made of the first.
   */
  run<R>(operation: (options: OperationOptions) => Promise<R>): Promise<R> {
    const step = this.#last.then(async () => {
      if (this.#isOver) throw new Error("the change is over");
      if (this.#failure) throw this.#failure.error;
      try {
        return await operation({ session: this.#session });
      } catch (error) {
        if (isDriverError(error) || isFault(error, "conflict")) this.#failure = { error };
        throw error;
      }
    });
    this.#last = step.catch(() => undefined);
    return step;
  }

  /** @returns what the body returned. @throws the error that ended the transaction, or what the body threw */
  async carryOut<R>(body: (attempt: Attempt) => Promise<R>): Promise<R> {
    try {
      const result = await body(this);
      await this.#settled();
      await this.counts.write(this);
      return result;
    } catch (error) {
      await this.#settled();
      throw error;
    } finally {
      this.#isOver = true;
    }
  }

  /** A body that did not wait for all of its steps has left some behind. */
  async #settled(): Promise<void> {
    for (let last: unknown; last !== this.#last; ) {
      last = this.#last;
      await last;
    }
    if (this.#failure) throw this.#failure.error;
  }
}

async function commit(session: Session, mayGoOn: (error: unknown) => boolean): Promise<void> {
  for (;;) {
    try {
      await session.commitTransaction();
      return;
    } catch (error) {
      if (!isUnknownCommit(error) || !mayGoOn(error)) throw error;
    }
  }
}

/** Longer from attempt to attempt and by chance, so that those who met do not meet again. */
function pause(attempt: number): Promise<void> {
  const ms = Math.random() * Math.min(100, 2 ** attempt);
  return new Promise((resolve) => setTimeout(resolve, ms));
}
