import type { Request, Response } from "express";
import SCIMMYRouters from "scimmy-routers";
import type { ScimExtension } from "../../../schemas/scim-extension.ts";
import { AppError } from "../../errors.ts";
import { type ResourceSchema, resourceSchemas } from "../../scim/schema/resource-schema.ts";
import { cursorTimeoutSeconds } from "../server/cursor.ts";
import { requireCaller } from "../server/request.ts";
import { sendJson } from "../server/send.ts";
import { bulkBytesMax, bulkOperationsMax } from "./bulk/message.ts";
import { scimMediaType } from "./errors.ts";
import { extendResourceTypes, extendSchemas, renderSchema } from "./extension-discovery.ts";
import { countDefault, countMax } from "./listing.ts";
import type { ScimHandler, ScimServices } from "./operation.ts";

// One instance per process: SCIMMY's configuration is global, and every construction would add to it.
const scimmyRouter = new SCIMMYRouters({
  type: "bearer",
  handler: () => "authenticated", // the router has authenticated every request before
  baseUri: (req) => String(req.res?.locals["publicUrl"]),
});

const typeNames: readonly string[] = resourceSchemas.map(({ type }) => type);
const schemaUrns: readonly string[] = resourceSchemas.flatMap(({ urn, extensions }) => [
  urn,
  ...extensions.map((extension) => extension.urn),
]);

/** `GET /ServiceProviderConfig` (RFC 7644 section 4). */
export function serviceProviderConfigHandler({ publicUrl }: ScimServices): ScimHandler {
  const config = serviceProviderConfig(publicUrl);
  return (req, res) => {
    rejectFilter(req);
    sendJson(res, 200, scimMediaType, config);
  };
}

/** `GET /ResourceTypes`, which scimmy-routers generates, with the extensions of the organization. */
export const resourceTypesHandler =
  (services: ScimServices): ScimHandler =>
  async (req, res) => {
    rejectFilter(req);
    const schemas = await listOwnSchemas(req, services);
    await serveFromScimmy(req, res, services, "/ResourceTypes", (body) => extendResourceTypes(body, schemas));
  };

/** `GET /ResourceTypes/{name}`, which scimmy-routers generates, with the extensions of the organization. */
export const resourceTypeHandler =
  (services: ScimServices): ScimHandler =>
  async (req, res) => {
    rejectFilter(req);
    const name = findName(req.params["name"], typeNames);
    if (name === undefined) throw new AppError("not-found", "ResourceType not found.");
    const schemas = await listOwnSchemas(req, services);
    await serveFromScimmy(req, res, services, `/ResourceTypes/${name}`, (body) => extendResourceTypes(body, schemas));
  };

/** `GET /Schemas`, which scimmy-routers generates, with the schemas that the organization declares. */
export const schemasHandler =
  (services: ScimServices): ScimHandler =>
  async (req, res) => {
    rejectFilter(req);
    const declarations = listDeclarations(await listOwnSchemas(req, services));
    const extend = (body: unknown): unknown => extendSchemas(body, declarations, services.publicUrl);
    await serveFromScimmy(req, res, services, "/Schemas", extend);
  };

/** `GET /Schemas/{urn}`, which scimmy-routers generates, except for the schemas that the organization declares. */
export const schemaHandler =
  (services: ScimServices): ScimHandler =>
  async (req, res) => {
    rejectFilter(req);
    const urn = findName(req.params["urn"], schemaUrns);
    if (urn !== undefined) return serveFromScimmy(req, res, services, `/Schemas/${urn}`);
    const declarations = listDeclarations(await listOwnSchemas(req, services));
    const declaredUrn = findName(
      req.params["urn"],
      declarations.map((each) => each.urn),
    );
    const declaration = declarations.find((each) => each.urn === declaredUrn);
    if (!declaration) throw new AppError("not-found", "Schema not found.");
    sendJson(res, 200, scimMediaType, renderSchema(declaration, services.publicUrl));
  };

/** Names and URNs are case-insensitive (RFC 7643 section 2.1). */
function findName(requested: unknown, names: readonly string[]): string | undefined {
  const requestedName = String(requested).toLowerCase();
  return names.find((each) => each.toLowerCase() === requestedName);
}

/** Returns the resource types of the caller's organization. */
function listOwnSchemas(req: Request, { schemas }: ScimServices): Promise<readonly ResourceSchema[]> {
  const { organizationId } = requireCaller(req);
  return Promise.all(resourceSchemas.map(({ type }) => schemas.get(organizationId, type)));
}

const listDeclarations = (schemas: readonly ResourceSchema[]): readonly ScimExtension[] =>
  schemas.flatMap(({ extensions }) => extensions.flatMap(({ declaration }) => declaration ?? []));

/** The supported features (RFC 7643 section 5, RFC 9865 section 4). */
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
      cursorTimeout: cursorTimeoutSeconds,
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

/** @throws AppError forbidden for a filter (RFC 7644 section 4) */
function rejectFilter({ query }: Request): void {
  if (Object.keys(query).some((name) => name.toLowerCase() === "filter")) {
    throw new AppError("forbidden", "Discovery does not support filter.");
  }
}

/** Headers that describe a request body. The body of a GET has no meaning (RFC 9110 section 9.3.1). */
const bodyHeaders = ["content-type", "content-length", "content-encoding", "transfer-encoding"] as const;

/**
 * Serves a document of scimmy-routers, generated from the same schema definitions that validate requests. The library
 * receives only requests for documents that exist, without query and body.
 * @param services.publicUrl configured base URL of the document's locations, so that no Host header ends up in them
 * @param extend adds what the organization declares
 */
function serveFromScimmy(
  req: Request,
  res: Response,
  { publicUrl }: Pick<ScimServices, "publicUrl">,
  path: string,
  extend: (body: unknown) => unknown = (body) => body,
): Promise<void> {
  Object.defineProperty(req, "query", { value: {} }); // the library would interpret the remaining parameters
  for (const name of bodyHeaders) delete req.headers[name]; // the library would parse the body and reject an invalid one
  req.url = path;
  res.locals["publicUrl"] = publicUrl; // the library reads its base URL on each request
  return new Promise((resolve, reject) => {
    // The library sends by `res.send`, which would add a charset to the media type.
    res.send = (body: unknown) => {
      sendJson(res, res.statusCode, scimMediaType, withActualItemsPerPage(extend(body)));
      resolve();
      return res;
    };
    scimmyRouter(req, res, (error: unknown) => reject(error ?? new Error(`scimmy-routers does not serve ${path}`)));
  });
}

/** The library sets a page size; `itemsPerPage` is the number of resources in the response (RFC 7644 section 3.4.2). */
function withActualItemsPerPage(body: unknown): unknown {
  const { Resources } = body as { readonly Resources?: readonly unknown[] };
  return Resources ? { ...(body as object), itemsPerPage: Resources.length } : body;
}
