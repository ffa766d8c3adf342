import { type Request, type RequestHandler, type Response, Router } from "express";
import { routeMethods } from "../server/methods.ts";
import { sendText } from "../server/send.ts";
import { buildOpenApiDocument } from "./document.ts";
import { renderReferencePage } from "./reference-page.ts";
import { stylesheet } from "./stylesheet.ts";
import { toYaml } from "./yaml.ts";

/**
 * Routes `/openapi.yaml`, `/openapi.json` and the page `/reference`. They require no credential, because they describe
 * the code and contain no stored data.
 */
export function openApiRouter(): Router {
  const router = Router({ strict: true }); // the page links its stylesheet by a relative URL
  setImmediate(() => [getYaml, getJson, getReferencePage].map((build) => build()));
  router.all("/openapi.yaml", serve("application/yaml", getYaml));
  router.all("/openapi.json", serve("application/json", getJson));
  router.all("/reference", contentSecurityPolicy, serve("text/html; charset=utf-8", getReferencePage));
  router.all(
    "/reference.css",
    serve("text/css; charset=utf-8", () => stylesheet),
  );
  return router;
}

const serve = (mediaType: string, render: () => string): RequestHandler =>
  routeMethods({ GET: (_req: Request, res: Response) => sendText(res, 200, mediaType, render()) });

/** The page loads only its stylesheet. */
const contentSecurityPolicy: RequestHandler = (_req, res, next) => {
  res.setHeader(
    "Content-Security-Policy",
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  );
  next();
};

// Built once per process, at startup: it takes a third of a second, and no request should wait for it.
const getDocument = memoize(buildOpenApiDocument);
const getYaml = memoize(() => toYaml(getDocument()));
const getJson = memoize(() => JSON.stringify(getDocument()));
const getReferencePage = memoize(() => renderReferencePage(getDocument()));

function memoize<T>(compute: () => T): () => T {
  let cached: { readonly value: T } | undefined;
  return () => {
    cached ??= { value: compute() };
    return cached.value;
  };
}
