import type { Request, RequestHandler } from "express";
import { describeRequest, type ObservedRequest } from "./request-observer.ts";

/** What a trace is started with. */
export interface StartedRequest {
  readonly method: string;
  readonly scheme: string;
  readonly requestId: string;
  /** The header with the client's trace (W3C Trace Context), not validated. */
  readonly traceparent: string | undefined;
}

/** The trace of one request. */
export interface RequestTrace {
  /** Undefined if the trace is not recorded. */
  readonly traceId: string | undefined;
  /** Runs the steps of the request, so that what they do belongs to the trace. */
  run(steps: () => void): void;
  /** @param route the template of the path, such as `/scim/v2/Users/:id`; undefined if the request ended before its route */
  end(request: ObservedRequest, route: string | undefined): void;
}

/** Traces requests. Its methods are called for each one and must be cheap. */
export interface RequestTracer {
  start(request: StartedRequest): RequestTrace;
}

/** Requests of load balancers and orchestrators every few seconds, which would bury the others. */
const untracedPaths = new Set(["/healthz", "/readyz"]);

/** Creates the step that runs the following steps of each request within a trace. */
export function traceRequests(tracer: RequestTracer): RequestHandler {
  return (req, res, next) => {
    if (untracedPaths.has(req.path)) return next();
    const startMs = performance.now();
    const { method, protocol: scheme, requestId } = req;
    const traceparent = req.headers["traceparent"];
    const trace = tracer.start({
      ...{ method, scheme, requestId },
      traceparent: typeof traceparent === "string" ? traceparent : undefined,
    });
    if (trace.traceId !== undefined) req.traceId = trace.traceId;
    res.once("close", () => trace.end(describeRequest(req, res, (performance.now() - startMs) / 1000), toRoute(req)));
    trace.run(next);
  };
}

/** Paths of routers and routes are constants of this service. The path of the request is not: it contains ids. */
function toRoute({ mountPath = "", route }: Request): string | undefined {
  const path: unknown = route?.path;
  if (typeof path !== "string") return undefined;
  return path === "/" && mountPath !== "" ? mountPath : mountPath + path;
}
