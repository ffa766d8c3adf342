import type { Registry } from "prom-client";
import type { ObservedRequest } from "../http/server/request-observer.ts";
import { DurationHistogram, type DurationSeries } from "./duration-histogram.ts";
import { pullCounter, type Sample } from "./pulled.ts";

/** In seconds. Tools of MCP servers take the longest. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** What is counted of one operation. */
interface OperationSeries {
  readonly duration: DurationSeries;
  /** The number of requests by status; undefined: the client went away before a response was sent. */
  readonly counts: Map<number | undefined, number>;
}

/**
 * Counts requests and measures their time. The operation is a name of the OpenAPI document or a method of `/mcp`, so that
 * the number of series is bounded: paths and ids are never labels.
 */
export class RequestMetrics {
  readonly #duration: DurationHistogram;
  /** By API, then by operation. */
  readonly #series = new Map<string, Map<string, OperationSeries>>();

  constructor(registry: Registry) {
    pullCounter(registry, {
      name: "gatehouse_http_requests_total",
      help: "Requests that have ended, by API, operation and HTTP status.",
      labelNames: ["api", "operation", "status"],
      read: () => this.#readCounts(),
    });
    this.#duration = new DurationHistogram(registry, {
      name: "gatehouse_http_request_duration_seconds",
      help: "Time from the headers of a request to the end of its response.",
      buckets,
    });
  }

  /** Counts a request that has ended. */
  record({ api, operationId = "none", status, seconds }: ObservedRequest): void {
    const { duration, counts } = this.#findSeries(api, operationId);
    duration.observe(seconds);
    counts.set(status, (counts.get(status) ?? 0) + 1);
  }

  #findSeries(api: string, operation: string): OperationSeries {
    let operations = this.#series.get(api);
    if (!operations) {
      operations = new Map();
      this.#series.set(api, operations);
    }
    let series = operations.get(operation);
    if (!series) {
      series = { duration: this.#duration.createSeries({ api, operation }), counts: new Map() };
      operations.set(operation, series);
    }
    return series;
  }

  *#readCounts(): Generator<Sample<"api" | "operation" | "status">> {
    for (const [api, operations] of this.#series)
      for (const [operation, { counts }] of operations)
        for (const [status, value] of counts)
          yield { labels: { api, operation, status: status === undefined ? "none" : String(status) }, value };
  }
}
