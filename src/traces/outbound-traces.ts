import { SpanKind } from "@opentelemetry/api";
import type { TraceOutbound } from "../domain/outbound/guarded-http.ts";
import type { UpstreamCalls, UpstreamOutcome } from "../domain/upstream/upstream-calls.ts";
import type { WebhookSender } from "../domain/webhooks/webhook-sender.ts";
import { type SpanRecorder, setError } from "./span-recorder.ts";

/**
 * Returns what records HTTP requests to other services. Their URLs can contain secrets, so that a span has the host and
 * the port only.
 * @param propagates whether the receiver gets the trace, in the header `traceparent`
 */
export const traceOutbound =
  (recorder: SpanRecorder, propagates: boolean): TraceOutbound =>
  (url, method, send) => {
    const port = Number(url.port) || (url.protocol === "https:" ? 443 : 80);
    const attributes = { "http.request.method": method, "server.address": url.hostname, "server.port": port };
    return recorder.run(method, { kind: SpanKind.CLIENT, attributes }, async (span) => {
      const response = await send(propagates ? recorder.headers() : {});
      const status = response.statusCode ?? 0;
      span?.setAttribute("http.response.status_code", status);
      if (span && status >= 400) setError(span, String(status));
      return response;
    });
  };

/** Returns calls of tools that are recorded, without their arguments and results. */
export function traceCalls(recorder: SpanRecorder, calls: UpstreamCalls): UpstreamCalls {
  return {
    call: (call) => {
      const { tool, server } = call;
      const attributes = {
        "mcp.method.name": "tools/call",
        "gen_ai.tool.name": tool,
        "gatehouse.mcp.server": server.slug,
      };
      return recorder.run(`tools/call ${tool}`, { kind: SpanKind.CLIENT, attributes }, async (span) => {
        const outcome = await calls.call(call);
        span?.setAttribute("gatehouse.mcp.outcome", describeOutcome(outcome));
        if (span && "cause" in outcome) setError(span, outcome.cause);
        return outcome;
      });
    },
    close: () => calls.close(),
  };
}

function describeOutcome(outcome: UpstreamOutcome): string {
  if ("cause" in outcome) return outcome.cause;
  return outcome.kind === "result" && outcome.result.isError ? "tool-error" : outcome.kind;
}

/** Returns a sender of webhooks whose messages are recorded, by the id of the audit event. */
export function traceSender(recorder: SpanRecorder, sender: Pick<WebhookSender, "send">): Pick<WebhookSender, "send"> {
  return {
    send: (url, message, secrets, aborted) => {
      const attributes = { "gatehouse.event_id": message.id };
      return recorder.run("webhook delivery", { kind: SpanKind.PRODUCER, attributes }, async (span) => {
        const result = await sender.send(url, message, secrets, aborted);
        if (span && !result.isDelivered) setError(span, String(result.status ?? "unreachable"));
        return result;
      });
    },
  };
}
