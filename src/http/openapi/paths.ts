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
        buildOperation(operation, operations, profile, schemas),
      ]);
      return [profile.basePath + path, Object.fromEntries(entries)];
    }),
  );
}

function buildOperation(
  operation: DocumentedOperation,
  operations: readonly DocumentedOperation[],
  profile: ApiProfile,
  schemas: SchemaRegistry,
): OpenApiObject {
  const { operationId, tag, summary, description, method, body, isBodyOptional = false, takesSubjectToken } = operation;
  const view = operation.organization ?? operation.user;
  const parameters = buildParameters(operation, profile, schemas);
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    ...(view && { "x-required-scopes": view.scopes }),
    ...(operation.anonymous && { security: [] }),
    ...(operation.security && { security: operation.security }),
    ...(takesSubjectToken && { security: [{ apiKey: [], subjectToken: [] }] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && {
      requestBody: {
        required: !isBodyOptional,
        content: buildContent(schemas.sent(body), profile.requestMediaTypes(method)),
      },
    }),
    responses: {
      ...buildSuccessResponses(operation, operations, profile, schemas),
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

/** Builds the success responses by status. */
function buildSuccessResponses(
  operation: DocumentedOperation,
  operations: readonly DocumentedOperation[],
  { responseMediaType, responseHeaders = [] }: ApiProfile,
  schemas: SchemaRegistry,
): OpenApiObject {
  const { isVersioned, isIdempotent, isDryRunnable, lineSchema } = operation;
  const [view] = listViews(operation);
  const responses = Object.entries(view?.responses ?? {}).map(([status, schema]) => {
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
        ...(status === "201" && buildLinks(operation, operations)),
        ...(schema && {
          content: buildContent(schemas.toResponseSchema(schema), [lineSchema ? jsonLinesType : responseMediaType]),
        }),
      },
    ];
  });
  return Object.fromEntries([
    ...responses,
    ...(isConditionalRead(operation) ? [["304", { $ref: "#/components/responses/NotModified" }]] : []),
  ]);
}

/** Builds the links from the response of a creation to the operations on the created resource. */
function buildLinks({ method, path }: DocumentedOperation, operations: readonly DocumentedOperation[]): OpenApiObject {
  const next = method === "post" ? operations.filter((each) => each.path === `${path}/{id}`) : [];
  if (next.length === 0) return {};
  const toLink = ({ operationId, summary }: DocumentedOperation) => [
    operationId,
    { operationId, parameters: { id: "$response.body#/id" }, description: `${summary} that was created.` },
  ];
  return { links: Object.fromEntries(next.map(toLink)) };
}

/** The headers of every successful response of every API. */
const commonHeaders = ["X-Request-Id", "RateLimit-Policy", "RateLimit", "X-Token-Expires-At"];

const toHeaderRef = (name: string): OpenApiObject => ({ $ref: `#/components/headers/${name}` });

const successDescriptions: Readonly<Record<string, string>> = {
  200: "Success",
  201: "Created",
  204: "Success, no content",
};
