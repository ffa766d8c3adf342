import { hasErrorCode } from "../errors.ts";
import type { Log } from "../log.ts";

/** Work that runs repeatedly in the background. */
export interface BackgroundJob {
  /** Names the job in the log. */
  readonly name: string;
  /** Milliseconds between the starts of two runs. A run that takes longer delays the next one. */
  readonly intervalMs: number;
  /**
   * `buffer`: writes what requests have buffered, and runs a last time at shutdown. `maintenance`: may have more work
   * than fits into one run. It starts soon after the service, and at shutdown it stops and continues after the next start.
   */
  readonly kind: "buffer" | "maintenance";
  /**
   * Does the pending work. Work that fails or is left over is done by a later run.
   * @param isOver whether the run must stop, to be checked between two batches
   */
  run(isOver: () => boolean): Promise<void>;
}

/** A run of a job that has ended. */
export interface JobRun {
  readonly job: string;
  readonly seconds: number;
  readonly isSuccess: boolean;
}

/** The time from the start of the service to the first run of a maintenance job, in milliseconds. */
const firstMaintenanceMs = 1000;
/** The time budget of one run of a maintenance job, in milliseconds. */
const maintenanceBudgetMs = 1000;

/**
 * Runs each job on a timer of its own, so that none delays another. Two runs of one job never overlap. A failure is
 * logged with the name of the job once, and once more when the job succeeds again.
 * @param onRun called after each run
 * @returns `stop`, which writes the buffers and stops the other jobs at their next batch
 */
export function startBackgroundJobs(
  jobs: readonly BackgroundJob[],
  log: Log,
  onRun: (run: JobRun) => void = () => {},
): { stop(): Promise<void> } {
  const failures = new FailureLog(log);
  let isStopping = false;
  const runners = jobs.map((job) => {
    let running: Promise<void> | undefined;
    const runOnce = async (): Promise<void> => {
      const deadline = Date.now() + maintenanceBudgetMs;
      const isOver = (): boolean => job.kind === "maintenance" && (isStopping || Date.now() >= deadline);
      const startedAt = performance.now();
      const isSuccess = await job.run(isOver).then(
        () => {
          failures.recordSuccess(job.name);
          return true;
        },
        (error: unknown) => {
          failures.recordFailure(job.name, error);
          return false;
        },
      );
      onRun({ job: job.name, seconds: (performance.now() - startedAt) / 1000, isSuccess });
    };
    const tick = (): void => {
      running ??= runOnce().finally(() => {
        running = undefined;
      });
    };
    const timers = [setInterval(tick, job.intervalMs).unref()];
    if (job.kind === "maintenance") timers.push(setTimeout(tick, firstMaintenanceMs).unref());
    return { job, timers, runOnce, waitForRun: async () => running };
  });
  return {
    stop: async () => {
      isStopping = true;
      for (const timer of runners.flatMap(({ timers }) => timers)) clearTimeout(timer);
      const ofKind = (kind: BackgroundJob["kind"]) => runners.filter(({ job }) => job.kind === kind);
      await Promise.all(
        ofKind("buffer").map(async ({ waitForRun, runOnce }) => {
          await waitForRun();
          await runOnce();
        }),
      );
      await Promise.all(ofKind("maintenance").map(({ waitForRun }) => waitForRun()));
      failures.logUnresolved();
    },
  };
}

/**
 * Logs the failures of jobs: the first one of an outage of the store, and the first one of each job that fails for
 * another reason. A summary follows when the failing jobs succeed again.
 */
class FailureLog {
  readonly #log: Log;
  /** The jobs that could not reach the store in their last run. */
  readonly #outage = new Set<string>();
  #outageSince = 0;
  #outageRuns = 0;
  /** The failed runs of the jobs that fail for another reason. */
  readonly #failing = new Map<string, number>();

  constructor(log: Log) {
    this.#log = log;
  }

  recordFailure(job: string, cause: unknown): void {
    if (hasErrorCode(cause, "unavailable")) this.#recordOutage(job, cause);
    else {
      const runs = this.#failing.get(job) ?? 0;
      this.#failing.set(job, runs + 1);
      if (runs === 0) this.#log.warn("a background job failed and will be retried", { job, cause });
    }
  }

  recordSuccess(job: string): void {
    const failedRuns = this.#failing.get(job);
    this.#failing.delete(job);
    if (failedRuns !== undefined) this.#log.info("a background job succeeded again", { job, failedRuns });
    if (!this.#outage.delete(job) || this.#outage.size > 0) return;
    const seconds = Math.round((Date.now() - this.#outageSince) / 1000);
    this.#log.info("background jobs reach the store again", { failedRuns: this.#outageRuns, seconds });
  }

  /** Logs the jobs whose last run failed. Call it after the last run: what they have buffered is lost. */
  logUnresolved(): void {
    const jobs = [...new Set([...this.#outage.keys(), ...this.#failing.keys()])];
    if (jobs.length > 0) this.#log.error("background jobs could not finish their last run", { jobs });
  }

  #recordOutage(job: string, cause: unknown): void {
    if (this.#outage.size === 0) {
      this.#outageSince = Date.now();
      this.#outageRuns = 0;
      this.#log.warn("a background job cannot reach the store; all jobs are retried", { job, cause });
    }
    this.#outageRuns++;
    this.#outage.add(job);
  }
}
