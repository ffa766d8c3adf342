import { Retention } from "../domain/audit/retention.ts";
import type { BackgroundJob } from "../domain/background-jobs.ts";
import type { Buffered } from "../domain/buffered-writer.ts";
import type { Flushable } from "../domain/periodic-flush.ts";
import { CounterSync } from "../domain/rate-limit/counter-sync.ts";
import type { Quota } from "../domain/rate-limit/quota.ts";
import { TokenNameRepair } from "../domain/tokens/name-repair.ts";
import type { AppContext } from "./context.ts";
import type { Recorders } from "./recorders.ts";
import type { AppServices } from "./services.ts";

export const jobIntervalMs = 5000;
/** The interval at which replicas synchronize their rate limit counters. */
const counterSyncIntervalMs = 1000;
/** How often retries of webhooks are looked for. New events start their delivery by themselves. */
const webhookIntervalMs = 1000;

/** Returns the recorders by the name of the job that writes them. */
export const toBuffers = (recorders: Recorders): Readonly<Record<string, Buffered & Flushable>> => ({
  "token-usage": recorders.usage,
  "token-signals": recorders.signals,
  "rejected-credentials": recorders.rejections,
  "request-log": recorders.requestLog,
  "tool-calls": recorders.toolCallLog,
  "provisioning-status": recorders.provisioningMonitor,
  activity: recorders.activity,
});

/**
 * Returns the background jobs.
 * @param quotas that are synchronized with other replicas
 * @param bufferIntervalMs how often buffered records are written, in milliseconds
 */
export function createJobs(
  { store, config, now }: AppContext,
  services: AppServices,
  buffers: Readonly<Record<string, Flushable>>,
  quotas: readonly Quota[],
  bufferIntervalMs: number,
): readonly BackgroundJob[] {
  const { cascadeDeletes, tokenCleanup, tokenRevocations, webhookDeliveries, formatGate } = services;
  const retention = new Retention(store, config.auditRetentionDays);
  // Only one process uses the embedded database.
  const hasReplicas = config.mongodbUri !== undefined;
  const counterSync = hasReplicas ? new CounterSync(store, quotas, now) : undefined;
  const nameRepair = hasReplicas ? new TokenNameRepair(store, now) : undefined;
  return [
    ...Object.entries(buffers).map(([name, writer]) => buffer(name, writer, bufferIntervalMs)),
    ...(counterSync ? [buffer("rate-limit-counters", counterSync, counterSyncIntervalMs)] : []),
    maintenance("cascade-deletes", () => cascadeDeletes.flush()),
    maintenance("personal-tokens", () => tokenCleanup.flush()),
    maintenance("token-revocations", (isOver) => tokenRevocations.flush(isOver)),
    maintenance("webhooks", () => webhookDeliveries.flush(), webhookIntervalMs),
    maintenance("retention", (isOver) => retention.flush(isOver)),
    maintenance("imported-tokens", () => formatGate.flush()),
    ...(nameRepair ? [maintenance("token-names", (isOver) => nameRepair.flush(isOver))] : []),
  ];
}

const buffer = (name: string, writer: Flushable, intervalMs: number): BackgroundJob => ({
  ...{ name, intervalMs, kind: "buffer" },
  run: () => writer.flush(),
});

const maintenance = (name: string, run: BackgroundJob["run"], intervalMs = jobIntervalMs): BackgroundJob => ({
  ...{ name, intervalMs, kind: "maintenance" },
  run,
});
