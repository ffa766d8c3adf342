import { storeUnavailable } from "../../../errors.ts";
import { waitIfHeld } from "../../../own-tick.ts";
import type { ExpectedReads, TransactionOptions } from "../../store.ts";
import type { TransactionBody } from "./attempt.ts";
import type { TransactionRunner } from "./runner.ts";

/** Most transactions that share one commit. */
const groupSizeMax = 16;
/** How long transactions wait for a group that is running before they run beside it, in milliseconds. */
const waitMaxMs = 10;
/** How long a transaction waits for earlier ones with the same lock key, in milliseconds. */
const lockTimeoutMs = 10_000;

/** A transaction that was not started yet. */
interface Job {
  readonly body: TransactionBody<unknown>;
  readonly lockKey: string | undefined;
  readonly expectedReads: ExpectedReads | undefined;
  readonly deadline: number;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/**
 * Lets concurrent transactions of this process share a commit (group commit), and most of their round trips. Their bodies
 * run one after another, so each sees the changes of those before it. If one of them fails after its first write, nothing
 * is stored, and each runs alone. After a commit of unknown outcome, none runs again. Transactions with the same lock key
 * never run at the same time in different groups, because of those that change one record at the same time, the database
 * aborts all but one.
 */
export class TransactionGroupQueue {
  readonly #runner: Pick<TransactionRunner, "run">;
  readonly #waiting: Job[] = [];
  readonly #lockedKeys = new Set<string>();
  #running = 0;
  #isScheduled = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(runner: Pick<TransactionRunner, "run">) {
    this.#runner = runner;
  }

  /**
   * Runs a transaction.
   * @param options.lockKey transactions of this process with the same key run one after another
   * @param options.expectedReads what the body will probably read
   * @throws AppError conflict | stale | unavailable, and any error of the body
   */
  run<R>(body: TransactionBody<R>, { lockKey, expectedReads }: TransactionOptions = {}): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      const deadline = Date.now() + lockTimeoutMs;
      const settle = { resolve: resolve as (value: unknown) => void, reject };
      this.#waiting.push({ body, lockKey, expectedReads, deadline, ...settle });
      if (this.#running === 0) this.#schedule();
      else this.#timer ??= setTimeout(() => this.#startGroup(), waitMaxMs);
    });
  }

  /** Starts a group in the next turn of the event loop, so that requests that arrived together share it. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#startGroup();
    });
  }

  #startGroup(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const jobs = this.#takeJobs();
    if (jobs.length === 0) return;
    const keys = new Set(jobs.flatMap(({ lockKey }) => lockKey ?? []));
    for (const key of keys) this.#lockedKeys.add(key);
    this.#running++;
    void this.#runGroup(jobs).finally(() => {
      for (const key of keys) this.#lockedKeys.delete(key);
      this.#running--;
      if (this.#waiting.length > 0) this.#schedule();
    });
    // The rest of a long queue does not wait for this group.
    if (this.#waiting.length > 0) this.#timer ??= setTimeout(() => this.#startGroup(), waitMaxMs);
  }

  /** Takes the first jobs whose lock keys are free, in order. */
  #takeJobs(): readonly Job[] {
    const taken: Job[] = [];
    const left: Job[] = [];
    const now = Date.now();
    for (const job of this.#waiting) {
      if (now > job.deadline)
        job.reject(storeUnavailable(new Error("timed out while waiting for transactions with the same lock key")));
      else if (taken.length >= groupSizeMax || (job.lockKey !== undefined && this.#lockedKeys.has(job.lockKey)))
        left.push(job);
      else taken.push(job);
    }
    this.#waiting.splice(0, this.#waiting.length, ...left);
    return taken;
  }

  async #runGroup(jobs: readonly Job[]): Promise<void> {
    try {
      const outcomes = await this.#runner.run(
        jobs.map(({ body }) => body),
        jobs.flatMap(({ expectedReads }) => expectedReads ?? []),
      );
      let resumedAt = performance.now();
      for (const [at, job] of jobs.entries()) {
        resumedAt = await waitIfHeld(resumedAt); // the response of a large change takes milliseconds
        const outcome = outcomes[at];
        if (outcome?.status === "fulfilled") job.resolve(outcome.value);
        else job.reject(outcome?.reason);
      }
    } catch (error) {
      if (jobs.length === 1) jobs[0]?.reject(error);
      else await this.#runSeparately(jobs);
    }
  }

  /** Runs each job in a transaction of its own; those with the same lock key one after another. */
  async #runSeparately(jobs: readonly Job[]): Promise<void> {
    const tails = new Map<string | undefined, Promise<void>>();
    await Promise.all(
      jobs.map((job) => {
        const previous = job.lockKey === undefined ? undefined : tails.get(job.lockKey);
        const running = (previous ?? Promise.resolve()).then(() => this.#runGroup([job]));
        tails.set(job.lockKey, running);
        return running;
      }),
    );
  }
}
