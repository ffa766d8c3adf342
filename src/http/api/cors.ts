import cors from "cors";
import type { RequestHandler } from "express";
import { isUserViewRequest } from "./kernel/view.ts";

/** What a browser may send besides the headers that it always may. */
const allowedHeaders = [
  ...["Authorization", "X-API-Key", "X-User-Email", "X-Request-Id"],
  ...["Content-Type", "If-Match", "If-None-Match", "Idempotency-Key"],
];
/** What a page may read besides the headers that it always may. */
const exposedHeaders = [
  ...["ETag", "Location", "Retry-After", "RateLimit", "RateLimit-Policy", "WWW-Authenticate"],
  ...["X-Request-Id", "X-Token-Expires-At", "Gatehouse-Version", "Gatehouse-Dry-Run", "Idempotent-Replayed"],
];
/** How long a browser may use the response to a preflight request, in seconds. Chromium limits it to this. */
const preflightSeconds = 7200;

/** The steps for requests of web pages of other origins. */
export interface CorsSteps {
  /** Allows the origins, and responds to preflight requests. It comes first, because these have no credential. */
  readonly allow: RequestHandler;
  /** Hides the response from the page, unless it is a user's view. It comes when the caller is known. */
  readonly restrict: RequestHandler;
}

/**
 * Creates the steps for web pages of other origins (Cross-Origin Resource Sharing, https://fetch.spec.whatwg.org). Pages
 * may use a user's view only: a token for the organization's view does not belong in a browser. Credentials that a
 * browser adds by itself, such as cookies, are never allowed.
 * @param origins in lower case; without any, responses have no header of CORS
 */
export function corsSteps(origins: readonly string[]): CorsSteps {
  if (origins.length === 0) return { allow: passOn, restrict: passOn };
  const respond = cors({
    origin: [...origins],
    ...{ allowedHeaders, exposedHeaders, maxAge: preflightSeconds },
    methods: ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
  });
  return {
    allow: (req, res, next) => {
      if (req.headers.origin !== undefined) return respond(req, res, next);
      res.vary("Origin");
      next();
    },
    restrict: (req, res, next) => {
      if (!isUserViewRequest(req)) res.removeHeader("Access-Control-Allow-Origin");
      next();
    },
  };
}

const passOn: RequestHandler = (_req, _res, next) => next();
