import express, { type Express, type Request, type RequestHandler, type Response } from "express";
import { AppError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { isRebindingProof, readHostname } from "../server/hostname.ts";
import { routeMethods } from "../server/methods.ts";
import { problemHandler } from "../server/problem.ts";
import { identifyRequest } from "../server/request.ts";
import { sendText } from "../server/send.ts";

/** The source of what `GET /metrics` returns. */
export interface MetricsSource {
  readonly contentType: string;
  /** Returns all metrics in the text format of Prometheus. */
  render(): Promise<string>;
}

/**
 * Creates the app of the metrics listener. It serves `GET /metrics` without a credential and nothing else. It never shares
 * a port with the APIs, because metrics concern all organizations, and no token of one organization may read them.
 * @param host the address that it listens on. On a loopback address, requests under other names than `localhost` are
 *   rejected, because a web page in a browser of this machine can send them (DNS rebinding)
 */
export function createMetricsApp(metrics: MetricsSource, host: string, log: Log): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.use(identifyRequest, protectResponse);
  if (loopbackPattern.test(host)) app.use(rejectOtherNames);
  app.all("/metrics", routeMethods({ GET: serveMetrics(metrics) }));
  app.use(rejectUnknownPath);
  app.use(problemHandler(log));
  return app;
}

const loopbackPattern = /^(?:127\.[\d.]+|::1|localhost)$/i;

/** @throws AppError forbidden */
const rejectOtherNames: RequestHandler = (req, _res, next) => {
  if (isRebindingProof(readHostname(req))) return next();
  throw new AppError("forbidden", "Request the metrics at the address of METRICS_HOST, or at localhost.");
};

/** Scrapes that arrive while one is rendered share it, so that many of them cost what one does. */
function serveMetrics({ contentType, render }: MetricsSource): (req: Request, res: Response) => Promise<void> {
  let rendering: Promise<string> | undefined;
  return async (_req, res) => {
    rendering ??= render().finally(() => {
      rendering = undefined;
    });
    sendText(res, 200, contentType, await rendering);
  };
}

const protectResponse: RequestHandler = (_req, res, next) => {
  res.setHeader("Cache-Control", "no-store");
  res.setHeader("X-Content-Type-Options", "nosniff");
  next();
};

const rejectUnknownPath: RequestHandler = () => {
  throw new AppError("not-found", "No resource exists at this path. Metrics are at /metrics.");
};
