import { type Request, type RequestHandler, type Response, Router } from "express";
import { byMethod } from "../methods.ts";
import { sendText } from "../send.ts";
import { openApiDocument } from "./document.ts";
import { referencePage } from "./reference-page.ts";
import { stylesheet } from "./stylesheet.ts";
import { yamlOf } from "./yaml.ts";

/**
 * `/openapi.yaml`, `/openapi.json` and the page `/reference`. They are for everybody: they tell what the code tells, and
 * nothing of what is stored.
 */
export function openApiRouter(): Router {
  const router = Router({ strict: true }); // the page names its stylesheet beside itself
  setImmediate(() => [yaml, json, page].map((make) => make()));
  router.all("/openapi.yaml", serving("application/yaml", yaml));
  router.all("/openapi.json", serving("application/json", json));
  router.all("/reference", strictly, serving("text/html; charset=utf-8", page));
  router.all(
    "/reference.css",
    serving("text/css; charset=utf-8", () => stylesheet),
  );
  return router;
}

const serving = (mediaType: string, text: () => string): RequestHandler =>
  byMethod({ GET: (_req: Request, res: Response) => sendText(res, 200, mediaType, text()) });

/** The page needs its stylesheet and nothing else. */
const strictly: RequestHandler = (_req, res, next) => {
  res.setHeader(
    "Content-Security-Policy",
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  );
  next();
};

// Made once for the whole process, while it starts: it takes a third of a second, for which no request should wait.
const document = once(openApiDocument);
const yaml = once(() => yamlOf(document()));
const json = once(() => JSON.stringify(document()));
const page = once(() => referencePage(document()));

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
