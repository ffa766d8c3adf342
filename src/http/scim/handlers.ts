import type { Request } from "express";
import type { Caller } from "../../domain/caller.ts";
import { AppError } from "../../errors.ts";
import { readExpectedVersion } from "../server/etag.ts";
import { requireCaller } from "../server/request.ts";
import { openContext } from "./context.ts";
import type { Endpoint, ScimResponse } from "./endpoint.ts";
import { listAllTypes, listResources, schemaForParameters } from "./listing.ts";
import type { ScimHandler } from "./operation.ts";
import { type ListParameters, parseQueryParameters, parseSearchRequest } from "./parameters.ts";
import { buildProjection, type Projection } from "./projection.ts";
import type { RemovalWatch } from "./removals.ts";
import { sendScimResponse } from "./respond.ts";

/** `GET /Users` (RFC 7644 section 3.4.2). */
export const listHandler = (endpoint: Endpoint): ScimHandler => queryHandler(parseQueryParameters, searchOne(endpoint));

/** `POST /Users/.search` (RFC 7644 section 3.4.3). */
export const searchHandler = (endpoint: Endpoint): ScimHandler => queryHandler(readSearchRequest, searchOne(endpoint));

/** `GET /` (RFC 7644 section 3.4.2.1). */
export const listAllHandler = (endpoints: readonly Endpoint[]): ScimHandler =>
  queryHandler(parseQueryParameters, searchAll(endpoints));

/** `POST /.search` (RFC 7644 section 3.4.3). */
export const searchAllHandler = (endpoints: readonly Endpoint[]): ScimHandler =>
  queryHandler(readSearchRequest, searchAll(endpoints));

type Search = (caller: Caller, parameters: ListParameters) => Promise<ScimResponse>;

const searchOne =
  (endpoint: Endpoint): Search =>
  (caller, parameters) =>
    listResources(endpoint, caller, parameters);

const searchAll =
  (endpoints: readonly Endpoint[]): Search =>
  (caller, parameters) =>
    listAllTypes(endpoints, caller, parameters);

const queryHandler =
  (readParameters: (req: Request) => ListParameters, search: Search): ScimHandler =>
  async (req, res) =>
    sendScimResponse(req, res, await search(requireCaller(req), readParameters(req)));

const readSearchRequest = (req: Request): ListParameters => parseSearchRequest(req.body);

// Every write reads the projection and If-Match first: an invalid parameter must fail before anything changes.

/** `POST /Users` (RFC 7644 section 3.3). */
export const createHandler =
  (endpoint: Endpoint): ScimHandler =>
  async (req, res) => {
    const projection = await readWriteProjection(endpoint, req);
    await sendScimResponse(req, res, await endpoint.create(openContext(req), req.body, projection));
  };

/** `GET /Users/{id}` (RFC 7644 section 3.4.1). */
export const readHandler =
  (endpoint: Endpoint): ScimHandler =>
  async (req, res) => {
    const projection = await readProjection(endpoint, req);
    await sendScimResponse(req, res, await endpoint.read(requireCaller(req), resourceId(req), projection));
  };

/** `PUT /Users/{id}` (RFC 7644 section 3.5.1). */
export const replaceHandler = (endpoint: Endpoint, watch: RemovalWatch): ScimHandler =>
  updateHandler(endpoint, watch, "replace", "PUT");

/** `PATCH /Users/{id}` (RFC 7644 section 3.5.2). */
export const patchHandler = (endpoint: Endpoint, watch: RemovalWatch): ScimHandler =>
  updateHandler(endpoint, watch, "patch", "PATCH");

const updateHandler =
  (endpoint: Endpoint, watch: RemovalWatch, operation: "replace" | "patch", method: "PUT" | "PATCH"): ScimHandler =>
  async (req, res) => {
    const context = openContext(req);
    const id = resourceId(req);
    const response = await watch(context, { endpoint, id, method, body: req.body }, async () => {
      const projection = await readWriteProjection(endpoint, req);
      return endpoint[operation](context, id, req.body, readExpectedVersion(req), projection);
    });
    await sendScimResponse(req, res, response);
  };

/** `DELETE /Users/{id}` (RFC 7644 section 3.6). */
export const deleteHandler =
  (endpoint: Endpoint, watch: RemovalWatch): ScimHandler =>
  async (req, res) => {
    const context = openContext(req);
    const id = resourceId(req);
    const response = await watch(context, { endpoint, id, method: "DELETE", body: undefined }, async () =>
      endpoint.remove(context, id, readExpectedVersion(req)),
    );
    await sendScimResponse(req, res, response);
  };

/** `GET /Me`: the user of a personal token (RFC 7644 section 3.11). Only the organization can change a user. */
export const meHandler =
  (users: Endpoint): ScimHandler =>
  async (req, res) => {
    const caller = requireCaller(req);
    if (caller.userId === undefined) {
      throw new AppError("not-implemented", "/Me requires a personal token, which identifies one user.");
    }
    const response = await users.read(caller, caller.userId, await readProjection(users, req));
    await sendScimResponse(req, res, response);
  };

const resourceId = (req: Request): string => String(req.params["id"]);

async function readProjection(endpoint: Endpoint, req: Request): Promise<Projection> {
  const parameters = parseQueryParameters(req);
  const schema = await schemaForParameters(endpoint, requireCaller(req), parameters);
  return buildProjection(schema, parameters.attributes, parameters.excludedAttributes);
}

/** A write reads the extensions of the organization once, for its input and for its response. */
async function readWriteProjection(endpoint: Endpoint, req: Request): Promise<Projection> {
  const { attributes, excludedAttributes } = parseQueryParameters(req);
  const schema = await endpoint.schemaOf(requireCaller(req).organizationId);
  return buildProjection(schema, attributes, excludedAttributes);
}
