import { oauthError } from "../../../schemas/oauth.ts";
import { problem } from "../../../schemas/problem.ts";
import { apiOperations } from "../api/operations.ts";
import { scimMediaType } from "../scim/errors.ts";
import { scimError } from "../scim/schemas/messages.ts";
import { type DocumentedOperation, listViews } from "./documented-operation.ts";
import { buildSharedResponses, oauthErrorFormat, problemFormat, scimErrorFormat } from "./error-responses.ts";
import { examples } from "./examples.ts";
import { apiInfo, buildTags } from "./introduction.ts";
import { oauthOperations } from "./oauth-operations.ts";
import { type ApiProfile, buildPaths } from "./paths.ts";
import { type OpenApiObject, SchemaRegistry } from "./schemas.ts";
import { documentedScimOperations } from "./scim-operations.ts";

/** Builds the OpenAPI 3.1 document of all operations, which `openapi.yaml` contains. */
export function buildOpenApiDocument(): OpenApiObject {
  const documented: readonly DocumentedOperation[] = [
    ...apiOperations,
    ...oauthOperations,
    ...documentedScimOperations,
  ];
  const schemas = new SchemaRegistry(documented.flatMap(listRequestSchemas), [
    ...documented.flatMap(listResponseSchemas),
    problem,
    oauthError,
    scimError,
  ]);
  return {
    openapi: "3.1.0",
    info: apiInfo,
    servers: [{ url: "/", description: "The service that serves this document" }],
    security: [{ bearer: [] }, { apiKey: [] }],
    tags: buildTags(documented.map(({ tag }) => tag)),
    paths: {
      ...buildPaths(apiOperations, api, schemas),
      ...buildPaths(oauthOperations, oauth, schemas),
      ...buildPaths(documentedScimOperations, scim, schemas),
    },
    components: {
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          description: "A token, sent as `Authorization: Bearer` or `Authorization: Api-Token`.",
        },
        apiKey: { type: "apiKey", in: "header", name: "X-API-Key", description: "The same token." },
        clientSecret: {
          type: "http",
          scheme: "basic",
          description:
            "For `/oauth/token` only: the client id is the id of a token, and the client secret is the token itself.",
        },
        outsideToken: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description: "A JWT signed by the organization's identity provider. The credential is sent in `X-API-Key`.",
        },
      },
      parameters,
      headers,
      responses: {
        NotModified: {
          description: "Not Modified: the client already has the current version",
          headers: { ETag: { $ref: etagHeaderRef } },
        },
        ...buildSharedResponses(problemFormat),
        ...buildSharedResponses(scimErrorFormat),
      },
      schemas: withExamples(schemas.components()),
    },
  };
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

const etagHeaderRef = "#/components/headers/ETag";
const stringSchema = { type: "string" };

const parameters = {
  UserEmail: {
    name: "x-user-email",
    in: "header",
    description:
      "The `userName`, or the primary or only email address, of the user to act as. Omit it for the organization's view. A personal token always acts as its user.",
    schema: stringSchema,
  },
  IfMatch: {
    name: "If-Match",
    in: "header",
    description:
      "Performs the request only if the current version has one of these entity tags. Otherwise, returns 412.",
    schema: stringSchema,
    example: '"3"',
  },
  IfNoneMatch: {
    name: "If-None-Match",
    in: "header",
    description:
      "Performs the request only if the current version has none of these entity tags, or with `*`, only if the resource does not exist. Otherwise, a read returns 304 and a write returns 412.",
    schema: stringSchema,
    example: '"3"',
  },
  IdempotencyKey: {
    name: "Idempotency-Key",
    in: "header",
    description:
      "A key of 1 to 255 visible ASCII characters, such as a UUID, with or without quotes. For 24 hours, a request with the same key, credential and body returns what the first one returned. With another body it is 422.",
    schema: stringSchema,
    example: "8e03978e-40d5-43dd-bc93-6894a57f9324",
  },
};

const headers = {
  "Gatehouse-Dry-Run": {
    description: "`true` if the request was a dry run, which has changed nothing.",
    schema: stringSchema,
  },
  "Idempotent-Replayed": {
    description: "`true` if the response repeats that of an earlier request with the same `Idempotency-Key`.",
    schema: stringSchema,
  },
  "Gatehouse-Version": { description: "The version of the service.", schema: stringSchema },
  ETag: { description: "The entity tag of the version, or of the page, in the response.", schema: stringSchema },
  Location: { description: "The URL of the created resource.", schema: { type: "string", format: "uri" } },
  RateLimit: {
    description:
      "What remains of each rate limit (draft-ietf-httpapi-ratelimit-headers): `r` requests in the next `t` seconds.",
    schema: stringSchema,
  },
  "RateLimit-Policy": {
    description: "The rate limits that the request counts against: `q` requests in `w` seconds.",
    schema: stringSchema,
  },
  "X-Request-Id": { description: "Identifies the request in logs and audit events.", schema: stringSchema },
  "X-Token-Expires-At": {
    description: "When the token expires. Sent during the last 7 days before that.",
    schema: { type: "string", format: "date-time" },
  },
  "Retry-After": { description: "How many seconds to wait before retrying.", schema: { type: "integer" } },
  "WWW-Authenticate": {
    description: "The authentication scheme, and for 403 the scopes that are required (RFC 6750 section 3).",
    schema: stringSchema,
  },
};
