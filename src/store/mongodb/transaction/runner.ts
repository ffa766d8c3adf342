import type { ExpectedReads } from "../../store.ts";
import { type Database, operationTimeMs, type Session } from "../driver.ts";
import { isConnectionError, isTransientTransactionError, isUnknownCommitResult, toStoreError } from "../errors.ts";
import { TransactionAttempt, type TransactionBody } from "./attempt.ts";

/** How long a transaction is retried after write conflicts, in milliseconds. */
const retryTimeoutMs = 5000;
/** How long a transaction is retried after a connection error, in milliseconds: enough for a planned failover. */
const reconnectTimeoutMs = 1000;

/** Called after an attempt, before any of its transactions settles. A failed commit may still have been stored. */
export type AttemptListener = (attempt: TransactionAttempt, isCommitted: boolean) => void;

/**
 * Runs the bodies of transactions in one transaction of the database. After a write conflict, all run again from their
 * start, within a time limit (the driver's own limit is two minutes).
 */
export class TransactionRunner {
  readonly #database: Database;
  readonly #startSession: () => Session;
  readonly #onAttempt: AttemptListener;

  /** @param startSession starts a session of the driver; every attempt uses a new one */
  constructor(database: Database, startSession: () => Session, onAttempt: AttemptListener = () => {}) {
    this.#database = database;
    this.#startSession = startSession;
    this.#onAttempt = onAttempt;
  }

  /**
   * Runs the bodies one after another and commits them together.
   * @param expectedReads what the bodies will probably read
   * @returns the outcome of each body; one that failed before its first write does not affect the others. If it is unknown
   *   whether the transaction is stored, all bodies are rejected as unavailable, and must not run again
   * @throws AppError conflict | stale | unavailable, and the error of a body that has written; then none of them is stored
   */
  async run(
    bodies: readonly TransactionBody<unknown>[],
    expectedReads: readonly ExpectedReads[] = [],
  ): Promise<readonly PromiseSettledResult<unknown>[]> {
    const startedAt = Date.now();
    const canRetry = (error: unknown): boolean =>
      Date.now() - startedAt < (isConnectionError(error) ? reconnectTimeoutMs : retryTimeoutMs);
    for (let attemptNumber = 1; ; attemptNumber++) {
      try {
        return await this.#runOnce(bodies, expectedReads, canRetry);
      } catch (error) {
        if (!isTransientTransactionError(error) || !canRetry(error)) throw toStoreError(error);
      }
      await backOff(attemptNumber);
    }
  }

  async #runOnce(
    bodies: readonly TransactionBody<unknown>[],
    expectedReads: readonly ExpectedReads[],
    canRetry: (error: unknown) => boolean,
  ): Promise<readonly PromiseSettledResult<unknown>[]> {
    const session = this.#startSession();
    const attempt = new TransactionAttempt(this.#database, session);
    let isCommitted = false;
    try {
      session.startTransaction({
        readConcern: { level: "snapshot" },
        readPreference: "primary",
        writeConcern: { w: "majority", journal: true },
        maxCommitTimeMS: operationTimeMs, // without it, a commit waits indefinitely for a lost majority
      });
      const outcomes = await attempt.execute(bodies, expectedReads);
      if (outcomes.some(({ status }) => status === "fulfilled")) {
        const failure = await commit(session, canRetry);
        if (failure) return bodies.map(() => failure); // also those that have read what the others may have stored
        isCommitted = true;
      } else if (session.inTransaction()) await session.abortTransaction().catch(() => undefined);
      return outcomes;
    } catch (error) {
      // Aborting on a lost connection would wait for the server, which discards the transaction by itself.
      if (session.inTransaction() && !isConnectionError(error)) await session.abortTransaction().catch(() => undefined);
      throw error;
    } finally {
      this.#onAttempt(attempt, isCommitted);
      void session.endSession().catch(() => undefined);
    }
  }
}

/**
 * @returns the rejection if the transaction may be stored although no commit succeeded; undefined after a commit
 * @throws errors of the driver after which the transaction is certainly not stored
 */
async function commit(
  session: Session,
  canRetry: (error: unknown) => boolean,
): Promise<PromiseRejectedResult | undefined> {
  for (;;) {
    try {
      await session.commitTransaction();
      return undefined;
    } catch (error) {
      if (isTransientTransactionError(error)) throw error;
      if (!isUnknownCommitResult(error) || !canRetry(error)) return { status: "rejected", reason: toStoreError(error) };
    }
  }
}

/** Exponential backoff with full jitter, so that transactions that conflicted once do not conflict again. */
function backOff(attempt: number): Promise<void> {
  const ms = Math.random() * Math.min(100, 2 ** attempt);
  return new Promise((resolve) => setTimeout(resolve, ms));
}
