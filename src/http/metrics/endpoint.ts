import express, { type Express, type Request, type RequestHandler, type Response } from "express";
import { AppError } from "../../errors.ts";
import type { Log } from "../../log.ts";
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
 */
export function createMetricsApp(metrics: MetricsSource, log: Log): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.use(identifyRequest, protectResponse);
  app.all("/metrics", routeMethods({ GET: serveMetrics(metrics) }));
  app.use(rejectUnknownPath);
  app.use(problemHandler(log));
  return app;
}

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
