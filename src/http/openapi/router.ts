import { type Request, type RequestHandler, type Response, Router } from "express";
import { routeMethods } from "../server/methods.ts";
import { sendText } from "../server/send.ts";
import { type Documents, getDocuments } from "./documents.ts";
import { stylesheet } from "./stylesheet.ts";

/**
 * Routes `/openapi.yaml`, `/openapi.json` and the page `/reference`. They require no credential, because they describe
 * the code and contain no stored data.
 */
export function openApiRouter(): Router {
  const router = Router({ strict: true }); // the page links its stylesheet by a relative URL
  const serveDocument = (mediaType: string, name: keyof Documents): RequestHandler =>
    serve(mediaType, async () => (await getDocuments())[name]);
  router.all("/openapi.yaml", serveDocument("application/yaml", "yaml"));
  router.all("/openapi.json", serveDocument("application/json", "json"));
  router.all("/reference", contentSecurityPolicy, serveDocument("text/html; charset=utf-8", "referencePage"));
  router.all(
    "/reference.css",
    serve("text/css; charset=utf-8", async () => stylesheet),
  );
  return router;
}

const serve = (mediaType: string, read: () => Promise<string>): RequestHandler =>
  routeMethods({ GET: async (_req: Request, res: Response) => sendText(res, 200, mediaType, await read()) });

/** The page loads only its stylesheet. */
const contentSecurityPolicy: RequestHandler = (_req, res, next) => {
  res.setHeader(
    "Content-Security-Policy",
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  );
  next();
};
