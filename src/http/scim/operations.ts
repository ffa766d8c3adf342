import type { z } from "zod";
import type { Scope } from "../../../schemas/token.ts";
import { groupSchema, type ResourceSchema, userSchema } from "../../scim/schema/resource-schema.ts";
import { bulkHandler } from "./bulk/bulk.ts";
import {
  resourceTypeHandler,
  resourceTypesHandler,
  schemaHandler,
  schemasHandler,
  serviceProviderConfigHandler,
} from "./discovery.ts";
import type { Endpoint } from "./endpoint.ts";
import {
  createHandler,
  deleteHandler,
  listAllHandler,
  listHandler,
  meHandler,
  patchHandler,
  readHandler,
  replaceHandler,
  searchAllHandler,
  searchHandler,
} from "./handlers.ts";
import type { ScimOperation, ScimServices } from "./operation.ts";
import {
  resourceType,
  resourceTypeList,
  schemaDefinition,
  schemaList,
  serviceProviderConfig,
} from "./schemas/discovery.ts";
import {
  scimBulkRequest,
  scimBulkResponse,
  scimGroup,
  scimGroupList,
  scimList,
  scimListQuery,
  scimPatchRequest,
  scimProjectionQuery,
  scimSearchRequest,
  scimUser,
  scimUserList,
} from "./schemas/messages.ts";

/** Required for every path of `/scim/v2` that no operation declares otherwise. */
export const scimScopes: readonly Scope[] = ["admin:scim"];

const queryErrorCodes = ["invalid-filter", "invalid-path", "invalid-count", "query-too-expensive"] as const;
const selectAll = ({ users, groups }: ScimServices): readonly Endpoint[] => [users, groups];

/**
 * Every operation of `/scim/v2` (RFC 7644 section 3.2). The router mounts them in this order, so a path without
 * parameters precedes one that would match it too.
 */
export const scimOperations: readonly ScimOperation[] = [
  ...resourceOperations(userSchema, ({ users }) => users, {
    resource: scimUser,
    list: scimUserList,
    patchResponses: { 200: scimUser },
  }),
  ...resourceOperations(groupSchema, ({ groups }) => groups, {
    resource: scimGroup,
    list: scimGroupList,
    patchResponses: { 200: scimGroup, 204: null },
  }),
  {
    operationId: "scimMe",
    method: "get",
    path: "/Me",
    summary: "Get the user of a personal token",
    description: "Returns 501 for a token that is not personal (RFC 7644 section 3.11).",
    scopes: ["connect:read", "admin:scim"],
    isUserView: true,
    query: scimProjectionQuery,
    responses: { 200: scimUser },
    isVersioned: true,
    errorCodes: ["not-found", "not-implemented"],
    createHandler: ({ users }) => meHandler(users),
  },
  {
    operationId: "scimList",
    method: "get",
    path: "",
    summary: "List users and groups together",
    description: "Not sorted, and paged by `startIndex` only.",
    scopes: scimScopes,
    query: scimListQuery,
    responses: { 200: scimList },
    errorCodes: queryErrorCodes,
    createHandler: (services) => listAllHandler(selectAll(services)),
  },
  {
    operationId: "scimSearch",
    method: "post",
    path: "/.search",
    summary: "Search users and groups together, with the parameters in the body",
    description: "RFC 7644 section 3.4.3. Not sorted, and paged by `startIndex` only.",
    scopes: scimScopes,
    body: scimSearchRequest,
    responses: { 200: scimList },
    errorCodes: ["invalid-cursor", ...queryErrorCodes],
    createHandler: (services) => searchAllHandler(selectAll(services)),
  },
  {
    operationId: "scimBulk",
    method: "post",
    path: "/Bulk",
    summary: "Execute many changes in one request, with one result for each",
    description:
      "RFC 7644 section 3.7. Operations can refer to resources that other operations of the same request create, by `bulkId`.",
    scopes: scimScopes,
    body: scimBulkRequest,
    responses: { 200: scimBulkResponse },
    createHandler: (services) => bulkHandler(selectAll(services), services),
  },
  {
    operationId: "scimServiceProviderConfig",
    method: "get",
    path: "/ServiceProviderConfig",
    summary: "Get the supported SCIM features",
    description: "RFC 7643 section 5.",
    scopes: scimScopes,
    responses: { 200: serviceProviderConfig },
    createHandler: serviceProviderConfigHandler,
  },
  {
    operationId: "scimResourceTypes",
    method: "get",
    path: "/ResourceTypes",
    summary: "List the resource types",
    description: "RFC 7643 section 6. Lists the extension schemas of the organization too.",
    scopes: scimScopes,
    responses: { 200: resourceTypeList },
    createHandler: resourceTypesHandler,
  },
  {
    operationId: "scimResourceType",
    method: "get",
    path: "/ResourceTypes/{name}",
    summary: "Get a resource type",
    description: "RFC 7643 section 6.",
    parameters: { name: "`User` or `Group`" },
    scopes: scimScopes,
    responses: { 200: resourceType },
    createHandler: resourceTypeHandler,
  },
  {
    operationId: "scimSchemas",
    method: "get",
    path: "/Schemas",
    summary: "List the schemas with all of their attributes",
    description: "RFC 7643 section 7. Lists the extension schemas of the organization too.",
    scopes: scimScopes,
    responses: { 200: schemaList },
    createHandler: schemasHandler,
  },
  {
    operationId: "scimSchema",
    method: "get",
    path: "/Schemas/{urn}",
    summary: "Get a schema",
    description: "RFC 7643 section 7.",
    parameters: { urn: "URN of the schema" },
    scopes: scimScopes,
    responses: { 200: schemaDefinition },
    createHandler: schemaHandler,
  },
];

interface ResourceSchemas {
  readonly resource: z.ZodType;
  readonly list: z.ZodType;
  readonly patchResponses: ScimOperation["responses"];
}

function resourceOperations(
  { type, endpoint }: ResourceSchema,
  select: (services: ScimServices) => Endpoint,
  { resource, list, patchResponses }: ResourceSchemas,
): readonly ScimOperation[] {
  const title = type.toLowerCase();
  const collection = { path: `/${endpoint}`, scopes: scimScopes };
  const item = {
    path: `/${endpoint}/{id}`,
    scopes: scimScopes,
    parameters: { id: `ID of the ${title}` },
    isVersioned: true,
  };
  return [
    {
      ...collection,
      operationId: `scimList${endpoint}`,
      method: "get",
      summary: `List ${title}s`,
      description: "RFC 7644 section 3.4.2. Pages by `startIndex`, or by `cursor` (RFC 9865).",
      query: scimListQuery,
      responses: { 200: list },
      errorCodes: queryErrorCodes,
      createHandler: (services) => listHandler(select(services)),
    },
    {
      ...collection,
      operationId: `scimCreate${type}`,
      method: "post",
      summary: `Create a ${title}`,
      description: "RFC 7644 section 3.3. Unknown attributes are ignored unless the organization rejects them.",
      query: scimProjectionQuery,
      body: resource,
      responses: { 201: resource },
      isVersioned: true,
      errorCodes: ["conflict"],
      createHandler: (services) => createHandler(select(services)),
    },
    {
      path: `/${endpoint}/.search`,
      scopes: scimScopes,
      operationId: `scimSearch${endpoint}`,
      method: "post",
      summary: `Search ${title}s, with the parameters in the body`,
      description: "RFC 7644 section 3.4.3.",
      body: scimSearchRequest,
      responses: { 200: list },
      errorCodes: ["invalid-cursor", "expired-cursor", ...queryErrorCodes],
      createHandler: (services) => searchHandler(select(services)),
    },
    {
      ...item,
      operationId: `scimGet${type}`,
      method: "get",
      summary: `Get a ${title}`,
      description: "RFC 7644 section 3.4.1.",
      query: scimProjectionQuery,
      responses: { 200: resource },
      createHandler: (services) => readHandler(select(services)),
    },
    {
      ...item,
      operationId: `scimReplace${type}`,
      method: "put",
      summary: `Replace the attributes of a ${title}`,
      description: "RFC 7644 section 3.5.1. Attributes that the body does not contain are removed.",
      query: scimProjectionQuery,
      body: resource,
      responses: { 200: resource },
      errorCodes: ["conflict"],
      createHandler: (services) => replaceHandler(select(services), services.watchRemovals),
    },
    {
      ...item,
      operationId: `scimPatch${type}`,
      method: "patch",
      summary: `Update attributes of a ${title}`,
      description: "Atomic: either all operations are applied or none.",
      query: scimProjectionQuery,
      body: scimPatchRequest,
      responses: patchResponses,
      errorCodes: ["conflict", "invalid-path", "invalid-filter", "no-target", "mutability"],
      createHandler: (services) => patchHandler(select(services), services.watchRemovals),
    },
    {
      ...item,
      operationId: `scimDelete${type}`,
      method: "delete",
      summary: `Delete a ${title}`,
      description: `RFC 7644 section 3.6. Removes the ${title} permanently.`,
      responses: { 204: null },
      createHandler: (services) => deleteHandler(select(services), services.watchRemovals),
    },
  ];
}
