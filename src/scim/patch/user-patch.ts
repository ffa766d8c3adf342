import { AppError } from "../../errors.ts";
import { listComparisons } from "../filter/syntax.ts";
import type { Attribute } from "../schema/definitions.ts";
import { type ResourceSchema, userSchema } from "../schema/resource-schema.ts";
import { isObject, type JsonObject, quoteName } from "../values/json.ts";
import { parseValue } from "../values/validate.ts";
import {
  assignedSubAttributes,
  nonEmpty,
  type ResolvedPatchChange,
  withProperty,
  withSubAttributes,
} from "./complex.ts";
import { applyToElements } from "./elements.ts";
import { type PatchChange, type PatchOperation, toPatchChanges } from "./message.ts";
import { mapOperations } from "./operation-step.ts";
import { checkMutability, resolvePatchTarget } from "./target.ts";

/**
 * Applies the operations of a PATCH (RFC 7644 section 3.5.2) to the attributes of a user. Atomic: an error in one
 * operation discards all of them. The caller validates the result with `parseUser`.
 * @param id id of the user; an operation that sets the same id has no effect
 * @param attributes by schema name, those of an extension under its URN; not modified
 * @param schema the resource type with the extensions of the organization
 * @throws AppError invalid-path; invalid-filter; invalid-request; invalid-value; mutability; no-target; too-large
 */
export function applyUserPatch(
  id: string,
  attributes: JsonObject,
  operations: readonly PatchOperation[],
  schema: ResourceSchema = userSchema,
  { canReplaceAdd = false }: UserPatchOptions = {},
): Record<string, unknown> {
  const changesByOperation = mapOperations(operations, (operation) => {
    const resolved = toPatchChanges(operation).flatMap((change) => resolveChanges(change, schema));
    if (operation.path === undefined) rejectDuplicateTargets(resolved);
    return resolved;
  });
  assertPatchSize(changesByOperation.flat(), "user");
  const effectiveChanges = mapOperations(changesByOperation, (each) =>
    each.filter((change) => !checkMutability(id, change, change.target)),
  );
  let patched = attributes;
  mapOperations(effectiveChanges, (each) => {
    patched = each.reduce(
      (user, change) => applyChange(user, { ...change, addsMissing: change.op === "add" || canReplaceAdd }),
      patched,
    );
  });
  return { ...patched };
}

/** How a PATCH of a user is applied. */
export interface UserPatchOptions {
  /** Whether `replace` through a filter that selects no element adds it, like `add`. */
  readonly canReplaceAdd?: boolean;
}

/**
 * Two spellings of one attribute in one value contradict each other: `active` and `urn:...:User:active`. Which one wins
 * would depend on the order of keys.
 * @throws AppError invalid-request
 */
function rejectDuplicateTargets(changes: readonly ResolvedPatchChange[]): void {
  const targets = new Set<string>();
  for (const { path, target } of changes) {
    if (target.filter) continue;
    const key = [target.extension?.urn, target.attribute?.name, target.subAttribute?.name].join(" ");
    if (targets.has(key)) {
      throw new AppError("invalid-request", `${quoteName(path)} appears more than once.`, { field: path });
    }
    targets.add(key);
  }
}

/** Well above the number of attributes. Each change may visit all elements of a list. */
const changesMax = 200;
/** In the value paths of all changes together. Each comparison may visit all elements of a list. */
const comparisonsMax = 1000;

/** @throws AppError too-large for more changes or comparisons than one resource may cost */
export function assertPatchSize(changes: readonly ResolvedPatchChange[], title: "user" | "group"): void {
  if (changes.length > changesMax) {
    throw new AppError("too-large", `The operations make more than ${changesMax} changes to one ${title}.`);
  }
  const comparisons = changes.flatMap(({ target }) => (target.filter ? [...listComparisons(target.filter)] : []));
  if (comparisons.length > comparisonsMax) {
    throw new AppError("too-large", `The paths have more than ${comparisonsMax} comparisons.`);
  }
}

/** Resolves the path of a change. A change of a whole extension becomes one change for each attribute in its value. */
export function resolveChanges(change: PatchChange, schema: ResourceSchema): readonly ResolvedPatchChange[] {
  const { op, path, value } = change;
  const target = resolvePatchTarget(schema, path);
  if (target.attribute || op === "remove") return [{ ...change, target }];
  if (value === null) return [{ op: "remove", path, target }];
  const urn = target.extension?.urn ?? path;
  if (!isObject(value)) throw new AppError("invalid-value", `${urn} must be an object.`, { field: urn });
  return toPatchChanges({ op, value }).flatMap((each) =>
    resolveChanges({ ...each, path: `${urn}:${each.path}` }, schema),
  );
}

/** Applies a change to a resource whose extensions are under their URNs. */
export function applyChange(user: JsonObject, change: ResolvedPatchChange): JsonObject {
  const { extension, attribute } = change.target;
  if (!extension) return attribute ? applyToHolder(user, attribute, change) : user;
  const extensionValue = user[extension.urn];
  const updated =
    attribute && nonEmpty(applyToHolder(isObject(extensionValue) ? extensionValue : {}, attribute, change));
  return withProperty(user, extension.urn, updated);
}

/** Applies a change to the object that holds the attribute: the user or an extension. */
function applyToHolder(holder: JsonObject, attribute: Attribute, change: ResolvedPatchChange): JsonObject {
  const updated = applyToValue(attribute, holder[attribute.name], change);
  if (updated === undefined) assertRemovable(attribute, change.target);
  return withProperty(holder, attribute.name, updated);
}

function applyToValue(attribute: Attribute, current: unknown, change: ResolvedPatchChange): unknown {
  if (attribute.multiValued) {
    const elements = applyToElements(attribute, Array.isArray(current) ? current : [], change);
    return elements.length > 0 ? elements : undefined;
  }
  if (attribute.type === "complex") {
    const assigned = assignedSubAttributes(attribute, change);
    return assigned && nonEmpty(withSubAttributes(isObject(current) ? current : {}, assigned));
  }
  return change.op === "remove" ? undefined : parseValue(attribute, change.value);
}

/** @throws AppError mutability for an attribute that every user has */
function assertRemovable({ name, required }: Attribute, { extension }: ResolvedPatchChange["target"]): void {
  if (required) throw new AppError("mutability", `${name} is required and cannot be removed.`, { field: name });
  if (name === "active" && !extension)
    throw new AppError("mutability", "active cannot be removed: set it to true or false.", { field: name });
}
