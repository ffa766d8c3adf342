import { AppError } from "../../../errors.ts";
import { FilterTokenizer } from "../../../scim/filter/tokenizer.ts";
import { pathLengthMax } from "../../../scim/patch/message.ts";
import { isObject, type JsonObject, quoteName } from "../../../scim/values/json.ts";

/**
 * The parts of an operation that can contain references `bulkId:name` (RFC 7644 section 3.7.2): its path and its data.
 */
export interface ReferringOperation {
  readonly method: string;
  readonly id?: string;
  readonly data: JsonObject;
}

/** Returns the id of the resource that the operation with this bulkId creates. */
export type IdResolver = (bulkId: string) => string;

const bulkIdPrefix = "bulkId:";

/**
 * Returns the bulkIds that an operation refers to.
 * @throws AppError invalid-filter for an invalid string literal in a PATCH path
 */
export function findReferencedBulkIds({ method, id, data }: ReferringOperation): ReadonlySet<string> {
  const bulkIds = new Set<string>();
  const collectBulkId: IdResolver = (bulkId) => {
    bulkIds.add(bulkId);
    return "";
  };
  if (id !== undefined) resolveReference(id, collectBulkId);
  resolveDataReferences({ method, data }, collectBulkId);
  return bulkIds;
}

/** Returns the id, resolved if it is a reference. @throws the errors of `resolveId` */
export function resolveReference(idOrReference: string, resolveId: IdResolver): string {
  return idOrReference.startsWith(bulkIdPrefix) ? resolveId(idOrReference.slice(bulkIdPrefix.length)) : idOrReference;
}

/**
 * Returns the data of an operation with ids in place of references. A reference is a whole string, never part of one;
 * in the path of a PATCH it is the whole value of a comparison.
 * @throws the errors of `resolveId`; AppError invalid-filter
 */
export function resolveDataReferences(
  { method, data }: Omit<ReferringOperation, "id">,
  resolveId: IdResolver,
): unknown {
  const operations = data["Operations"];
  if (method !== "PATCH" || !Array.isArray(operations)) return resolveReferences(data, resolveId);
  return { ...data, Operations: operations.map((operation: unknown) => resolvePatchReferences(operation, resolveId)) };
}

function resolvePatchReferences(operation: unknown, resolveId: IdResolver): unknown {
  if (!isObject(operation)) return operation;
  const { path, value } = operation;
  return {
    ...operation,
    ...(typeof path === "string" && { path: resolvePathReferences(path, resolveId) }),
    ...(value !== undefined && { value: resolveReferences(value, resolveId) }),
  };
}

/** Uses the tokenizer of the filter grammar, so that both agree on what a value is. */
function resolvePathReferences(path: string, resolveId: IdResolver): string {
  if (path.length > pathLengthMax) return path; // the endpoint rejects it
  const tokens = new FilterTokenizer(path);
  let resolvedPath = "";
  let copiedEnd = 0;
  for (let token = tokens.next(); token.kind !== "end"; token = tokens.next()) {
    if (token.kind !== "string" || !token.value.startsWith(bulkIdPrefix)) continue;
    resolvedPath += path.slice(copiedEnd, token.position) + JSON.stringify(resolveReference(token.value, resolveId));
    copiedEnd = tokens.end;
  }
  return resolvedPath + path.slice(copiedEnd);
}

/** Returns a JSON value with ids in place of references. @throws the errors of `resolveId` */
export function resolveReferences(value: unknown, resolveId: IdResolver): unknown {
  if (typeof value === "string") return resolveReference(value, resolveId);
  if (Array.isArray(value)) return value.map((each: unknown) => resolveReferences(each, resolveId));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, resolveReferences(each, resolveId)]));
}

/**
 * Creates the error for a reference without an id.
 * @param hasCreator whether an operation of the request creates the resource
 */
export function unresolvedReference(bulkId: string, hasCreator: boolean): AppError {
  const reason = hasCreator ? "refers to a resource that was not created" : "matches no bulkId of this request";
  return new AppError("unresolved-reference", `${quoteName(bulkIdPrefix + bulkId)} ${reason}.`);
}
