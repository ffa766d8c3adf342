import { AppError } from "../../errors.ts";
import { isObject, shown } from "./json.ts";
import { normaliseOperation } from "./quirks.ts";

export const patchUrn = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/** One operation of a PATCH, its parts checked (RFC 7644 section 3.5.2). */
export interface PatchOperation {
  readonly op: "add" | "remove" | "replace";
  readonly path?: string;
  readonly value?: unknown;
}

/** What an operation does at one path. */
export type PatchChange = PatchOperation & { readonly path: string };

const operationsMax = 1000;
export const pathMax = 4096;

/** @throws AppError invalid-request for what is no PatchOp message; too-large; invalid-path; invalid-value */
export function patchOperations(body: unknown): readonly PatchOperation[] {
  const { schemas, Operations: operations } = isObject(body) ? body : {};
  if (
    !Array.isArray(schemas) ||
    !schemas.some((urn) => typeof urn === "string" && urn.toLowerCase() === patchUrn.toLowerCase())
  ) {
    throw new AppError("invalid-request", `schemas must hold ${patchUrn}.`, { field: "schemas" });
  }
  if (!Array.isArray(operations)) {
    throw new AppError("invalid-request", "Operations must be a list of operations.", { field: "Operations" });
  }
  if (operations.length > operationsMax) {
    throw new AppError("too-large", `Operations has more than ${operationsMax} entries.`, { field: "Operations" });
  }
  return operations.map(operationOf);
}

function operationOf(given: unknown): PatchOperation {
  if (!isObject(given)) throw refuse("invalid-request", "Operations", "Each operation must be an object");
  const misspelt = Object.keys(given).find((key) => /^(op|path|value)$/i.test(key) && key !== key.toLowerCase());
  if (misspelt) throw refuse("invalid-request", "Operations", `${misspelt} is to be written in small letters`);
  const { op, path, value } = normaliseOperation(given);
  if (op !== "add" && op !== "remove" && op !== "replace") {
    throw refuse("invalid-request", "Operations.op", "op must be add, remove or replace");
  }
  if (path !== undefined && path !== null && (typeof path !== "string" || path.length > pathMax)) {
    throw refuse("invalid-path", "Operations.path", `path must be a text of at most ${pathMax} characters`);
  }
  if (op !== "remove") assertSaid(op, value);
  return { op, ...(typeof path === "string" && path !== "" && { path }), ...(value !== undefined && { value }) };
}

/**
 * What an operation does, path by path: where it has no path of its own, the keys of its value are the paths.
 * @throws AppError no-target for a removal of nothing in particular; invalid-value
 */
export function changesOf({ op, path, value }: PatchOperation): readonly PatchChange[] {
  if (path !== undefined) return [{ op, path, value }];
  if (op === "remove") throw refuse("no-target", "Operations.path", "remove needs a path");
  if (!isObject(value)) throw refuse("invalid-value", "Operations.value", "Without a path, value must be an object");
  const seen = new Set<string>();
  return Object.entries(value).map(([name, each]) => {
    const folded = name.toLowerCase();
    if (seen.has(folded)) throw refuse("invalid-request", name, `${shown(name)} is there twice`);
    seen.add(folded);
    assertSaid(op, each);
    return { op, path: name, value: each };
  });
}

/** Null unassigns (RFC 7643 section 2.5), so it can replace a value, but is none that could be added. */
function assertSaid(op: "add" | "replace", value: unknown): void {
  if (value === undefined || (op === "add" && value === null)) {
    throw refuse("invalid-value", "Operations.value", `${op} needs a value`);
  }
}

const refuse = (fault: AppError["fault"], field: string, why: string): AppError =>
  new AppError(fault, `${why}.`, { field });
