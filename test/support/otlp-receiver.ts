import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A span as it arrived (OTLP/JSON), with its attributes as an object. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for the first span of a trace. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly isError: boolean;
  readonly startTime: bigint;
  readonly endTime: bigint;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** The request of an exporter. */
export interface ReceivedExport {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** A receiver of traces: a real OTLP/HTTP server that keeps what it receives. */
export interface OtlpReceiver {
  readonly url: string;
  readonly exports: readonly ReceivedExport[];
  /** The attributes of the service that sent the first spans. */
  readonly resource: Readonly<Record<string, unknown>>;
  readonly spans: readonly ReceivedSpan[];
  /** How the next exports are responded to; by default with 200. */
  respond: (response: ServerResponse) => void;
  /** Waits until exports contain a span that matches. */
  waitFor(matches: (span: ReceivedSpan) => boolean): Promise<ReceivedSpan>;
  /** Waits until that many exports have arrived. */
  waitForExports(count: number): Promise<void>;
  close(): Promise<void>;
}

/** @param port the port to listen on; by default, a free one */
export async function startOtlpReceiver(port = 0): Promise<OtlpReceiver> {
  const exports: ReceivedExport[] = [];
  const spans: ReceivedSpan[] = [];
  let resource: Readonly<Record<string, unknown>> = {};
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks);
    exports.push({ path: req.url ?? "", headers: req.headers, body });
    if (req.headers["content-type"] === "application/json") {
      const decoded = decode(body.toString());
      resource = decoded.resource;
      spans.push(...decoded.spans);
    }
    server.emit("export");
    receiver.respond(res);
  }).listen(port, "127.0.0.1");
  await once(server, "listening");
  const receiver: OtlpReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    exports,
    get resource() {
      return resource;
    },
    spans,
    respond: (res) => void res.writeHead(200, { "content-type": "application/json" }).end("{}"),
    waitFor: async (matches) => {
      for (;;) {
        const span = spans.find(matches);
        if (span) return span;
        await once(server, "export");
      }
    },
    waitForExports: async (count) => {
      while (exports.length < count) await once(server, "export");
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return receiver;
}

interface JsonAttribute {
  readonly key: string;
  readonly value: Readonly<Record<string, unknown>>;
}

const toObject = (attributes: readonly JsonAttribute[]): Readonly<Record<string, unknown>> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

/** Decodes an `ExportTraceServiceRequest` (OTLP/JSON). */
function decode(text: string): {
  readonly resource: Readonly<Record<string, unknown>>;
  readonly spans: readonly ReceivedSpan[];
} {
  // biome-ignore lint/suspicious/noExplicitAny: JSON of a protocol
  const { resourceSpans } = JSON.parse(text) as { resourceSpans: any[] };
  const spans = resourceSpans.flatMap(({ scopeSpans }) =>
    scopeSpans.flatMap((each: { spans: object[] }) => each.spans),
  );
  return {
    resource: toObject(resourceSpans[0]?.resource.attributes ?? []),
    spans: spans.map((span) => ({
      ...{ traceId: span.traceId, spanId: span.spanId, parentSpanId: span.parentSpanId ?? "" },
      ...{ name: span.name, kind: span.kind, isError: span.status?.code === 2 },
      ...{ startTime: BigInt(span.startTimeUnixNano), endTime: BigInt(span.endTimeUnixNano) },
      attributes: toObject(span.attributes),
    })),
  };
}
