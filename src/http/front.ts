import { parse } from "node:querystring";
import express, { type Express, type RequestHandler, type Router } from "express";
import helmet from "helmet";
import { AppError } from "../errors.ts";
import type { Log } from "../log.ts";
import { openApiRouter } from "./openapi/router.ts";
import { problemHandler } from "./problem.ts";
import { identifyRequest } from "./request.ts";
import { sendJson } from "./send.ts";

export interface Front {
  readonly doors: Readonly<Record<string, Router>>;
  readonly trustProxy: readonly string[];
  /** Resolves when the database answers. */
  readonly ping: () => Promise<void>;
  readonly log: Log;
}

/** The front of the house: what every request meets before its door, and where those go that have none. */
export function front({ doors, trustProxy, ping, log }: Front): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag"); // entity tags are versions, not hashes of an answer
  // All parameters: a filter behind the thousandth must not be lost, for that would answer with everybody.
  app.set("query parser", (text: string) => parse(text, "&", "=", { maxKeys: 0 }));
  app.set("trust proxy", trustProxy.length > 0 ? [...trustProxy] : false);
  app.use(identifyRequest, helmet(), neverStored);
  for (const [path, door] of Object.entries(doors)) app.use(path, door);
  app.get(
    "/healthz",
    status(async () => {}),
  );
  app.get("/readyz", status(ping));
  app.use(openApiRouter());
  app.use(() => {
    throw new AppError("not-found", "There is nothing at this address.");
  });
  app.use(problemHandler(log));
  return app;
}

/** Answers are for the one who asked; a cache on the way may not know that X-API-Key is a credential. */
const neverStored: RequestHandler = (_req, res, next) => {
  res.setHeader("Cache-Control", "no-store");
  next();
};

const status =
  (check: () => Promise<void>): RequestHandler =>
  async (_req, res) => {
    await check();
    sendJson(res, 200, "application/json", { status: "ok" });
  };
