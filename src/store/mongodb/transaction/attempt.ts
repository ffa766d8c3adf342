import { hasErrorCode } from "../../../errors.ts";
import { waitIfHeld } from "../../../own-tick.ts";
import { WrittenRecords } from "../../cache/written-records.ts";
import type { ExpectedReads } from "../../store.ts";
import { CountDeltas } from "../counts.ts";
import type { DatabaseAccess } from "../database-access.ts";
import type { Database, OperationOptions, Session } from "../driver.ts";
import { isDriverError } from "../errors.ts";
import { PendingMembers } from "./pending-members.ts";
import { PendingWrites } from "./pending-writes.ts";
import { PrefetchedReads } from "./prefetched-reads.ts";

/** The body of a transaction. */
export type TransactionBody<R> = (part: TransactionPart) => Promise<R>;

/** One attempt to run the bodies of one or more transactions, one after another, in one transaction of the database. */
export class TransactionAttempt implements DatabaseAccess {
  readonly inTransaction = true;
  readonly counts = new CountDeltas();
  readonly written = new WrittenRecords();
  readonly writes: PendingWrites;
  readonly members: PendingMembers;
  readonly prefetched: PrefetchedReads;
  readonly database: Database;
  readonly #session: Session;
  #lastOperation: Promise<unknown> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;
  #writeCount = 0;

  constructor(database: Database, session: Session) {
    this.database = database;
    this.#session = session;
    this.writes = new PendingWrites(this);
    this.members = new PendingMembers(this);
    this.prefetched = new PrefetchedReads(this);
  }

  /**
   * Runs operations one after another, as the server requires within a transaction. After an error that aborted the
   * transaction, every later operation throws the same error, even if the body caught the first one.
   */
  run<R>(operation: (options: OperationOptions) => Promise<R>): Promise<R> {
    const pending = this.#lastOperation.then(async () => {
      if (this.#failure) throw this.#failure.error;
      try {
        return await operation({ session: this.#session });
      } catch (error) {
        if (isDriverError(error) || hasErrorCode(error, "conflict")) this.#failure = { error };
        throw error;
      }
    });
    this.#lastOperation = pending.catch(() => undefined);
    return pending;
  }

  /** Records that the current body has changed something, so that its failure ends the transaction. */
  recordWrite(): void {
    this.#writeCount++;
  }

  /**
   * Runs the bodies and sends their writes. A body that fails before its first write does not affect the others.
   * @param expectedReads what the bodies will probably read
   * @returns the outcome of each body
   * @throws the error that aborted the transaction, or the error of a body that has written
   */
  async execute(
    bodies: readonly TransactionBody<unknown>[],
    expectedReads: readonly ExpectedReads[] = [],
  ): Promise<readonly PromiseSettledResult<unknown>[]> {
    const outcomes: PromiseSettledResult<unknown>[] = [];
    await this.prefetched.read(expectedReads);
    let resumedAt = performance.now();
    for (const body of bodies) {
      resumedAt = await waitIfHeld(resumedAt); // writes are pending, so that no round trip separates the bodies
      const writesBefore = this.#writeCount;
      const part = new TransactionPart(this);
      try {
        const value = await body(part);
        await this.#waitForPending();
        outcomes.push({ status: "fulfilled", value });
      } catch (reason) {
        await this.#waitForPending();
        if (this.#writeCount > writesBefore) {
          await this.#sendWrites(); // an earlier write that the database rejects is the first error of the body
          throw reason;
        }
        outcomes.push({ status: "rejected", reason });
      } finally {
        part.end();
      }
    }
    await this.#sendWrites();
    return outcomes;
  }

  async #sendWrites(): Promise<void> {
    await this.writes.send();
    await this.members.send();
    await this.counts.flush(this);
    if (this.#failure) throw this.#failure.error;
  }

  /** Waits for operations that were still in flight when the body returned. */
  async #waitForPending(): Promise<void> {
    for (let awaited: unknown; awaited !== this.#lastOperation; ) {
      awaited = this.#lastOperation;
      await awaited;
    }
    if (this.#failure) throw this.#failure.error;
  }
}

/** The part of one body in an attempt. It ends with the body, because later writes would join another transaction. */
export class TransactionPart implements DatabaseAccess {
  readonly inTransaction = true;
  readonly #attempt: TransactionAttempt;
  #isEnded = false;

  constructor(attempt: TransactionAttempt) {
    this.#attempt = attempt;
  }

  get database(): Database {
    return this.#attempt.database;
  }

  /** The attempt, for writes. @throws Error after the end of the body */
  get attempt(): TransactionAttempt {
    if (this.#isEnded) throw new Error("the transaction has already ended");
    return this.#attempt;
  }

  /** @throws Error after the end of the body */
  async run<R>(operation: (options: OperationOptions) => Promise<R>): Promise<R> {
    return this.attempt.run(operation);
  }

  end(): void {
    this.#isEnded = true;
  }
}
