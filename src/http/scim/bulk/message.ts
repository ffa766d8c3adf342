import type { ExpectedVersion } from "../../../domain/precondition.ts";
import { AppError, hasErrorCode } from "../../../errors.ts";
import { toCanonicalPatchMessage } from "../../../scim/patch/message.ts";
import { isObject, type JsonObject, quoteName } from "../../../scim/values/json.ts";
import { readMessageMembers } from "../../../scim/values/message-members.ts";
import type { ChangeRequest } from "../../../scim/values/removal-intent.ts";
import { parseIfMatch } from "../../server/etag.ts";
import type { Endpoint } from "../endpoint.ts";
import { findReferencedBulkIds } from "./references.ts";

export const bulkRequestUrn = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
export const bulkResponseUrn = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

/** `maxOperations` and `maxPayloadSize` of ServiceProviderConfig (RFC 7643 section 5). */
export const bulkOperationsMax = 1000;
export const bulkBytesMax = 1024 * 1024;

const methods = ["POST", "PUT", "PATCH", "DELETE"] as const;

/** A validated operation of a bulk request (RFC 7644 section 3.7). */
export interface BulkOperation {
  readonly method: (typeof methods)[number];
  readonly endpoint: Endpoint;
  /** An id, or a reference `bulkId:name` to a resource that another operation creates; absent for POST. */
  readonly id?: string;
  readonly data: JsonObject;
  readonly expected: ExpectedVersion | undefined;
  /** The bulkIds that the path and the data refer to. */
  readonly references: ReadonlySet<string>;
}

/** An operation as sent: the members that its result repeats, and the operation or its validation error. */
export interface BulkEntry {
  readonly method?: string;
  readonly bulkId?: string;
  readonly operation: BulkOperation | AppError;
  /** What an operation that is not valid would have done, if its target is known. */
  readonly invalid?: { readonly endpoint: Endpoint; readonly id: string } & ChangeRequest;
}

export interface BulkRequest {
  /** Number of errors that stops the request; infinite if the request does not set it. */
  readonly failOnErrors: number;
  readonly entries: readonly BulkEntry[];
}

/**
 * Parses a BulkRequest message (RFC 7644 section 3.7). An invalid operation becomes an entry with an error.
 * @throws AppError invalid-request, invalid-value or too-large for an error in the message as a whole
 */
export function parseBulkRequest(body: unknown, endpoints: readonly Endpoint[]): BulkRequest {
  const { schemas, failOnErrors, Operations } = readMembers(body, ["schemas", "failOnErrors", "Operations"]);
  if (!Array.isArray(schemas) || !schemas.includes(bulkRequestUrn)) {
    throw fieldError("invalid-request", "schemas", `schemas must contain ${bulkRequestUrn}`);
  }
  if (failOnErrors !== undefined && !(Number.isSafeInteger(failOnErrors) && Number(failOnErrors) >= 1)) {
    throw fieldError("invalid-value", "failOnErrors", "failOnErrors must be an integer of at least 1");
  }
  if (!Array.isArray(Operations)) {
    throw fieldError("invalid-request", "Operations", "Operations must be a list of operations");
  }
  if (Operations.length > bulkOperationsMax) {
    const detail = `Operations has ${Operations.length} entries, more than maxOperations (${bulkOperationsMax})`;
    throw fieldError("too-large", "Operations", detail);
  }
  const entries = Operations.map((input: unknown) => parseEntry(input, endpoints));
  return {
    failOnErrors: failOnErrors === undefined ? Number.POSITIVE_INFINITY : Number(failOnErrors),
    entries: rejectDuplicateBulkIds(entries),
  };
}

function parseEntry(input: unknown, endpoints: readonly Endpoint[]): BulkEntry {
  const members = resultOrError(() => readMembers(input, ["method", "bulkId", "path", "version", "data"]));
  if (members instanceof AppError) return { operation: members };
  const method = [...methods, "GET"].find((each) => equalsIgnoreCase(members.method, each));
  const operation = resultOrError(() => parseOperation(members, endpoints));
  const target = operation instanceof AppError ? resultOrError(() => parseTarget(members.path, endpoints)) : undefined;
  return {
    ...(method !== undefined && { method }),
    ...(typeof members.bulkId === "string" && { bulkId: members.bulkId }),
    operation,
    ...toInvalidTarget(method, target, members.data),
  };
}

function toInvalidTarget(
  method: string | undefined,
  target: { endpoint: Endpoint; id?: string } | AppError | undefined,
  body: unknown,
): Pick<BulkEntry, "invalid"> {
  if (!target || target instanceof AppError || target.id === undefined) return {};
  if (method !== "PUT" && method !== "PATCH" && method !== "DELETE") return {};
  return { invalid: { endpoint: target.endpoint, id: target.id, method, body } };
}

type OperationMembers = Partial<Record<"method" | "bulkId" | "path" | "version" | "data", unknown>>;

function parseOperation(members: OperationMembers, endpoints: readonly Endpoint[]): BulkOperation {
  const { bulkId, version, data = {} } = members;
  const method = methods.find((each) => equalsIgnoreCase(members.method, each));
  if (!method) throw fieldError("invalid-request", "Operations.method", "method must be POST, PUT, PATCH or DELETE");
  if (bulkId === undefined ? method === "POST" : typeof bulkId !== "string" || bulkId === "") {
    throw fieldError(
      "invalid-value",
      "Operations.bulkId",
      "bulkId must be a non-empty string, and is required for POST",
    );
  }
  const { endpoint, id } = parseTarget(members.path, endpoints);
  if ((id === undefined) !== (method === "POST")) {
    const expectedPath = method === "POST" ? "the path of a resource type, without an id" : "a path with an id";
    throw fieldError("invalid-value", "Operations.path", `${method} requires ${expectedPath}`);
  }
  if (version !== undefined && typeof version !== "string") {
    throw fieldError("invalid-value", "Operations.version", 'version must be an entity tag such as W/"3"');
  }
  if (!isObject(data) || (members.data === undefined && method !== "DELETE")) {
    throw fieldError("invalid-request", "Operations.data", `${method} requires data, an object`);
  }
  const operation = { method, ...(id !== undefined && { id }), data: toOperationData(method, data) };
  return { ...operation, endpoint, expected: parseIfMatch(version), references: findReferencedBulkIds(operation) };
}

/** References to other operations are resolved in the members of a PATCH, so these need the spelling of the RFC. */
function toOperationData(method: BulkOperation["method"], data: JsonObject): JsonObject {
  if (method === "DELETE") return {};
  return method === "PATCH" ? toCanonicalPatchMessage(data) : data;
}

function parseTarget(path: unknown, endpoints: readonly Endpoint[]): { endpoint: Endpoint; id?: string } {
  const [, name, id] = (typeof path === "string" && /^\/([^/?#]+)(?:\/([^?#]+))?$/.exec(path)) || [];
  const endpoint = endpoints.find(({ schema }) => equalsIgnoreCase(name, schema.endpoint));
  if (endpoint) return { endpoint, ...(id !== undefined && { id }) };
  const paths = endpoints.map(({ schema }) => `/${schema.endpoint}`).join(", ");
  throw fieldError(
    "invalid-value",
    "Operations.path",
    `path must be one of ${paths}, optionally followed by / and an id`,
  );
}

/** Rejects every operation with a duplicate bulkId: a reference to it would be ambiguous. */
function rejectDuplicateBulkIds(entries: readonly BulkEntry[]): readonly BulkEntry[] {
  const countByBulkId = new Map<string, number>();
  for (const { bulkId } of entries)
    if (bulkId !== undefined) countByBulkId.set(bulkId, (countByBulkId.get(bulkId) ?? 0) + 1);
  return entries.map((entry) => {
    const { bulkId } = entry;
    if (bulkId === undefined || countByBulkId.get(bulkId) === 1) return entry;
    const detail = `The bulkId ${quoteName(bulkId)} appears more than once`;
    return { ...entry, operation: fieldError("invalid-value", "Operations.bulkId", detail) };
  });
}

/**
 * Reads members of an object by case-insensitive name. Null counts as absent.
 * @throws AppError invalid-request for a value that is no object, and for a duplicate name
 */
function readMembers<Name extends string>(input: unknown, names: readonly Name[]): Partial<Record<Name, unknown>> {
  if (!isObject(input))
    throw new AppError("invalid-request", "A bulk request and each of its operations must be an object.");
  const members = readMessageMembers(input, names);
  for (const name of names) if (members[name] === null) delete members[name];
  return members;
}

const equalsIgnoreCase = (value: unknown, expected: string): boolean =>
  typeof value === "string" && value.toLowerCase() === expected.toLowerCase();

function resultOrError<Result>(parse: () => Result): Result | AppError {
  try {
    return parse();
  } catch (error) {
    if (hasErrorCode(error)) return error;
    throw error;
  }
}

const fieldError = (code: AppError["code"], field: string, detail: string): AppError =>
  new AppError(code, `${detail}.`, { field });
