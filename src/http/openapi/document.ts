import { oauthError } from "../../../schemas/oauth.ts";
import { problem } from "../../../schemas/problem.ts";
import { operations } from "../api/operations.ts";
import { scimMediaType } from "../scim/errors.ts";
import { type Described, viewsOf } from "./described.ts";
import { examples } from "./examples.ts";
import { about, tagsOf } from "./introduction.ts";
import { oauthOperations } from "./oauth-operations.ts";
import { pathsOf, type Speech } from "./paths.ts";
import { oauthErrors, problems, scimErrors, sharedResponses } from "./refusal-responses.ts";
import { type Part, Schemas } from "./schemas.ts";
import { scimError } from "./scim-messages.ts";
import { scimOperations } from "./scim-operations.ts";

/** All that the service offers, as an OpenAPI 3.1 document; openapi.yaml is this, printed. */
export function openApiDocument(): Part {
  const all: readonly Described[] = [...operations, ...oauthOperations, ...scimOperations];
  const schemas = new Schemas(all.flatMap(sentIn), [...all.flatMap(answeredIn), problem, oauthError, scimError]);
  return {
    openapi: "3.1.0",
    info: about,
    servers: [{ url: "/", description: "the service that serves this document" }],
    security: [{ bearer: [] }, { apiKey: [] }],
    tags: tagsOf(all.map(({ tag }) => tag)),
    paths: {
      ...pathsOf(operations, api, schemas),
      ...pathsOf(oauthOperations, oauth, schemas),
      ...pathsOf(scimOperations, scim, schemas),
    },
    components: {
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "`Authorization: Bearer`, or `Api-Token`, and a token" },
        apiKey: { type: "apiKey", in: "header", name: "X-API-Key", description: "the same token" },
        clientSecret: {
          type: "http",
          scheme: "basic",
          description: "at `/oauth/token`: the id of a token and the token itself",
        },
        outsideToken: {
          type: "http",
          scheme: "bearer",
          bearerFormat: "JWT",
          description: "what the organization's identity provider has signed; beside the credential in `X-API-Key`",
        },
      },
      parameters,
      headers,
      responses: {
        NotModified: { description: "What the client holds is still so", headers: { ETag: { $ref: etag } } },
        ...sharedResponses(problems),
        ...sharedResponses(scimErrors),
      },
      schemas: withExamples(schemas.components()),
    },
  };
}

const json = "application/json";

const api: Speech = {
  base: "/api",
  sent: (method) => (method === "patch" ? ["application/merge-patch+json", json] : [json]),
  answered: json,
  namesUsers: true,
  refusals: problems,
};

const oauth: Speech = {
  base: "/oauth",
  sent: () => ["application/x-www-form-urlencoded"],
  answered: json,
  namesUsers: false,
  refusals: oauthErrors,
};

const scim: Speech = {
  base: "/scim/v2",
  sent: () => [scimMediaType, json],
  answered: scimMediaType,
  namesUsers: false,
  refusals: scimErrors,
};

const sentIn = ({ query, body }: Described) => [...Object.values(query?.shape ?? {}), ...(body ? [body] : [])];

const answeredIn = (operation: Described) =>
  viewsOf(operation).flatMap(({ answers }) => Object.values(answers).filter((schema) => schema !== null));

function withExamples(schemas: Readonly<Record<string, Part>>): Part {
  return Object.fromEntries(
    Object.entries(schemas).map(([id, schema]) => [
      id,
      { ...schema, ...(Object.hasOwn(examples, id) && { examples: [examples[id]] }) },
    ]),
  );
}

const etag = "#/components/headers/ETag";
const text = { type: "string" };

const parameters = {
  UserEmail: {
    name: "x-user-email",
    in: "header",
    description:
      "The user whose view it is, by `userName` or primary e-mail. Without it, the organization's view; a personal token always has its user's.",
    schema: text,
  },
  IfMatch: {
    name: "If-Match",
    in: "header",
    description: "Only if the stored version has one of these entity tags; else 412.",
    schema: text,
    example: '"3"',
  },
  IfNoneMatch: {
    name: "If-None-Match",
    in: "header",
    description: "Only if the version has none of these entity tags; `*`: only if there is none. A read answers 304.",
    schema: text,
    example: '"3"',
  },
};

const headers = {
  ETag: { description: "the entity tag of the version that is answered", schema: text },
  Location: { description: "where the new resource is", schema: { type: "string", format: "uri" } },
  RateLimit: {
    description: "what is left of each limit (draft-ietf-httpapi-ratelimit-headers): `r` requests for `t` seconds",
    schema: text,
  },
  "RateLimit-Policy": {
    description: "the limits that the request counts for: `q` requests in `w` seconds",
    schema: text,
  },
  "X-Request-Id": { description: "names the request in the log and in audit events", schema: text },
  "X-Token-Expires-At": {
    description: "when the token ends, from 7 days before on",
    schema: { type: "string", format: "date-time" },
  },
  "Retry-After": { description: "after how many seconds to try again", schema: { type: "integer" } },
  "WWW-Authenticate": { description: "RFC 6750 section 3: what would be enough", schema: text },
};
