import { type RequestHandler, Router } from "express";
import SCIMMY from "scimmy";
import SCIMMYRouters from "scimmy-routers";
import { AppError } from "../../errors.ts";
import { sendJson } from "../send.ts";
import { scimMediaType } from "./errors.ts";
import { countMax } from "./query.ts";

/** The documents of RFC 7644 section 4, which the libraries make from the definitions. */
export const discoveryPaths = ["/ServiceProviderConfig", "/Schemas{/:id}", "/ResourceTypes{/:id}"];

// Made once: what the library is configured with is the whole process's, and each construction would add to it.
const documents = new SCIMMYRouters({
  type: "bearer",
  docUri: "https://www.rfc-editor.org/rfc/rfc6750",
  handler: () => "authenticated", // every request has passed our own guard before
  baseUri: (req) => String(req.res?.locals["publicUrl"]),
});
// The constructor switches everything on; this is what is really there.
SCIMMY.Config.set({
  patch: true,
  filter: { supported: true, maxResults: countMax },
  sort: true,
  etag: true,
  bulk: false,
  changePassword: false,
});

/**
 * Serves discovery. Only GETs of its own paths without a filter reach the library's router; a filter there is
 * forbidden by RFC 7644 section 4.
 * @param publicUrl the configured address, so that no Host header ends up in a location
 */
export function discovery(publicUrl: string): Router {
  const router = Router();
  router.get(discoveryPaths, refuseFilter, answerAsConfigured(publicUrl), documents);
  return router;
}

const refuseFilter: RequestHandler = (req, _res, next) => {
  if (Object.keys(req.query).some((name) => name.toLowerCase() === "filter")) {
    throw new AppError("forbidden", "Discovery cannot be filtered.");
  }
  next();
};

/** The library asks for its base address at each request, and sends through `res.send`, which would add a charset. */
const answerAsConfigured =
  (publicUrl: string): RequestHandler =>
  (req, res, next) => {
    Object.defineProperty(req, "query", { value: {} }); // the library would read meaning into what is left
    res.locals["publicUrl"] = publicUrl;
    res.send = (body: unknown) => {
      sendJson(res, res.statusCode, scimMediaType, body);
      return res;
    };
    next();
  };
