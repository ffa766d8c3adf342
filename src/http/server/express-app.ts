import { parse } from "node:querystring";
import express, { type Express, type RequestHandler, type Router } from "express";
import helmet from "helmet";
import { AppError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { openApiRouter } from "../openapi/router.ts";
import { type AccessLog, logAccess } from "./access-log.ts";
import { reportUntrustedProxy } from "./forwarded-for.ts";
import { problemHandler } from "./problem.ts";
import { identifyRequest } from "./request.ts";
import { observeRequests, type RequestObserver, recordMountPath } from "./request-observer.ts";
import { type RequestTracer, traceRequests } from "./request-tracer.ts";
import { sendJson } from "./send.ts";

export interface ExpressAppOptions {
  /** The APIs, by the path at which each is mounted. */
  readonly routers: Readonly<Record<string, Router>>;
  /** The URL of the service, which the OpenAPI documents name. */
  readonly publicUrl: string;
  /** Addresses and CIDR ranges of proxies that may set `X-Forwarded-For`; empty: none is trusted. */
  readonly trustProxy: readonly string[];
  /** The version of the service, which `/healthz` reports. */
  readonly version: string;
  /** Resolves when the database responds. */
  readonly ping: () => Promise<void>;
  readonly log: Log;
  /** Receives a line for each request. Absent: there is no access log. */
  readonly accessLog?: AccessLog | undefined;
  /** Receives each request at its end, for metrics and the counts of the organization. */
  readonly requestObserver: RequestObserver;
  /** Traces each request. */
  readonly requestTracer?: RequestTracer | undefined;
}

/**
 * Creates the Express app. Every request passes these steps in this order: the common steps, then the API, health
 * check or document that its path selects, else 404. An error that any step throws goes to the error handler.
 */
export function createExpressApp(options: ExpressAppOptions): Express {
  const { routers, publicUrl, trustProxy, version, ping, log, accessLog, requestObserver, requestTracer } = options;
  const commonSteps = [
    ...[reportUntrustedProxy(log), identifyRequest],
    ...(accessLog ? [logAccess(accessLog)] : []),
    observeRequests(requestObserver),
    ...(requestTracer ? [traceRequests(requestTracer)] : []),
    ...[helmet(), preventCaching],
  ];

  const app = express();
  configure(app, trustProxy);
  app.use(...commonSteps);
  for (const [path, router] of Object.entries(routers)) app.use(path, recordMountPath(path), router);
  app.get("/healthz", reportLiveness(version));
  app.get("/readyz", reportReadiness(ping));
  app.use(openApiRouter(publicUrl));
  app.use(rejectUnknownPath);
  app.use(problemHandler(log));
  return app;
}

function configure(app: Express, trustProxy: readonly string[]): void {
  app.disable("x-powered-by");
  app.disable("etag"); // entity tags are versions, not hashes of a body
  // Parses every parameter: a filter after the thousandth parameter must not be dropped, because the response would
  // then list all users.
  app.set("query parser", (queryString: string) => parse(queryString, "&", "=", { maxKeys: 0 }));
  app.set("trust proxy", trustProxy.length > 0 ? [...trustProxy] : false);
}

/** Responses are meant for one caller, and a shared cache may not know that `X-API-Key` is a credential. */
const preventCaching: RequestHandler = (_req, res, next) => {
  res.setHeader("Cache-Control", "no-store");
  next();
};

const reportLiveness =
  (version: string): RequestHandler =>
  (req, res) => {
    req.operationId = "healthz";
    sendJson(res, 200, "application/json", { status: "ok", version });
  };

const reportReadiness =
  (ping: () => Promise<void>): RequestHandler =>
  async (req, res) => {
    req.operationId = "readyz";
    await ping();
    sendJson(res, 200, "application/json", { status: "ok" });
  };

const rejectUnknownPath: RequestHandler = () => {
  throw new AppError("not-found", "No resource exists at this path.");
};
