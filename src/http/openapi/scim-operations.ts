import type { z } from "zod";
import { groupSchema, type ResourceSchema, userSchema } from "../scim/schema.ts";
import type { Described } from "./described.ts";
import {
  resourceType,
  resourceTypeList,
  schemaDefinition,
  schemaList,
  serviceProviderConfig,
} from "./scim-discovery.ts";
import {
  bulkRequest,
  bulkResponse,
  listQuery,
  patchRequest,
  scimGroup,
  scimGroupList,
  scimList,
  scimUser,
  scimUserList,
  searchRequest,
  shownQuery,
} from "./scim-messages.ts";

const tag = "SCIM";
const scopes = ["admin:scim"] as const;
const asking = ["invalid-filter", "invalid-path", "invalid-count", "query-too-expensive"] as const;

/** What `/scim/v2` offers, for the document: the operations of RFC 7644 section 3 on both resource types. */
export const scimOperations: readonly Described[] = [
  ...operationsOn(userSchema, scimUser, scimUserList, { 200: scimUser }),
  ...operationsOn(groupSchema, scimGroup, scimGroupList, { 200: scimGroup, 204: null }),
  {
    operationId: "scimMe",
    method: "get",
    path: "/Me",
    tag,
    summary: "The user that a personal token acts as",
    query: shownQuery,
    isVersioned: true,
    faults: ["not-found", "not-implemented"],
    user: { scopes: ["connect:read", "admin:scim"], answers: { 200: scimUser } },
  },
  {
    operationId: "scimList",
    method: "get",
    path: "",
    tag,
    summary: "Users and groups in one list",
    description: "Not sorted, and paged by `startIndex` only.",
    query: listQuery,
    faults: asking,
    organization: { scopes, answers: { 200: scimList } },
  },
  {
    operationId: "scimSearch",
    method: "post",
    path: "/.search",
    tag,
    summary: "Users and groups in one list, asked for in a body",
    body: searchRequest,
    faults: ["invalid-cursor", ...asking],
    organization: { scopes, answers: { 200: scimList } },
  },
  {
    operationId: "scimBulk",
    method: "post",
    path: "/Bulk",
    tag,
    summary: "Many changes in one request, each with an answer of its own",
    body: bulkRequest,
    organization: { scopes, answers: { 200: bulkResponse } },
  },
  discovery("ServiceProviderConfig", "scimServiceProviderConfig", "What is offered here", serviceProviderConfig),
  discovery("ResourceTypes", "scimResourceTypes", "The resource types", resourceTypeList),
  discovery("ResourceTypes/{name}", "scimResourceType", "One resource type", resourceType),
  discovery("Schemas", "scimSchemas", "The schemas: every attribute as it is served", schemaList),
  discovery("Schemas/{urn}", "scimSchema", "One schema", schemaDefinition),
];

function operationsOn(
  { type, endpoint }: ResourceSchema,
  resource: z.ZodType,
  list: z.ZodType,
  patched: { readonly 200: z.ZodType; readonly 204?: null },
): readonly Described[] {
  const title = type.toLowerCase();
  const all = { path: `/${endpoint}`, tag };
  const one = {
    path: `/${endpoint}/{id}`,
    tag,
    parameters: { id: `id of the ${title}` },
    isVersioned: true,
  } as const;
  return [
    {
      ...all,
      operationId: `scimList${endpoint}`,
      method: "get",
      summary: `Lists ${title}s`,
      query: listQuery,
      faults: asking,
      organization: { scopes, answers: { 200: list } },
    },
    {
      ...all,
      operationId: `scimCreate${type}`,
      method: "post",
      summary: `Creates a ${title}`,
      query: shownQuery,
      body: resource,
      isVersioned: true,
      faults: ["conflict"],
      organization: { scopes, answers: { 201: resource } },
    },
    {
      ...one,
      operationId: `scimGet${type}`,
      method: "get",
      summary: `One ${title}`,
      query: shownQuery,
      organization: { scopes, answers: { 200: resource } },
    },
    {
      ...one,
      operationId: `scimReplace${type}`,
      method: "put",
      summary: `Puts other attributes in the place of those that a ${title} has`,
      query: shownQuery,
      body: resource,
      faults: ["conflict"],
      organization: { scopes, answers: { 200: resource } },
    },
    {
      ...one,
      operationId: `scimPatch${type}`,
      method: "patch",
      summary: `Changes parts of a ${title}: all of what is asked for, or nothing`,
      query: shownQuery,
      body: patchRequest,
      faults: ["conflict", "invalid-path", "invalid-filter", "no-target", "mutability"],
      organization: { scopes, answers: patched },
    },
    {
      ...one,
      operationId: `scimDelete${type}`,
      method: "delete",
      summary: `Deletes a ${title}`,
      organization: { scopes, answers: { 204: null } },
    },
    {
      path: `/${endpoint}/.search`,
      tag,
      operationId: `scimSearch${endpoint}`,
      method: "post",
      summary: `Lists ${title}s, asked for in a body`,
      body: searchRequest,
      faults: ["invalid-cursor", "expired-cursor", ...asking],
      organization: { scopes, answers: { 200: list } },
    },
  ];
}

function discovery(path: string, operationId: string, summary: string, answer: z.ZodType): Described {
  return {
    operationId,
    method: "get",
    path: `/${path}`,
    tag,
    summary,
    ...(path.includes("{") && { parameters: { name: "`User` or `Group`", urn: "URN of the schema" } }),
    organization: { scopes, answers: { 200: answer } },
  };
}
