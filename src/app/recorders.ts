import { ActivityCounter } from "../domain/activity/activity-counter.ts";
import { ProvisioningMonitor } from "../domain/audit/provisioning-monitor.ts";
import { RejectedCredentials } from "../domain/audit/rejections.ts";
import { RequestLog } from "../domain/audit/request-log.ts";
import { ToolCallLog } from "../domain/mcp/call-log.ts";
import { TokenSignals } from "../domain/tokens/usage/signals.ts";
import { TokenUsage } from "../domain/tokens/usage/usage.ts";
import type { AppContext } from "./context.ts";

/** What requests record in buffers, which background jobs write. */
export type Recorders = ReturnType<typeof createRecorders>;

/** Creates the recorders. */
export function createRecorders({ store, log, now, metrics }: AppContext) {
  const activity = new ActivityCounter(store);
  return {
    activity,
    usage: new TokenUsage(store),
    signals: new TokenSignals(store, now),
    rejections: new RejectedCredentials(store, log, now, metrics?.recordRejection),
    requestLog: new RequestLog(store, now),
    provisioningMonitor: new ProvisioningMonitor(store, now),
    toolCallLog: new ToolCallLog(store, (call) => {
      activity.recordToolCall(call.caller.organizationId);
      metrics?.recordToolCall(call);
    }),
  };
}
