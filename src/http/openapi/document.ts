import { oauthError } from "../../../schemas/oauth.ts";
import { problem } from "../../../schemas/problem.ts";
import { apiOperations } from "../api/operations.ts";
import { scimMediaType } from "../scim/errors.ts";
import { scimError } from "../scim/schemas/messages.ts";
import { type DocumentedOperation, type DocumentView, listViewOperations, listViews } from "./documented-operation.ts";
import {
  buildSharedResponses,
  headersTooLarge,
  oauthErrorFormat,
  problemFormat,
  scimErrorFormat,
} from "./error-responses.ts";
import { examples } from "./examples.ts";
import { buildInfo, buildTags } from "./introduction.ts";
import { oauthOperations } from "./oauth-operations.ts";
import { type ApiProfile, buildPaths } from "./paths.ts";
import { type OpenApiObject, SchemaRegistry } from "./schemas.ts";
import { documentedScimOperations } from "./scim-operations.ts";
import { securitySchemes, sharedHeaders, sharedParameters } from "./shared-components.ts";
import { selectUsedComponents } from "./used-components.ts";

/** What a served document depends on besides the code. */
export interface DocumentOptions {
  /** The base URL of the service; relative in the committed documents. */
  readonly serverUrl?: string;
}

/**
 * Builds the OpenAPI 3.1 document of one view: `openapi.yaml` for the organization's, with SCIM and OAuth, and
 * `openapi-user.yaml` for a user's.
 */
export function buildOpenApiDocument(view: DocumentView, { serverUrl = "/" }: DocumentOptions = {}): OpenApiObject {
  const apis = [
    { profile: api, operations: listViewOperations(apiOperations, view) },
    { profile: oauth, operations: listViewOperations(oauthOperations, view) },
    { profile: scim, operations: listViewOperations(documentedScimOperations, view) },
  ];
  const documented = apis.flatMap(({ operations }) => operations);
  const schemas = new SchemaRegistry(documented.flatMap(listRequestSchemas), [
    ...documented.flatMap(listResponseSchemas),
    problem,
    oauthError,
    scimError,
  ]);
  return selectUsedComponents({
    openapi: "3.1.0",
    info: buildInfo(view),
    servers: [{ url: serverUrl, description: "The service that serves this document" }],
    security: [{ bearer: [] }, { apiKey: [] }],
    tags: buildTags(documented.map(({ tag }) => tag)),
    paths: Object.assign({}, ...apis.map(({ profile, operations }) => buildPaths(operations, profile, schemas))),
    components: {
      securitySchemes,
      parameters: sharedParameters,
      headers: sharedHeaders,
      responses: {
        NotModified: {
          description: "Not Modified: the client already has the current version",
          headers: { ETag: { $ref: "#/components/headers/ETag" } },
        },
        ...buildSharedResponses(problemFormat),
        ...buildSharedResponses(scimErrorFormat),
        [headersTooLarge.name]: headersTooLarge.response,
      },
      schemas: withExamples(schemas.components()),
    },
  });
}

const jsonMediaType = "application/json";

const api: ApiProfile = {
  basePath: "/api",
  requestMediaTypes: (method) =>
    method === "patch" ? ["application/merge-patch+json", jsonMediaType] : [jsonMediaType],
  responseMediaType: jsonMediaType,
  acceptsUserEmail: true,
  responseHeaders: ["Gatehouse-Version"],
  errorFormat: problemFormat,
};

const oauth: ApiProfile = {
  basePath: "/oauth",
  requestMediaTypes: () => ["application/x-www-form-urlencoded"],
  responseMediaType: jsonMediaType,
  acceptsUserEmail: false,
  errorFormat: oauthErrorFormat,
};

const scim: ApiProfile = {
  basePath: "/scim/v2",
  requestMediaTypes: () => [scimMediaType, jsonMediaType],
  responseMediaType: scimMediaType,
  acceptsUserEmail: false,
  errorFormat: scimErrorFormat,
};

const listRequestSchemas = ({ query, body }: DocumentedOperation) => [
  ...Object.values(query?.shape ?? {}),
  ...(body ? [body] : []),
];

const listResponseSchemas = (operation: DocumentedOperation) =>
  listViews(operation).flatMap(({ responses }) => Object.values(responses).filter((schema) => schema !== null));

function withExamples(schemas: Readonly<Record<string, OpenApiObject>>): OpenApiObject {
  return Object.fromEntries(
    Object.entries(schemas).map(([id, schema]) => [
      id,
      { ...schema, ...(Object.hasOwn(examples, id) && { examples: [examples[id]] }) },
    ]),
  );
}
