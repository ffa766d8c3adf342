import { waitForOwnTick, waitIfHeld } from "../../own-tick.ts";
import type { SqliteConnection } from "./driver.ts";

/** Lets a commit copy the write-ahead log into the database when the log has this many pages. */
export const checkpointAtCommit = "PRAGMA wal_autocheckpoint=250";

/**
 * The queue of all transactions. They run strictly one after another on the write connection, up to sixteen in one
 * commit (group commit: one flush to disk), each in a savepoint, so that one can fail without the others.
 */
export class WriteQueue {
  readonly #pending: WriteJob[] = [];
  readonly #connection: () => SqliteConnection;
  readonly #beforeCommit: (connection: SqliteConnection) => void;
  readonly #afterGroup: () => void;
  #draining: Promise<void> | undefined;
  #committing: Promise<unknown> | undefined;
  #hasLongLog = false;

  /**
   * @param connection returns the current write connection; throws when the store is unavailable
   * @param beforeCommit throws when the writes must not be acknowledged
   * @param afterGroup called after a group is committed or rolled back, before any of its transactions settles
   */
  constructor(
    connection: () => SqliteConnection,
    beforeCommit: (connection: SqliteConnection) => void,
    afterGroup: () => void,
  ) {
    this.#connection = connection;
    this.#beforeCommit = beforeCommit;
    this.#afterGroup = afterGroup;
  }

  /** Runs a transaction. @returns the result of the body after the commit. @throws the error of the body after a rollback */
  run<R>(body: (connection: SqliteConnection) => Promise<R>): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      this.#pending.push({ body, resolve: resolve as (value: unknown) => void, reject });
      this.#draining ??= this.#drain();
    });
  }

  /** Resolves when nothing is waiting or running. */
  async waitForIdle(): Promise<void> {
    while (this.#draining) await this.#draining;
  }

  /** Resolves when the running group, if any, is committed or rolled back. */
  async waitForGroup(): Promise<void> {
    await this.#committing;
  }

  async #drain(): Promise<void> {
    await yieldToEventLoop(); // lets requests that arrived together share the first commit
    while (this.#pending.length > 0) {
      let resumedAt = performance.now();
      const committing = this.#commitGroup(this.#pending.slice(0, groupSizeMax));
      this.#committing = committing;
      const outcomes = await committing;
      this.#committing = undefined;
      const jobs = this.#pending.splice(0, outcomes.length);
      for (const [at, job] of jobs.entries()) {
        resumedAt = await waitIfHeld(resumedAt); // the commit or the response of a large change takes milliseconds
        const outcome = outcomes[at];
        if (outcome?.status === "fulfilled") job.resolve(outcome.value);
        else job.reject(outcome?.reason);
      }
      if (this.#hasLongLog) await this.#checkpoint();
      await yieldToEventLoop(); // lets sockets be read, so that the next group can fill
    }
    this.#draining = undefined;
  }

  /** @returns the outcomes of the jobs, in their order; of fewer jobs if the first of them take long */
  async #commitGroup(jobs: readonly WriteJob[]): Promise<PromiseSettledResult<unknown>[]> {
    const outcomes: PromiseSettledResult<unknown>[] = [];
    let connection: SqliteConnection | undefined;
    try {
      connection = this.#connection();
      connection.exec("BEGIN IMMEDIATE");
      const runJob = jobs.length === 1 ? runAlone : runInSavepoint;
      const startedAt = performance.now();
      for (const job of jobs) {
        outcomes.push(await runJob(connection, job));
        if (performance.now() - startedAt > groupMsMax) break;
      }
      const isLong = performance.now() - startedAt > groupMsMax;
      if (isLong) await waitForOwnTick();
      this.#beforeCommit(connection);
      if (isLong) this.#commitWithoutCheckpoint(connection);
      else connection.exec("COMMIT");
      return outcomes;
    } catch (reason) {
      if (connection) rollBack(connection);
      // No transaction was stored. Those that failed on their own keep their own error.
      return jobs.map((_, at) => (outcomes[at]?.status === "rejected" ? outcomes[at] : { status: "rejected", reason }));
    } finally {
      this.#afterGroup();
    }
  }

  /** Commits a large group. The checkpoint takes as long as the commit, so that it follows in a tick of its own. */
  #commitWithoutCheckpoint(connection: SqliteConnection): void {
    connection.exec("PRAGMA wal_autocheckpoint=0");
    try {
      connection.exec("COMMIT");
      this.#hasLongLog = true;
    } finally {
      connection.exec(checkpointAtCommit);
    }
  }

  async #checkpoint(): Promise<void> {
    this.#hasLongLog = false;
    await waitForOwnTick();
    try {
      this.#connection().exec("PRAGMA wal_checkpoint(PASSIVE)");
    } catch {
      // The log keeps what the database lacks. The next commit tries again.
    }
  }
}

const groupSizeMax = 16;
/**
 * How long the transactions of a group may take, in milliseconds, unless a single one takes longer. The commit of what
 * took this long to write holds the event loop as well, so that the others share the next commit.
 */
const groupMsMax = 10;

interface WriteJob {
  readonly body: (connection: SqliteConnection) => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

const yieldToEventLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Rolls back. A failure is ignored: uncommitted writes are not stored in any case, and the next BEGIN reports it. */
function rollBack(connection: SqliteConnection): void {
  try {
    if (connection.inTransaction) connection.exec("ROLLBACK");
  } catch {
    // The error that failed the group is the one to report.
  }
}

/** Runs a group of one transaction without a savepoint. @throws the error of the body */
async function runAlone(connection: SqliteConnection, job: WriteJob): Promise<PromiseSettledResult<unknown>> {
  return { status: "fulfilled", value: await job.body(connection) };
}

/** Runs one transaction of a group. @throws when SQLite rolled back the whole group, as for a full disk */
async function runInSavepoint(connection: SqliteConnection, job: WriteJob): Promise<PromiseSettledResult<unknown>> {
  connection.exec("SAVEPOINT job");
  let outcome: PromiseSettledResult<unknown>;
  try {
    outcome = { status: "fulfilled", value: await job.body(connection) };
  } catch (reason) {
    outcome = { status: "rejected", reason };
  }
  if (!connection.inTransaction) {
    throw outcome.status === "rejected" ? outcome.reason : new Error("SQLite rolled back the transaction.");
  }
  if (outcome.status === "rejected") connection.exec("ROLLBACK TO job");
  connection.exec("RELEASE job");
  return outcome;
}
