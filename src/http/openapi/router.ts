import { type Request, type RequestHandler, type Response, Router } from "express";
import { routeMethods } from "../server/methods.ts";
import { sendText } from "../server/send.ts";
import { documentViews } from "./documented-operation.ts";
import { createDocumentSource, type DocumentForms } from "./documents.ts";
import { documentPaths } from "./reference-page.ts";
import { stylesheet } from "./stylesheet.ts";

/**
 * Routes the documents of both views, as YAML and JSON, and their reference pages: `/openapi.yaml`, `/openapi.json` and
 * `/reference` for the organization's, `/openapi-user.yaml`, `/openapi-user.json` and `/reference-user` for a user's. They
 * require no credential, because they describe the code and contain no stored data.
 * @param publicUrl the URL of the service, which the documents name as their server
 */
export function openApiRouter(publicUrl: string): Router {
  const router = Router({ strict: true }); // the pages link their stylesheet by a relative URL
  const getDocuments = createDocumentSource({ serverUrl: publicUrl });
  for (const view of documentViews) {
    const { name, page } = documentPaths[view];
    const serveForm = (mediaType: string, form: keyof DocumentForms): RequestHandler =>
      serve(mediaType, async () => (await getDocuments())[view][form]);
    router.all(`/${name}.yaml`, serveForm("application/yaml", "yaml"));
    router.all(`/${name}.json`, serveForm("application/json", "json"));
    router.all(`/${page}`, contentSecurityPolicy, serveForm("text/html; charset=utf-8", "referencePage"));
  }
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
