import type { ExpectedVersion } from "../../domain/precondition.ts";
import { AppError, isFault } from "../../errors.ts";
import { versionsExpected } from "../etag.ts";
import { referencesOf } from "./bulk-references.ts";
import type { Endpoint } from "./endpoint.ts";
import { isObject, type JsonObject, shown } from "./json.ts";

export const bulkRequestUrn = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
export const bulkResponseUrn = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

/** `maxOperations` and `maxPayloadSize` of ServiceProviderConfig (RFC 7643 section 5). */
export const bulkOperationsMax = 1000;
export const bulkBytesMax = 1024 * 1024;

const methods = ["POST", "PUT", "PATCH", "DELETE"] as const;

/** One operation of a bulk, its parts checked (RFC 7644 section 3.7). */
export interface BulkOperation {
  readonly method: (typeof methods)[number];
  readonly endpoint: Endpoint;
  /** An id, or `bulkId:` and the name of what another operation creates; absent when this one creates. */
  readonly id?: string;
  readonly data: JsonObject;
  readonly expected: ExpectedVersion | undefined;
  /** The names that follow `bulkId:`, wherever they stand. */
  readonly references: ReadonlySet<string>;
}

/** What was sent for one operation: what its answer repeats, and what is to be done or why that cannot be. */
export interface BulkEntry {
  readonly method?: string;
  readonly bulkId?: string;
  readonly operation: BulkOperation | AppError;
}

export interface BulkRequest {
  /** How many errors end the request; infinite when the client did not say. */
  readonly failOnErrors: number;
  readonly entries: readonly BulkEntry[];
}

/**
 * Reads a BulkRequest message (RFC 7644 section 3.7). What is wrong with one operation is that operation's error.
 * @throws AppError invalid-request, invalid-value or too-large for what is wrong with the message as a whole
 */
export function bulkRequest(body: unknown, endpoints: readonly Endpoint[]): BulkRequest {
  const { schemas, failOnErrors, Operations } = membersOf(body, ["schemas", "failOnErrors", "Operations"]);
  if (!Array.isArray(schemas) || !schemas.includes(bulkRequestUrn)) {
    throw refuse("invalid-request", "schemas", `schemas must hold ${bulkRequestUrn}`);
  }
  if (failOnErrors !== undefined && !(Number.isSafeInteger(failOnErrors) && Number(failOnErrors) >= 1)) {
    throw refuse("invalid-value", "failOnErrors", "failOnErrors must be a whole number of 1 or more");
  }
  if (!Array.isArray(Operations)) {
    throw refuse("invalid-request", "Operations", "Operations must be a list of operations");
  }
  if (Operations.length > bulkOperationsMax) {
    const why = `Operations has ${Operations.length} entries, more than maxOperations (${bulkOperationsMax})`;
    throw refuse("too-large", "Operations", why);
  }
  const entries = Operations.map((given: unknown) => entryOf(given, endpoints));
  return {
    failOnErrors: failOnErrors === undefined ? Number.POSITIVE_INFINITY : Number(failOnErrors),
    entries: withUniqueNames(entries),
  };
}

function entryOf(given: unknown, endpoints: readonly Endpoint[]): BulkEntry {
  const sent = orRefusal(() => membersOf(given, ["method", "bulkId", "path", "version", "data"]));
  if (sent instanceof AppError) return { operation: sent };
  const method = [...methods, "GET"].find((each) => isWord(sent.method, each));
  return {
    ...(method !== undefined && { method }),
    ...(typeof sent.bulkId === "string" && { bulkId: sent.bulkId }),
    operation: orRefusal(() => operationOf(sent, endpoints)),
  };
}

type Sent = Partial<Record<"method" | "bulkId" | "path" | "version" | "data", unknown>>;

function operationOf(sent: Sent, endpoints: readonly Endpoint[]): BulkOperation {
  const { bulkId, version, data = {} } = sent;
  const method = methods.find((each) => isWord(sent.method, each));
  if (!method) throw refuse("invalid-request", "Operations.method", "method must be POST, PUT, PATCH or DELETE");
  if (bulkId === undefined ? method === "POST" : typeof bulkId !== "string" || bulkId === "") {
    throw refuse("invalid-value", "Operations.bulkId", "POST needs a bulkId, a text that is not empty");
  }
  const { endpoint, id } = targetOf(sent.path, endpoints);
  if ((id === undefined) !== (method === "POST")) {
    const needed = method === "POST" ? "the path of a resource type, without an id" : "a path with an id";
    throw refuse("invalid-value", "Operations.path", `${method} needs ${needed}`);
  }
  if (version !== undefined && typeof version !== "string") {
    throw refuse("invalid-value", "Operations.version", 'version must be an entity tag such as W/"3"');
  }
  if (!isObject(data) || (sent.data === undefined && method !== "DELETE")) {
    throw refuse("invalid-request", "Operations.data", `${method} needs data, an object`);
  }
  const said = { method, ...(id !== undefined && { id }), data: method === "DELETE" ? {} : data };
  return { ...said, endpoint, expected: versionsExpected(version), references: referencesOf(said) };
}

function targetOf(path: unknown, endpoints: readonly Endpoint[]): { endpoint: Endpoint; id?: string } {
  const [, name, id] = (typeof path === "string" && /^\/([^/?#]+)(?:\/([^?#]+))?$/.exec(path)) || [];
  const endpoint = endpoints.find(({ schema }) => isWord(name, schema.endpoint));
  if (endpoint) return { endpoint, ...(id !== undefined && { id }) };
  const known = endpoints.map(({ schema }) => `/${schema.endpoint}`).join(", ");
  throw refuse("invalid-value", "Operations.path", `path must be one of ${known}, alone or followed by / and an id`);
}

/** A name that several operations have names none of them: what refers to it could mean either. */
function withUniqueNames(entries: readonly BulkEntry[]): readonly BulkEntry[] {
  const uses = new Map<string, number>();
  for (const { bulkId } of entries) if (bulkId !== undefined) uses.set(bulkId, (uses.get(bulkId) ?? 0) + 1);
  return entries.map((entry) => {
    const { bulkId } = entry;
    if (bulkId === undefined || uses.get(bulkId) === 1) return entry;
    const why = `The bulkId ${shown(bulkId)} is that of several operations`;
    return { ...entry, operation: refuse("invalid-value", "Operations.bulkId", why) };
  });
}

/**
 * What an object has under these names, in any letter case (RFC 7643 section 2.1); null is absent.
 * @throws AppError invalid-request for what is no object, and for a name that is there twice
 */
function membersOf<Name extends string>(given: unknown, names: readonly Name[]): Partial<Record<Name, unknown>> {
  if (!isObject(given))
    throw new AppError("invalid-request", "A bulk request and each of its operations is an object.");
  const found: Partial<Record<Name, unknown>> = {};
  for (const [key, value] of Object.entries(given)) {
    const name = names.find((each) => isWord(key, each));
    if (name === undefined || value === null) continue;
    if (name in found) throw refuse("invalid-request", name, `${name} is there twice`);
    found[name] = value;
  }
  return found;
}

const isWord = (given: unknown, word: string): boolean =>
  typeof given === "string" && given.toLowerCase() === word.toLowerCase();

function orRefusal<Result>(work: () => Result): Result | AppError {
  try {
    return work();
  } catch (error) {
    if (isFault(error)) return error;
    throw error;
  }
}

const refuse = (fault: AppError["fault"], field: string, why: string): AppError =>
  new AppError(fault, `${why}.`, { field });
