import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { JobRun } from "../domain/background-jobs.ts";
import type { Buffered } from "../domain/buffered-writer.ts";
import { pullCounter, pullGauge } from "./pulled.ts";

/** In seconds. A run of a maintenance job takes about one at most. */
const buckets = [0.001, 0.01, 0.1, 1, 10];

/**
 * The metrics of the background jobs and of the buffers that they write. The label is `job_name`, because Prometheus adds a
 * label `job` of its own.
 */
export class JobMetrics {
  readonly #registry: Registry;
  readonly #runs: Counter<"job_name" | "result">;
  readonly #lastSuccess: Gauge<"job_name">;
  readonly #duration: Histogram<"job_name">;

  constructor(registry: Registry) {
    this.#registry = registry;
    const registers = [registry];
    this.#runs = new Counter({
      name: "gatehouse_job_runs_total",
      help: "Runs of background jobs, by result.",
      ...{ labelNames: ["job_name", "result"], registers },
    });
    this.#lastSuccess = new Gauge({
      name: "gatehouse_job_last_success_timestamp_seconds",
      help: "Time of the last success of a background job, since 1970. Before the first one, the start of the service.",
      ...{ labelNames: ["job_name"], registers },
    });
    this.#duration = new Histogram({
      name: "gatehouse_job_duration_seconds",
      help: "Time of runs of background jobs.",
      ...{ labelNames: ["job_name"], buckets, registers },
    });
  }

  /** Counts a run that has ended. */
  record({ job, seconds, isSuccess }: JobRun): void {
    const labels = { job_name: job };
    this.#runs.inc({ ...labels, result: isSuccess ? "success" : "failure" });
    this.#duration.observe(labels, seconds);
    if (isSuccess) this.#lastSuccess.set(labels, Date.now() / 1000);
  }

  /**
   * Creates the series of the jobs, so that a job that never succeeds is noticed too, and reports the buffers.
   * @param jobs the names of the jobs
   * @param buffers by the name of the job that writes it
   */
  watch(jobs: readonly string[], buffers: Readonly<Record<string, Buffered>>): void {
    for (const job of jobs) {
      const labels = { job_name: job };
      for (const result of ["success", "failure"]) this.#runs.inc({ ...labels, result }, 0);
      this.#duration.zero(labels);
      this.#lastSuccess.set(labels, Date.now() / 1000);
    }
    const labelNames = ["buffer"] as const;
    pullGauge(this.#registry, {
      name: "gatehouse_buffer_entries",
      help: "Entries in memory that the background job of the same name will write.",
      labelNames,
      read: () =>
        Object.entries(buffers).map(
          ([
            buffer,
            {
              bufferState: { size },
            },
          ]) => ({ labels: { buffer }, value: size }),
        ),
    });
    pullCounter(this.#registry, {
      name: "gatehouse_buffer_dropped_total",
      help: "Entries that were lost because the buffer was full.",
      labelNames,
      read: () =>
        Object.entries(buffers).map(
          ([
            buffer,
            {
              bufferState: { droppedCount },
            },
          ]) => ({
            labels: { buffer },
            value: droppedCount,
          }),
        ),
    });
  }
}
