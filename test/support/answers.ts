import { isDeepStrictEqual } from "node:util";
import type { z } from "zod";
import { oauthError } from "../../schemas/oauth.ts";
import { problem } from "../../schemas/problem.ts";
import { operations } from "../../src/http/api/operations.ts";
import { type Described, viewsOf } from "../../src/http/openapi/described.ts";
import { oauthOperations } from "../../src/http/openapi/oauth-operations.ts";
import { refusalsOf } from "../../src/http/openapi/refusals.ts";
import { scimError } from "../../src/http/openapi/scim-messages.ts";
import { scimOperations } from "../../src/http/openapi/scim-operations.ts";
import { linesType } from "../../src/http/send.ts";

/** One answer of the service with what it answers. */
export interface Exchange {
  readonly method: string;
  /** With the query. */
  readonly path: string;
  /** Whether it is known to be asked for as a user, who must not be shown what is for the organisation. */
  readonly isOfUser: boolean;
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
}

const succeeded = new Set<string>();

/** The operations that have been answered with a success so far in this run. */
export const exercised = (): ReadonlySet<string> => succeeded;

/** Holds an answer against its declaration, and remembers that its operation has succeeded. @throws as `assertDeclared` */
export function observe(exchange: Exchange): void {
  const operationId = assertDeclared(exchange);
  if (operationId !== undefined) succeeded.add(operationId);
}

interface Door {
  readonly base: string;
  readonly operations: readonly Described[];
  readonly answered: string;
  readonly refused: string;
  readonly refusal: z.ZodType;
}

const doors: readonly Door[] = [
  {
    base: "/api",
    operations,
    answered: "application/json",
    refused: "application/problem+json",
    refusal: problem,
  },
  {
    base: "/oauth",
    operations: oauthOperations,
    answered: "application/json",
    refused: "application/json",
    refusal: oauthError,
  },
  {
    base: "/scim/v2",
    operations: scimOperations,
    answered: "application/scim+json",
    refused: "application/scim+json",
    refusal: scimError,
  },
];

/**
 * Holds an answer of a door against what its operation declares: the status, the media type, and every
 * field of the body, of which none may be unknown. The document is printed from the same declarations.
 * @returns the operation that has succeeded
 * @throws Error naming what differs
 */
export function assertDeclared(exchange: Exchange): string | undefined {
  const { method, path, status } = exchange;
  const [address = ""] = path.split("?");
  const door = doors.find(({ base }) => address === base || address.startsWith(`${base}/`));
  if (!door) return undefined;
  // A path without parameters comes before one with some, on the router as in OpenAPI.
  const here = door.operations.filter((each) => patternOf(door.base + each.path).test(address));
  const exact = here.filter((each) => !each.path.includes("{"));
  const verb = method === "HEAD" ? "get" : method.toLowerCase();
  const operation = (exact.length > 0 ? exact : here).find((each) => each.method === verb);
  if (status >= 400) {
    assertRefusal(exchange, operation, door);
    return undefined;
  }
  if (!operation) throw undeclared(exchange, "no operation is there");
  assertSuccess(exchange, operation, door);
  return operation.operationId;
}

const patterns = new Map<string, RegExp>();

function patternOf(path: string): RegExp {
  const pattern = patterns.get(path) ?? new RegExp(`^${path.replaceAll(/\{\w+\}/g, "[^/]+")}/?$`, "i");
  patterns.set(path, pattern);
  return pattern;
}

function assertSuccess(exchange: Exchange, operation: Described, door: Door): void {
  const { method, status, headers, text, isOfUser } = exchange;
  const { user, isVersioned } = operation;
  if (status === 304) {
    if (isVersioned && operation.method === "get") return;
    throw undeclared(exchange, "nothing is asked for by version");
  }
  const views = isOfUser && user ? [user] : viewsOf(operation);
  const answers = views.flatMap(({ answers: of }) =>
    Object.entries(of).flatMap(([declared, schema]) => (Number(declared) === status ? [schema] : [])),
  );
  if (answers.length === 0) throw undeclared(exchange, "the status is not declared");
  if (isVersioned && status !== 204 && headers["etag"] === undefined) throw undeclared(exchange, "it has no ETag");
  if (status === 201 && headers["location"] === undefined) throw undeclared(exchange, "it has no Location");
  const { lines } = operation;
  if (lines && status === 200) {
    assertType(exchange, linesType);
    for (const line of text.split("\n").slice(0, -1)) assertFits({ ...exchange, text: line }, [lines]);
    return;
  }
  const schemas = answers.filter((schema) => schema !== null);
  if (method === "HEAD" || schemas.length === 0) {
    if (text) throw undeclared(exchange, "a body is not declared");
  } else {
    assertType(exchange, door.answered);
    if (isWhole(exchange)) assertFits(exchange, schemas);
  }
}

/** Who asks for some attributes of a SCIM resource is not answered the whole; a group may have a million members. */
const isWhole = ({ path, text }: Exchange): boolean =>
  path.startsWith("/api/") || !(/attributes|\.search/i.test(path) || text.length > 1_000_000);

/** Refusals before an operation is reached, such as 404 and 405, are nobody's in particular. */
function assertRefusal(exchange: Exchange, operation: Described | undefined, door: Door): void {
  const { method, status, headers } = exchange;
  if (operation && !refusalsOf(operation).has(status)) throw undeclared(exchange, "the status is not declared");
  if (status === 429 && headers["retry-after"] === undefined) throw undeclared(exchange, "it has no Retry-After");
  if (method === "HEAD") return;
  assertType(exchange, door.refused);
  assertFits(exchange, [door.refusal]);
}

function assertType(exchange: Exchange, mediaType: string): void {
  if (exchange.headers["content-type"] !== mediaType) throw undeclared(exchange, `it is not ${mediaType}`);
}

/** What a schema leaves out of a body, or fills in, it does not declare. */
function assertFits(exchange: Exchange, schemas: readonly z.ZodType[]): void {
  const body: unknown = JSON.parse(exchange.text);
  const read = schemas.map((schema) => schema.safeParse(body));
  if (read.some(({ success, data }) => success && isDeepStrictEqual(data, body))) return;
  const why = read.map(({ success, data, error }) => (success ? `declared is only ${JSON.stringify(data)}` : error));
  throw undeclared(exchange, why.join("\nor "));
}

function undeclared({ method, path, status, text }: Exchange, why: string): Error {
  return new Error(`${method} ${path} answers ${status}, and ${why}:\n${text.slice(0, 2000)}`);
}
