import type { Express } from "express";
import type { AppContext } from "./app/context.ts";
import { createRequestHandler } from "./app/handler.ts";
import { createJobs, jobIntervalMs, toBuffers } from "./app/jobs.ts";
import { createOutbound } from "./app/outbound.ts";
import { createRecorders } from "./app/recorders.ts";
import { createServices } from "./app/services.ts";
import type { Config } from "./config.ts";
import { withAuditListener } from "./domain/audit/committed-events.ts";
import { toAuditLine } from "./domain/audit/event-lines.ts";
import { startBackgroundJobs } from "./domain/background-jobs.ts";
import { allQuotas, rateLimitPolicies } from "./domain/rate-limit/policies.ts";
import { AppError } from "./errors.ts";
import { FailureLimit } from "./http/auth/failure-limit.ts";
import type { AccessLog } from "./http/server/access-log.ts";
import type { Log } from "./log.ts";
import type { ServiceMetrics } from "./metrics/service-metrics.ts";
import { createDomain, type OperatorDomain } from "./operator-domain.ts";
import type { Store } from "./store/store.ts";
import type { ServiceTraces } from "./traces/service-traces.ts";

export interface App {
  readonly handler: Express;
  /** What the commands of the CLI use in this process. Its changes reach webhooks and the audit lines at once. */
  readonly domain: OperatorDomain;
  /**
   * Reports the service as not ready from now on, so that load balancers stop sending requests, and ends calls of MCP
   * servers that take too long.
   */
  startShutdown(): void;
  /** Writes the buffered records and stops the background jobs. It does not close the store, which belongs to the caller. */
  close(): Promise<void>;
}

export interface AppOptions {
  readonly now?: (() => number) | undefined;
  readonly accessLog?: AccessLog | undefined;
  readonly auditLog?: { write(line: string): void } | undefined;
  readonly bufferIntervalMs?: number | undefined;
  readonly metrics?: ServiceMetrics | undefined;
  readonly traces?: ServiceTraces | undefined;
}

/**
 * Creates the application: store -> domain -> HTTP adapters. This is the composition root. Only it and its parts in
 * src/app/ import every layer.
 * @param options.now the clock of the rate limits, in milliseconds since the epoch
 * @param options.accessLog receives a line for each request; the caller closes it after the app
 * @param options.auditLog receives a line for each audit event; likewise
 * @param options.bufferIntervalMs how often buffered records are written, in milliseconds
 * @param options.metrics receives what the service does; absent: nothing is counted
 * @param options.traces records spans of requests and of what they cause; absent: there are none
 * @throws AppError unavailable when the store does not respond
 */
export async function createApp(
  undecoratedStore: Store,
  config: Config,
  log: Log,
  { now = Date.now, accessLog, auditLog, metrics, traces, bufferIntervalMs = jobIntervalMs }: AppOptions = {},
): Promise<App> {
  const auditFormat = config.auditLog;
  const store = withAuditListener(undecoratedStore, (events) => {
    // Events of several requests are sent together, so that a delivery belongs to no request.
    if (traces) traces.detach(() => webhookDeliveries.notify(events));
    else webhookDeliveries.notify(events);
    if (auditFormat === "off") return;
    for (const event of events) auditLog?.write(toAuditLine(event, auditFormat));
  });
  const quotas = rateLimitPolicies(config.rateLimits, now);
  const context: AppContext = { store, undecoratedStore, config, log, now, quotas, metrics, traces };
  const outbound = createOutbound(context);
  const recorders = createRecorders(context);
  const services = createServices(context, outbound, recorders);
  const { webhookDeliveries, upstreamCalls, connectionTokens } = services;
  await services.formatGate.flush();

  const failureLimit = new FailureLimit(config.rateLimits.failures, now);
  let isShuttingDown = false;
  const ping = async (): Promise<void> => {
    if (isShuttingDown) throw new AppError("unavailable", "The service is shutting down.");
    await store.ping();
  };
  const handler = createRequestHandler(context, services, recorders, { failureLimit, accessLog, ping });

  const buffers = toBuffers(recorders);
  const jobList = createJobs(context, services, buffers, allQuotas(quotas), bufferIntervalMs);
  const jobs = startBackgroundJobs(jobList, log, metrics?.recordJobRun);
  metrics?.watch({
    ...{ store, buffers, upstream: upstreamCalls, jobs: jobList.map(({ name }) => name) },
    quotas: [...allQuotas(quotas), ...(failureLimit.quota ? [failureLimit.quota] : [])],
  });
  return {
    handler,
    domain: createDomain(store, config),
    startShutdown: () => {
      isShuttingDown = true;
      upstreamCalls.startShutdown();
    },
    close: async () => {
      await jobs.stop();
      await webhookDeliveries.close();
      outbound.webhookHttp.close();
      await upstreamCalls.close();
      await connectionTokens.close();
      outbound.oauthHttp.close();
    },
  };
}
