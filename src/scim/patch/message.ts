import { AppError } from "../../errors.ts";
import { isObject, type JsonObject, quoteName } from "../values/json.ts";
import { readMessageMembers } from "../values/message-members.ts";
import { mapOperations } from "./operation-step.ts";
import { normalizeOperation } from "./quirks.ts";

export const patchUrn = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/** A validated operation of a PATCH (RFC 7644 section 3.5.2). */
export interface PatchOperation {
  readonly op: "add" | "remove" | "replace";
  readonly path?: string;
  readonly value?: unknown;
}

/** The effect of an operation at one path. */
export type PatchChange = PatchOperation & { readonly path: string };

const operationsMax = 1000;
export const pathLengthMax = 4096;

/**
 * Returns a PatchOp message with its members and those of its operations in the spelling of RFC 7644. Clients send them
 * in any case.
 * @throws AppError invalid-request for a member in two spellings
 */
export function toCanonicalPatchMessage(body: JsonObject): JsonObject {
  const message = readMessageMembers(body, ["schemas", "Operations"]);
  if (!Array.isArray(message.Operations)) return message;
  const Operations = message.Operations.map((each: unknown) =>
    isObject(each) ? readMessageMembers(each, ["op", "path", "value"]) : each,
  );
  return { ...message, Operations };
}

/**
 * Parses a PatchOp message, including the quirks of identity providers.
 * @throws AppError invalid-request for a body that is no PatchOp message; too-large; invalid-path; invalid-value
 */
export function parsePatchOperations(body: unknown): readonly PatchOperation[] {
  const { schemas, Operations: operations } = toCanonicalPatchMessage(isObject(body) ? body : {});
  if (!isPatchMessage(schemas)) {
    throw new AppError("invalid-request", `schemas must contain ${patchUrn}.`, { field: "schemas" });
  }
  if (!Array.isArray(operations)) {
    throw new AppError("invalid-request", "Operations must be a list of operations.", { field: "Operations" });
  }
  if (operations.length > operationsMax) {
    throw new AppError("too-large", `Operations has more than ${operationsMax} entries.`, { field: "Operations" });
  }
  return mapOperations<unknown, PatchOperation>(operations, parseOperation);
}

/** Several clients omit the schemas: nothing else can be meant. A message of another type is not a PATCH. */
function isPatchMessage(schemas: unknown): boolean {
  if (schemas === undefined || schemas === null) return true;
  const urns: readonly unknown[] = Array.isArray(schemas) ? schemas : [schemas];
  return (
    urns.length === 0 || urns.some((urn) => typeof urn === "string" && urn.toLowerCase() === patchUrn.toLowerCase())
  );
}

function parseOperation(input: unknown): PatchOperation {
  if (!isObject(input)) throw fieldError("invalid-request", "Operations", "Each operation must be an object");
  const { op, path, value } = normalizeOperation(input);
  if (op !== "add" && op !== "remove" && op !== "replace") {
    throw fieldError("invalid-request", "Operations.op", "op must be add, remove or replace");
  }
  if (path !== undefined && path !== null && (typeof path !== "string" || path.length > pathLengthMax)) {
    throw fieldError("invalid-path", "Operations.path", `path must be a string of at most ${pathLengthMax} characters`);
  }
  if (op !== "remove") assertValue(op, value);
  return { op, ...(typeof path === "string" && path !== "" && { path }), ...(value !== undefined && { value }) };
}

/**
 * Splits an operation into changes of one path each. If the operation has no path, the keys of its value are the paths.
 * @throws AppError no-target for a remove without a path; invalid-request for a duplicate key; invalid-value
 */
export function toPatchChanges({ op, path, value }: PatchOperation): readonly PatchChange[] {
  if (path !== undefined) return [{ op, path, value }];
  if (op === "remove") throw fieldError("no-target", "Operations.path", "remove requires a path");
  if (!isObject(value))
    throw fieldError("invalid-value", "Operations.value", "Without a path, value must be an object");
  const seenNames = new Set<string>();
  return Object.entries(value).map(([name, each]) => {
    const normalizedName = name.toLowerCase();
    if (seenNames.has(normalizedName))
      throw fieldError("invalid-request", name, `${quoteName(name)} appears more than once`);
    seenNames.add(normalizedName);
    assertValue(op, each);
    return { op, path: name, value: each };
  });
}

/** Null unassigns an attribute (RFC 7643 section 2.5): `replace` accepts it, `add` does not. */
function assertValue(op: "add" | "replace", value: unknown): void {
  if (value === undefined || (op === "add" && value === null)) {
    throw fieldError("invalid-value", "Operations.value", `${op} requires a value`);
  }
}

const fieldError = (code: AppError["code"], field: string, detail: string): AppError =>
  new AppError(code, `${detail}.`, { field });
