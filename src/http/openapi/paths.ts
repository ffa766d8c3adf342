import { z } from "zod";
import { jsonLinesType } from "../server/send.ts";
import { type DocumentedOperation, isConditionalRead, listViews } from "./documented-operation.ts";
import { buildErrorResponses, type ErrorFormat } from "./error-responses.ts";
import type { OpenApiObject, SchemaObject, SchemaRegistry } from "./schemas.ts";

/** The media types and headers of one API. */
export interface ApiProfile {
  readonly basePath: string;
  /** The media types of request bodies, the preferred one first. */
  readonly requestMediaTypes: (method: string) => readonly string[];
  readonly responseMediaType: string;
  /** Whether it accepts `x-user-email`. */
  readonly acceptsUserEmail: boolean;
  /** The headers of every successful response besides those that all APIs have. */
  readonly responseHeaders?: readonly string[];
  readonly errorFormat: ErrorFormat;
}

/** Builds the path items of an API. */
export function buildPaths(
  operations: readonly DocumentedOperation[],
  profile: ApiProfile,
  schemas: SchemaRegistry,
): OpenApiObject {
  const paths = [...new Set(operations.map(({ path }) => path))];
  return Object.fromEntries(
    paths.map((path) => {
      const pathOperations = operations.filter((operation) => operation.path === path);
      const entries = pathOperations.map((operation) => [
        operation.method,
        buildOperation(operation, profile, schemas),
      ]);
      return [profile.basePath + path, Object.fromEntries(entries)];
    }),
  );
}

function buildOperation(operation: DocumentedOperation, profile: ApiProfile, schemas: SchemaRegistry): OpenApiObject {
  const {
    operationId,
    tag,
    summary,
    description,
    organization,
    user,
    method,
    body,
    isBodyOptional = false,
    takesSubjectToken,
  } = operation;
  const parameters = buildParameters(operation, profile, schemas);
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    "x-required-scopes": {
      ...(organization && { organization: organization.scopes }),
      ...(user && { user: user.scopes }),
    },
    ...(operation.anonymous && { security: [] }),
    ...(operation.security && { security: operation.security }),
    ...(takesSubjectToken && { security: [{ apiKey: [], outsideToken: [] }] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: {
        required: !isBodyOptional,
        content: buildContent(schemas.sent(body), profile.requestMediaTypes(method)),
      },
    }),
    responses: {
      ...buildSuccessResponses(operation, profile, schemas),
      ...buildErrorResponses(operation, profile.errorFormat),
    },
  };
}

const buildContent = (schema: SchemaObject, mediaTypes: readonly string[]): OpenApiObject =>
  Object.fromEntries(mediaTypes.map((type) => [type, { schema }]));

function buildParameters(
  operation: DocumentedOperation,
  profile: ApiProfile,
  schemas: SchemaRegistry,
): readonly OpenApiObject[] {
  const { path, parameters, query, isVersioned, isIdempotent, user } = operation;
  return [
    ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => ({
      name,
      in: "path",
      required: true,
      ...(parameters?.[name] !== undefined && { description: parameters[name] }),
      schema: { type: "string" },
    })),
    ...(query ? buildQueryParameters(query, schemas) : []),
    ...(user && profile.acceptsUserEmail ? [toParameterRef("UserEmail")] : []),
    ...(isVersioned || isConditionalRead(operation) ? listConditionalHeaders(operation).map(toParameterRef) : []),
    ...(isIdempotent ? [toParameterRef("IdempotencyKey")] : []),
  ];
}

/** Creating a resource has no preconditions, because the resource has no version yet. */
function listConditionalHeaders({ method, path }: DocumentedOperation): readonly string[] {
  if (method === "get") return ["IfNoneMatch"];
  return method === "post" && !path.includes("{") ? [] : ["IfMatch", "IfNoneMatch"];
}

const toParameterRef = (name: string): OpenApiObject => ({ $ref: `#/components/parameters/${name}` });

function buildQueryParameters(query: z.ZodObject, schemas: SchemaRegistry): readonly OpenApiObject[] {
  return Object.entries(query.shape).map(([name, field]) => {
    const { description, ...schema } = schemas.sent(field as z.ZodType);
    return {
      name,
      in: "query",
      ...(!z.safeParse(field, undefined).success && { required: true }),
      ...(description !== undefined && { description }),
      schema,
    };
  });
}

/** Builds the success responses by status. If the schemas of the views differ, the body is either (`anyOf`). */
function buildSuccessResponses(
  operation: DocumentedOperation,
  { responseMediaType, responseHeaders = [] }: ApiProfile,
  schemas: SchemaRegistry,
): OpenApiObject {
  const { isVersioned, isIdempotent, isDryRunnable, lineSchema } = operation;
  const schemasByStatus = listViews(operation).flatMap((view) => Object.entries(view.responses));
  const statuses = [...new Set(schemasByStatus.map(([status]) => status))].sort();
  const responses = statuses.map((status) => {
    const bodies = schemasByStatus.flatMap(([bodyStatus, schema]) =>
      bodyStatus === status && schema ? [schemas.toResponseSchema(schema)] : [],
    );
    const headers = {
      ...Object.fromEntries([...commonHeaders, ...responseHeaders].map((name) => [name, toHeaderRef(name)])),
      ...((isVersioned || isConditionalRead(operation)) && status !== "204" && { ETag: toHeaderRef("ETag") }),
      ...(isDryRunnable && { "Gatehouse-Dry-Run": toHeaderRef("Gatehouse-Dry-Run") }),
      ...(isIdempotent && { "Idempotent-Replayed": toHeaderRef("Idempotent-Replayed") }),
      ...(status === "201" && { Location: toHeaderRef("Location") }),
    };
    return [
      status,
      {
        description: successDescriptions[status] ?? "Success",
        headers,
        ...(bodies.length > 0 && {
          content: buildContent(toAnyOf(bodies), [lineSchema ? jsonLinesType : responseMediaType]),
        }),
      },
    ];
  });
  return Object.fromEntries([
    ...responses,
    ...(isConditionalRead(operation) ? [["304", { $ref: "#/components/responses/NotModified" }]] : []),
  ]);
}

/** The headers of every successful response of every API. */
const commonHeaders = ["X-Request-Id", "RateLimit-Policy", "RateLimit", "X-Token-Expires-At"];

const toHeaderRef = (name: string): OpenApiObject => ({ $ref: `#/components/headers/${name}` });

const successDescriptions: Readonly<Record<string, string>> = {
  200: "Success",
  201: "Created",
  204: "Success, no content",
};

function toAnyOf(bodies: readonly SchemaObject[]): SchemaObject {
  const distinct = [...new Map(bodies.map((body) => [JSON.stringify(body), body])).values()];
  const [first] = distinct;
  return distinct.length === 1 && first ? first : { anyOf: distinct };
}
