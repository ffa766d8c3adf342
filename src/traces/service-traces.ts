import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from "@opentelemetry/sdk-trace-base";
import type { TraceOutbound } from "../domain/outbound/guarded-http.ts";
import type { UpstreamCalls } from "../domain/upstream/upstream-calls.ts";
import type { WebhookSender } from "../domain/webhooks/webhook-sender.ts";
import type { RequestTracer } from "../http/server/request-tracer.ts";
import type { Log } from "../log.ts";
import type { EndedOperation } from "../store/measured-store.ts";
import { traceCalls, traceOutbound, traceSender } from "./outbound-traces.ts";
import { RequestTraces } from "./request-traces.ts";
import { ReportingExporter } from "./span-export.ts";
import { SpanRecorder } from "./span-recorder.ts";
import { traceStore } from "./store-traces.ts";
import { type Exchanges, traceExchanges, traceVerifier, type Verifier } from "./token-traces.ts";

export interface TraceOptions {
  readonly protocol: "http/protobuf" | "http/json";
  /** Whether traces continue those of clients, and are passed on to MCP servers and webhooks. */
  readonly propagates: boolean;
  readonly engine: "sqlite" | "mongodb";
  /** The version of the service. */
  readonly version: string;
  readonly log: Log;
}

/** How long a shutdown waits for the receiver of the last spans, in milliseconds. */
const flushMsMax = 5000;

/**
 * The traces of the service, for OpenTelemetry. The other modules do not know it: requests and the store report to their
 * observers, and the composition root decorates what calls other services. docs/operations.md lists every span.
 */
export class ServiceTraces {
  readonly requestTracer: RequestTracer;
  readonly recordOperation: (operation: EndedOperation) => void;
  /** For MCP servers and webhooks. */
  readonly outbound: TraceOutbound;
  /** For authorization servers, which do not get the trace. */
  readonly outboundWithoutHeader: TraceOutbound;
  readonly #provider: BasicTracerProvider;
  readonly #recorder: SpanRecorder;

  constructor(exporter: SpanExporter, { propagates, engine, version, log }: TraceOptions) {
    this.#provider = new BasicTracerProvider({
      resource: defaultResource()
        .merge(
          resourceFromAttributes({
            "service.name": "gatehouse",
            "service.version": version,
            "service.instance.id": randomUUID(),
          }),
        )
        .merge(detectResources({ detectors: [envDetector] })),
      spanProcessors: [new BatchSpanProcessor(new ReportingExporter(exporter, log))],
    });
    this.#recorder = new SpanRecorder(this.#provider.getTracer("gatehouse", version));
    this.requestTracer = new RequestTraces(this.#recorder, propagates);
    this.recordOperation = traceStore(this.#recorder, engine);
    this.outbound = traceOutbound(this.#recorder, propagates);
    this.outboundWithoutHeader = traceOutbound(this.#recorder, false);
  }

  /** Runs code that belongs to no request, although a request starts it. */
  detach(run: () => void): void {
    this.#recorder.detach(run);
  }

  traceCalls(calls: UpstreamCalls): UpstreamCalls {
    return traceCalls(this.#recorder, calls);
  }

  traceVerifier(verifier: Verifier): Verifier {
    return traceVerifier(this.#recorder, verifier);
  }

  traceExchanges(exchanges: Exchanges): Exchanges {
    return traceExchanges(this.#recorder, exchanges);
  }

  traceSender(sender: Pick<WebhookSender, "send">): Pick<WebhookSender, "send"> {
    return traceSender(this.#recorder, sender);
  }

  /** Sends the last spans. It waits for the receiver for a limited time. */
  async close(): Promise<void> {
    const sent = this.#provider.shutdown().catch(() => undefined); // the exporter has reported it
    await Promise.race([sent, delay(flushMsMax, undefined, { ref: false })]);
  }
}

/** Creates the traces with the exporter of the protocol. Only this one is loaded. */
export async function createTraces(options: TraceOptions): Promise<ServiceTraces> {
  return new ServiceTraces(await createExporter(options.protocol), options);
}

async function createExporter(protocol: TraceOptions["protocol"]): Promise<SpanExporter> {
  if (protocol === "http/json") {
    const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-http");
    return new OTLPTraceExporter();
  }
  const { OTLPTraceExporter } = await import("@opentelemetry/exporter-trace-otlp-proto");
  return new OTLPTraceExporter();
}
