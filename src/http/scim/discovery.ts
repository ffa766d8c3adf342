import { type Request, type RequestHandler, type Response, Router } from "express";
import SCIMMYRouters from "scimmy-routers";
import { AppError } from "../../errors.ts";
import { cursorSeconds } from "../cursor.ts";
import { byMethod } from "../methods.ts";
import { sendJson } from "../send.ts";
import { bulkBytesMax, bulkOperationsMax } from "./bulk-message.ts";
import { scimMediaType } from "./errors.ts";
import { countDefault, countMax } from "./listing.ts";
import { resourceSchemas } from "./schema.ts";

// Made once: what the library is configured with is the whole process's, and each construction would add to it.
const documents = new SCIMMYRouters({
  type: "bearer",
  handler: () => "authenticated", // every request has passed our own guard before
  baseUri: (req) => String(req.res?.locals["publicUrl"]),
});

/**
 * Serves discovery (RFC 7644 section 4). The lists of schemas and resource types are the library's, made from the
 * definitions that everything here goes by; it sees only requests that it answers with 200, and no bodies.
 * @param publicUrl the configured address, so that no Host header ends up in a location
 */
export function discovery(publicUrl: string): Router {
  const router = Router();
  const config = serviceProviderConfig(publicUrl);
  const serve = (path: string, handler: (req: Request, res: Response) => unknown): void => {
    router.all(path, refuseFilter, byMethod({ GET: handler }));
  };
  serve("/ServiceProviderConfig", (_req, res) => sendJson(res, 200, scimMediaType, config));
  const types = resourceSchemas.map(({ type }): string => type);
  const urns = resourceSchemas.flatMap(({ urn, extensions }) => [urn, ...extensions.map((each) => each.urn)]);
  for (const [path, names] of [["/ResourceTypes", types] as const, ["/Schemas", urns] as const]) {
    serve(path, fromLibrary(publicUrl, path));
    serve(`${path}/:name`, (req, res) => {
      const asked = String(req.params["name"]).toLowerCase();
      const name = names.find((each) => each.toLowerCase() === asked);
      if (name === undefined) throw new AppError("not-found", "There is nothing at this address.");
      return fromLibrary(publicUrl, `${path}/${name}`)(req, res);
    });
  }
  return router;
}

/** What is offered here (RFC 7643 section 5, RFC 9865 section 4). */
function serviceProviderConfig(publicUrl: string): object {
  return {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
    patch: { supported: true },
    bulk: { supported: true, maxOperations: bulkOperationsMax, maxPayloadSize: bulkBytesMax },
    filter: { supported: true, maxResults: countMax },
    changePassword: { supported: false },
    sort: { supported: true },
    etag: { supported: true },
    pagination: {
      cursor: true,
      index: true,
      defaultPaginationMethod: "index",
      defaultPageSize: countDefault,
      maxPageSize: countMax,
      cursorTimeout: cursorSeconds,
    },
    authenticationSchemes: [
      {
        type: "oauthbearertoken",
        name: "OAuth Bearer Token",
        description: "An API token with the scope admin:scim, sent as a bearer token.",
        specUri: "https://www.rfc-editor.org/rfc/rfc6750",
        primary: true,
      },
    ],
    meta: {
      resourceType: "ServiceProviderConfig",
      location: `${publicUrl}/scim/v2/ServiceProviderConfig`,
    },
  };
}

const refuseFilter: RequestHandler = (req, _res, next) => {
  if (Object.keys(req.query).some((name) => name.toLowerCase() === "filter")) {
    throw new AppError("forbidden", "Discovery cannot be filtered.");
  }
  next();
};

/** It would name a page size; `itemsPerPage` is how many resources the answer has (RFC 7644 section 3.4.2). */
function withTrueCount(body: unknown): unknown {
  const { Resources } = body as { readonly Resources?: readonly unknown[] };
  return Resources ? { ...(body as object), itemsPerPage: Resources.length } : body;
}

/** What of a request speaks of its body; a GET's means nothing (RFC 9110 section 9.3.1). */
const bodyHeaders = ["content-type", "content-length", "content-encoding", "transfer-encoding"] as const;

/** The library asks for its base address at each request, and sends through `res.send`, which would add a charset. */
const fromLibrary =
  (publicUrl: string, path: string) =>
  (req: Request, res: Response): Promise<void> => {
    Object.defineProperty(req, "query", { value: {} }); // the library would read meaning into what is left
    for (const name of bodyHeaders) delete req.headers[name]; // it would parse the body, and answer what is wrong with it
    req.url = path;
    res.locals["publicUrl"] = publicUrl;
    return new Promise((resolve, reject) => {
      res.send = (body: unknown) => {
        sendJson(res, res.statusCode, scimMediaType, withTrueCount(body));
        resolve();
        return res;
      };
      documents(req, res, (error: unknown) => reject(error ?? new Error("the library has no such document")));
    });
  };
