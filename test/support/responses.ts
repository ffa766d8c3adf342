import { isDeepStrictEqual } from "node:util";
import type { z } from "zod";
import { oauthError } from "../../schemas/oauth.ts";
import { problem } from "../../schemas/problem.ts";
import { apiOperations } from "../../src/http/api/operations.ts";
import { type DocumentedOperation, isConditionalRead, listViews } from "../../src/http/openapi/documented-operation.ts";
import { oauthOperations } from "../../src/http/openapi/oauth-operations.ts";
import { errorCodesByStatus } from "../../src/http/openapi/operation-errors.ts";
import { documentedScimOperations } from "../../src/http/openapi/scim-operations.ts";
import { scimError } from "../../src/http/scim/schemas/messages.ts";
import { jsonLinesType } from "../../src/http/server/send.ts";
import { enterpriseUrn } from "../../src/scim/schema/definitions.ts";
import { recordSucceededOperation } from "./tested-operations.ts";

/** One request to the service with its response. */
export interface HttpExchange {
  readonly method: string;
  /** Including the query. */
  readonly path: string;
  /** Whether the request is known to act as a user, to whom the organization's view must not be returned. */
  readonly isUserRequest: boolean;
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/**
 * Checks a response against the declaration of its operation, and records the operation if it succeeded.
 * @throws Error as `assertMatchesSpec`
 */
export function recordExchange(exchange: HttpExchange): void {
  const operationId = assertMatchesSpec(exchange);
  if (operationId !== undefined) recordSucceededOperation(operationId);
}

interface ApiSpec {
  readonly base: string;
  readonly operations: readonly DocumentedOperation[];
  readonly successType: string;
  readonly errorType: string;
  readonly errorSchema: z.ZodType;
}

const apis: readonly ApiSpec[] = [
  {
    base: "/api",
    operations: apiOperations,
    successType: "application/json",
    errorType: "application/problem+json",
    errorSchema: problem.required({ instance: true }), // only a request that could not be read has none
  },
  {
    base: "/oauth",
    operations: oauthOperations,
    successType: "application/json",
    errorType: "application/json",
    errorSchema: oauthError,
  },
  {
    base: "/scim/v2",
    operations: documentedScimOperations,
    successType: "application/scim+json",
    errorType: "application/scim+json",
    errorSchema: scimError,
  },
];

/**
 * Checks a response against the declaration of its operation: the status, the media type and every field of the body;
 * undeclared fields are errors. The OpenAPI document is generated from the same declarations.
 * @returns the id of the operation if it succeeded
 * @throws Error with the difference
 */
export function assertMatchesSpec(exchange: HttpExchange): string | undefined {
  const { method, path, status } = exchange;
  const [pathname = ""] = path.split("?");
  const api = apis.find(({ base }) => pathname === base || pathname.startsWith(`${base}/`));
  if (!api) return undefined;
  // A path without parameters takes precedence over one with parameters, in the router as in OpenAPI.
  const candidates = api.operations.filter((each) => toPattern(api.base + each.path).test(pathname));
  const literalMatches = candidates.filter((each) => !each.path.includes("{"));
  const verb = method === "HEAD" ? "get" : method.toLowerCase();
  const operation = (literalMatches.length > 0 ? literalMatches : candidates).find((each) => each.method === verb);
  if (status >= 400) {
    assertErrorResponse(exchange, operation, api);
    return undefined;
  }
  if (!operation) throw specMismatch(exchange, "no operation has this path and method");
  assertSuccess(exchange, operation, api);
  return operation.operationId;
}

const patterns = new Map<string, RegExp>();

function toPattern(path: string): RegExp {
  const pattern = patterns.get(path) ?? new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}/?$`, "i");
  patterns.set(path, pattern);
  return pattern;
}

function assertSuccess(exchange: HttpExchange, operation: DocumentedOperation, api: ApiSpec): void {
  const { method, status, headers, text, isUserRequest } = exchange;
  const { user, isVersioned } = operation;
  if (status === 304) {
    if (isConditionalRead(operation)) return;
    throw specMismatch(exchange, "the operation declares no conditional requests");
  }
  const views = isUserRequest && user ? [user] : listViews(operation);
  const declaredSchemas = views.flatMap(({ responses }) =>
    Object.entries(responses).flatMap(([declared, schema]) => (Number(declared) === status ? [schema] : [])),
  );
  if (declaredSchemas.length === 0) throw specMismatch(exchange, "the status is not declared");
  const isDryRun = headers["gatehouse-dry-run"] !== undefined; // what it would create has no version and no address
  if (isVersioned && status !== 204 && headers["etag"] === undefined && !isDryRun)
    throw specMismatch(exchange, "the response has no ETag");
  if (status === 201 && headers["location"] === undefined && !isDryRun)
    throw specMismatch(exchange, "the response has no Location");
  const { lineSchema } = operation;
  if (lineSchema && status === 200) {
    assertMediaType(exchange, jsonLinesType);
    for (const line of text.split("\n").slice(0, -1)) assertMatchesSchema({ ...exchange, text: line }, [lineSchema]);
    return;
  }
  const schemas = declaredSchemas.filter((schema) => schema !== null);
  if (method === "HEAD" || schemas.length === 0) {
    if (text) throw specMismatch(exchange, "no body is declared");
  } else {
    assertMediaType(exchange, api.successType);
    if (isComplete(exchange)) assertMatchesSchema(exchange, schemas);
  }
}

/** Whether the body has all attributes, and few enough to check: SCIM clients can request some, and a group may be large. */
const isComplete = ({ path, text }: HttpExchange): boolean =>
  path.startsWith("/api/") || !(/attributes|\.search/i.test(path) || text.length > 1_000_000);

/** Checks an error response. Errors before routing, such as 404 and 405, belong to no operation. */
function assertErrorResponse(exchange: HttpExchange, operation: DocumentedOperation | undefined, api: ApiSpec): void {
  const { method, status, headers } = exchange;
  if (operation && !errorCodesByStatus(operation).has(status))
    throw specMismatch(exchange, "the status is not declared");
  if (status === 429 && headers["retry-after"] === undefined)
    throw specMismatch(exchange, "the response has no Retry-After");
  if (method === "HEAD") return;
  assertMediaType(exchange, api.errorType);
  assertMatchesSchema(exchange, [api.errorSchema]);
}

function assertMediaType(exchange: HttpExchange, mediaType: string): void {
  if (exchange.headers["content-type"] !== mediaType)
    throw specMismatch(exchange, `the media type is not ${mediaType}`);
}

/** The parsed body must equal the body: a field that parsing removes or adds is not declared. */
function assertMatchesSchema(exchange: HttpExchange, schemas: readonly z.ZodType[]): void {
  const isScim = exchange.path.startsWith("/scim/v2/");
  const body: unknown = JSON.parse(exchange.text, isScim ? omitOwnExtensions : undefined);
  const results = schemas.map((schema) => schema.safeParse(body));
  if (results.some(({ success, data }) => success && isDeepStrictEqual(data, body))) return;
  const reasons = results.map(({ success, data, error }) =>
    success ? `only these fields are declared: ${JSON.stringify(data)}` : error,
  );
  throw specMismatch(exchange, reasons.join("\nor "));
}

/** Omits the values of extensions that an organization declares, which no document can know. */
const omitOwnExtensions = (key: string, value: unknown): unknown =>
  /^urn:/i.test(key) && key !== enterpriseUrn ? undefined : value;

function specMismatch({ method, path, status, text }: HttpExchange, reason: string): Error {
  return new Error(`${method} ${path} returned ${status}, but ${reason}:\n${text.slice(0, 2000)}`);
}
