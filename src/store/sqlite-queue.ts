import type { Connection } from "./sqlite-driver.ts";

/**
 * The one way to write: changes wait here and run strictly one after another on the write connection, up to sixteen
 * in one commit (one flush to disk for all of them), each in a savepoint of its own so that one may fail without
 * the others.
 */
export class WriteQueue {
  readonly #waiting: Job[] = [];
  readonly #connection: () => Connection;
  readonly #beforeCommit: (connection: Connection) => void;
  readonly #afterGroup: () => void;
  #draining: Promise<void> | undefined;
  #committing: Promise<unknown> | undefined;

  /**
   * @param connection the write connection at this moment; throws when the store is unavailable
   * @param beforeCommit throws when what was written must not be acknowledged
   * @param afterGroup called once a group is kept or undone, before anybody is told
   */
  constructor(connection: () => Connection, beforeCommit: (connection: Connection) => void, afterGroup: () => void) {
    this.#connection = connection;
    this.#beforeCommit = beforeCommit;
    this.#afterGroup = afterGroup;
  }

  /** @returns what the body returned, once it is on disk. @throws what the body threw, after rolling it back */
  run<R>(body: (connection: Connection) => Promise<R>): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      this.#waiting.push({ body, resolve: resolve as (value: unknown) => void, reject });
      this.#draining ??= this.#drain();
    });
  }

  /** Resolves when nothing is waiting or running. */
  async idle(): Promise<void> {
    while (this.#draining) await this.#draining;
  }

  /** Resolves when the group that is being written now, if any, is kept or undone. */
  async groupDone(): Promise<void> {
    await this.#committing;
  }

  async #drain(): Promise<void> {
    await nextTurn(); // lets the requests that arrived together share the first commit
    while (this.#waiting.length > 0) {
      const jobs = this.#waiting.splice(0, groupMax);
      const committing = this.#commit(jobs);
      this.#committing = committing;
      const outcomes = await committing;
      this.#committing = undefined;
      jobs.forEach((job, at) => {
        const outcome = outcomes[at];
        if (outcome?.status === "fulfilled") job.resolve(outcome.value);
        else job.reject(outcome?.reason);
      });
      await nextTurn(); // lets sockets be read, so that the next group can gather
    }
    this.#draining = undefined;
  }

  async #commit(jobs: readonly Job[]): Promise<PromiseSettledResult<unknown>[]> {
    const outcomes: PromiseSettledResult<unknown>[] = [];
    let connection: Connection | undefined;
    try {
      connection = this.#connection();
      connection.exec("BEGIN IMMEDIATE");
      const carryOut = jobs.length === 1 ? alone : inSavepoint;
      for (const job of jobs) outcomes.push(await carryOut(connection, job));
      this.#beforeCommit(connection);
      connection.exec("COMMIT");
      return outcomes;
    } catch (reason) {
      if (connection) rollBack(connection);
      // Nobody's change was kept; those that failed by themselves keep their own reason.
      return jobs.map((_, at) => (outcomes[at]?.status === "rejected" ? outcomes[at] : { status: "rejected", reason }));
    } finally {
      this.#afterGroup();
    }
  }
}

const groupMax = 16;

interface Job {
  readonly body: (connection: Connection) => Promise<unknown>;
  readonly resolve: (value: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A rollback that fails as well changes nothing: what was not committed is not kept, and the next BEGIN tells. */
function rollBack(connection: Connection): void {
  try {
    if (connection.inTransaction) connection.exec("ROLLBACK");
  } catch {
    // The reason of the group's failure is the one to report.
  }
}

/** A group of one fails as a whole. @throws what the body throws */
async function alone(connection: Connection, job: Job): Promise<PromiseSettledResult<unknown>> {
  return { status: "fulfilled", value: await job.body(connection) };
}

/** @throws when SQLite gave up the whole transaction (a full disk does), so that nothing may be committed */
async function inSavepoint(connection: Connection, job: Job): Promise<PromiseSettledResult<unknown>> {
  connection.exec("SAVEPOINT job");
  let outcome: PromiseSettledResult<unknown>;
  try {
    outcome = { status: "fulfilled", value: await job.body(connection) };
  } catch (reason) {
    outcome = { status: "rejected", reason };
  }
  if (!connection.inTransaction) {
    throw outcome.status === "rejected" ? outcome.reason : new Error("the transaction was lost");
  }
  if (outcome.status === "rejected") connection.exec("ROLLBACK TO job");
  connection.exec("RELEASE job");
  return outcome;
}
