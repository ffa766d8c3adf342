import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { CredentialRejection } from "../domain/audit/rejections.ts";
import type { JobRun } from "../domain/background-jobs.ts";
import type { Buffered } from "../domain/buffered-writer.ts";
import type { LoggedToolCall } from "../domain/mcp/call-log.ts";
import type { Quota } from "../domain/rate-limit/quota.ts";
import type { UpstreamCircuit } from "../domain/upstream/upstream-limits.ts";
import type { MetricsSource } from "../http/metrics/endpoint.ts";
import type { ObservedRequest } from "../http/server/request-observer.ts";
import type { Store } from "../store/store.ts";
import { AccessMetrics } from "./access-metrics.ts";
import { JobMetrics } from "./job-metrics.ts";
import { McpMetrics } from "./mcp-metrics.ts";
import { RequestMetrics } from "./request-metrics.ts";
import { type EngineName, StoreMetrics } from "./store-metrics.ts";

/** What is read when the metrics are scraped. */
export interface WatchedSources {
  readonly store: Pick<Store, "ping">;
  /** The names of the background jobs. */
  readonly jobs: readonly string[];
  /** By the name of the background job that writes it. */
  readonly buffers: Readonly<Record<string, Buffered>>;
  readonly quotas: readonly Quota[];
  readonly upstream: { circuits(): readonly UpstreamCircuit[] };
}

/**
 * The metrics of the service, for Prometheus. The other modules do not know it: it receives what they report to their
 * observers, and reads their state when it is scraped. docs/operations.md lists every metric.
 */
export class ServiceMetrics implements MetricsSource {
  readonly #registry = new Registry();
  readonly #requests = new RequestMetrics(this.#registry);
  readonly #access = new AccessMetrics(this.#registry);
  readonly #mcp = new McpMetrics(this.#registry);
  readonly #jobs = new JobMetrics(this.#registry);
  readonly store: StoreMetrics;

  /**
   * @param engine the engine of the store
   * @param version of the service
   */
  constructor(engine: EngineName, version: string) {
    this.store = new StoreMetrics(this.#registry, engine);
    new Gauge({
      name: "gatehouse_build_info",
      help: "Always 1. The labels have the version of the service and the engine of its store.",
      ...{ labelNames: ["version", "engine"], registers: [this.#registry] },
    }).set({ version, engine }, 1);
    collectDefaultMetrics({ register: this.#registry });
    // Gauges with names of counters, which promtool rejects. They are sums of nodejs_active_handles and so on.
    for (const kind of ["handles", "requests", "resources"])
      this.#registry.removeSingleMetric(`nodejs_active_${kind}_total`);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  readonly render = (): Promise<string> => this.#registry.metrics();

  readonly recordRequest = (request: ObservedRequest): void => {
    this.#requests.record(request);
    if (request.isAuthenticated) this.#access.recordAccepted();
  };

  readonly recordRejection = (rejection: CredentialRejection): void => this.#access.recordRejection(rejection);

  readonly recordToolCall = (call: LoggedToolCall): void => this.#mcp.record(call);

  readonly recordJobRun = (run: JobRun): void => this.#jobs.record(run);

  /** Registers what is read at each scrape. Call it once. */
  watch({ store, jobs, buffers, quotas, upstream }: WatchedSources): void {
    this.store.watch(store);
    this.#jobs.watch(jobs, buffers);
    this.#access.watch(quotas);
    this.#mcp.watch(() => upstream.circuits());
  }
}
