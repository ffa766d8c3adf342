import type { Span } from "@opentelemetry/api";
import { parseTraceParent } from "@opentelemetry/core";
import type { ObservedRequest } from "../http/server/request-observer.ts";
import type { RequestTrace, RequestTracer, StartedRequest } from "../http/server/request-tracer.ts";
import { redactText } from "../log.ts";
import { type SpanRecorder, setError } from "./span-recorder.ts";

/** The methods that spans name. Another one is a string of the client. */
const knownMethods = new Set(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "QUERY", "TRACE", "CONNECT"]);

/**
 * One span for each request, by the semantic conventions of OpenTelemetry for HTTP servers. It has the route and never the
 * path, the query, a header, an address or a user.
 */
export class RequestTraces implements RequestTracer {
  readonly #recorder: SpanRecorder;
  readonly #propagates: boolean;

  /** @param propagates whether the trace of the client is continued */
  constructor(recorder: SpanRecorder, propagates: boolean) {
    this.#recorder = recorder;
    this.#propagates = propagates;
  }

  start({ method, scheme, requestId, traceparent }: StartedRequest): RequestTrace {
    const knownMethod = knownMethods.has(method) ? method : "_OTHER";
    const remote = this.#propagates && traceparent !== undefined ? parseTraceParent(traceparent) : undefined;
    const attributes = {
      "http.request.method": knownMethod,
      "url.scheme": scheme,
      "gatehouse.request_id": redactText(requestId),
    };
    const name = knownMethod === "_OTHER" ? "HTTP" : knownMethod;
    const span = this.#recorder.startRequest(name, attributes, remote ?? undefined);
    return {
      traceId: span.isRecording() ? span.spanContext().traceId : undefined,
      run: (steps) => this.#recorder.runIn(span, steps),
      end: (request, route) => {
        describeEnd(span, name, request, route);
        span.end();
      },
    };
  }
}

function describeEnd(span: Span, name: string, request: ObservedRequest, route: string | undefined): void {
  if (!span.isRecording()) return;
  const { api, operationId, status } = request;
  if (route !== undefined) {
    span.updateName(`${name} ${route}`);
    span.setAttribute("http.route", route);
  }
  span.setAttribute("gatehouse.api", api);
  if (operationId !== undefined) span.setAttribute("gatehouse.operation", operationId);
  if (status === undefined) span.setAttribute("error.type", "aborted");
  else span.setAttribute("http.response.status_code", status);
  if (status !== undefined && status >= 500) setError(span, String(status));
}
