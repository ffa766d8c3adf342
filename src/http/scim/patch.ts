import type { MembershipStep } from "../../domain/people/groups.ts";
import { AppError } from "../../errors.ts";
import { localName } from "./filter.ts";
import { elementsMax, groupName, isObject, memberIdsOf } from "./inbound.ts";
import { type AttributeTable, enterpriseAttributes, enterpriseUrn, userAttributes } from "./scimmy.ts";

export const patchUrn = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

type Json = Record<string, unknown>;

/** One operation of a PATCH, its parts checked (RFC 7644 section 3.5.2). */
export interface PatchOperation {
  readonly op: "add" | "remove" | "replace";
  readonly path?: string;
  readonly value?: unknown;
}

const operationsMax = 1000;
const pathMax = 4096;

/** @throws AppError invalid-request for what is no PatchOp message */
export function patchOperations(body: unknown): readonly PatchOperation[] {
  const message = (typeof body === "object" && body !== null ? body : {}) as Json;
  const schemas = message["schemas"];
  if (
    !Array.isArray(schemas) ||
    !schemas.some((urn) => typeof urn === "string" && urn.toLowerCase() === patchUrn.toLowerCase())
  ) {
    throw new AppError("invalid-request", `schemas must hold ${patchUrn}.`, { field: "schemas" });
  }
  const operations = message["Operations"];
  if (!Array.isArray(operations)) {
    throw new AppError("invalid-request", "Operations must be a list of operations.", { field: "Operations" });
  }
  if (operations.length > operationsMax) {
    throw new AppError("too-large", `Operations has more than ${operationsMax} entries.`, { field: "Operations" });
  }
  return operations.map(operationOf);
}

function operationOf(given: unknown): PatchOperation {
  const { op, path, value } = (typeof given === "object" && given !== null ? given : {}) as Json;
  const folded = typeof op === "string" ? op.toLowerCase() : undefined; // Entra capitalises
  if (folded !== "add" && folded !== "remove" && folded !== "replace") {
    throw new AppError("invalid-request", "op must be add, remove or replace.", { field: "Operations.op" });
  }
  if (path !== undefined && (typeof path !== "string" || path.length > pathMax)) {
    throw new AppError("invalid-path", `path must be a text of at most ${pathMax} characters.`, {
      field: "Operations.path",
    });
  }
  if (folded !== "remove" && (value === undefined || (folded === "add" && value === null))) {
    throw new AppError("invalid-value", `${folded} needs a value.`, { field: "Operations.value" });
  }
  return { op: folded, ...(path !== undefined && path !== "" && { path }), value };
}

/**
 * The user's attributes after these operations. As yet paths name an attribute or a sub-attribute; those with a value
 * filter are refused.
 * @param id of the user; saying it again changes nothing
 * @param attributes as the schema names them; left as they are
 * @throws AppError invalid-path; mutability; not-implemented
 */
export function patchedUser(id: string, attributes: Readonly<Json>, operations: readonly PatchOperation[]): Json {
  const result = structuredClone(attributes) as Json;
  for (const { op, path, value } of operations.flatMap(withPath)) {
    if (saysWhatStands(id, path, value)) continue;
    const { holder, name, multiValued, subAttributes } = targetOf(result, path);
    if (isObject(value)) assertKnown(value, subAttributes, path);
    if (op === "remove" && multiValued && isPresent(value)) holder[name] = without(holder[name], value);
    else if (op === "remove" || value === null) remove(holder, name);
    else if (op === "add" && multiValued) holder[name] = union(holder[name], value);
    else if (isObject(holder[name]) && isObject(value)) holder[name] = { ...holder[name], ...value };
    else holder[name] = value;
  }
  return result;
}

/** Some clients repeat the id and the schemas beside what they change. */
function saysWhatStands(id: string, path: string, value: unknown): boolean {
  const local = localName(path);
  if (local === "id" && value !== id) throw new AppError("mutability", "id cannot be changed.", { field: "id" });
  return local === "id" || local === "schemas";
}

/** A value without a path says by its keys what it is for. */
function withPath(operation: PatchOperation): readonly (PatchOperation & { readonly path: string })[] {
  const { op, path, value } = operation;
  if (path !== undefined) return [{ ...operation, path }];
  if (op === "remove") throw new AppError("no-target", "remove needs a path.", { field: "Operations.path" });
  if (!isObject(value)) {
    throw new AppError("invalid-value", "Without a path, value must be an object.", { field: "Operations.value" });
  }
  return Object.entries(value).map(([name, each]) => ({ op, path: name, value: each }));
}

interface Target {
  readonly holder: Json;
  readonly name: string;
  readonly multiValued: boolean;
  readonly subAttributes: AttributeTable;
}

function targetOf(user: Json, path: string): Target {
  const bad = (): AppError => new AppError("invalid-path", `${shown(path)} names no attribute of a user.`);
  if (path.includes("[")) {
    throw new AppError("not-implemented", "A path with a value filter is not supported for users.");
  }
  const local = localName(path);
  if (local === enterpriseUrn.toLowerCase()) {
    return { holder: user, name: enterpriseUrn, multiValued: false, subAttributes: enterpriseAttributes };
  }
  const inExtension = local.startsWith(`${enterpriseUrn.toLowerCase()}:`);
  const table: AttributeTable = inExtension ? enterpriseAttributes : userAttributes;
  const [name = "", subName, ...rest] = (inExtension ? local.slice(enterpriseUrn.length + 1) : local).split(".");
  const attribute = table.get(name);
  if (!attribute || rest.length > 0) throw bad();
  if (attribute.name === "password") throw new AppError("not-implemented", "Passwords are not kept here.");
  if (attribute.readOnly) throw new AppError("mutability", `${attribute.name} cannot be changed.`, { field: path });
  const holder = inExtension ? objectIn(user, enterpriseUrn) : user;
  if (subName === undefined) return { ...attribute, holder };
  const sub = attribute.multiValued ? undefined : attribute.subAttributes.get(subName);
  if (!sub) throw bad();
  return { ...sub, holder: objectIn(holder, attribute.name) };
}

/** @throws AppError invalid-path for a part of a complex value that would be dropped without a word */
function assertKnown(value: Json, subAttributes: AttributeTable, path: string): void {
  const stranger = Object.keys(value).find((name) => !subAttributes.has(name.toLowerCase()));
  if (stranger !== undefined) throw new AppError("invalid-path", `${shown(path)} has no ${shown(stranger)}.`);
}

/** @throws AppError mutability for what a user always has */
function remove(holder: Json, name: string): void {
  if (name === "active") throw new AppError("mutability", "active is true or false.", { field: name });
  delete holder[name];
}

/** Without the elements that the value names, by their `value` where they have one. */
function without(present: unknown, value: unknown): unknown {
  const key = (each: unknown): string => JSON.stringify(isObject(each) && "value" in each ? each["value"] : each);
  const gone = new Set((Array.isArray(value) ? value : [value]).map(key));
  return Array.isArray(present) ? present.filter((each) => !gone.has(key(each))) : present;
}

const isPresent = (value: unknown): boolean => value !== undefined && value !== null;

/** What the caller sent, short enough to be repeated. */
const shown = (text: string): string => JSON.stringify(text.slice(0, 100));

function objectIn(holder: Json, name: string): Json {
  const known = holder[name];
  if (isObject(known)) return known;
  const made: Json = {};
  holder[name] = made;
  return made;
}

function union(present: unknown, added: unknown): unknown[] {
  const list: unknown[] = Array.isArray(present) ? [...present] : [];
  const seen = new Set(list.map((each) => JSON.stringify(each)));
  for (const each of Array.isArray(added) ? added : [added]) {
    if (list.length > elementsMax) break; // more than a user may have, which the check after will say
    if (!seen.has(JSON.stringify(each))) list.push(each);
  }
  return list;
}

/** What a PATCH does to a group: its attributes from now on, and steps on its members, none of which reads the others. */
export interface GroupPatch {
  readonly attributes: { displayName?: string; externalId?: string | null };
  readonly members: readonly MembershipStep[];
}

/**
 * @param id of the group; saying it again changes nothing
 * @throws AppError invalid-path; invalid-value; mutability
 */
export function groupPatch(id: string, operations: readonly PatchOperation[]): GroupPatch {
  const attributes: GroupPatch["attributes"] = {};
  const members: MembershipStep[] = [];
  for (const { op, path, value } of operations.flatMap(withPath)) {
    if (saysWhatStands(id, path, value)) continue;
    const local = localName(path);
    const member = /^members\s*\[\s*value\s+eq\s+("(?:[^"\\]|\\.)*")\s*\]$/is.exec(stripUrn(path))?.[1];
    if (member !== undefined) members.push(filteredMember(op, member));
    else if (local === "members") members.push(memberStep(op, value));
    else if (local === "displayname") {
      if (op === "remove") throw new AppError("mutability", "displayName is required.", { field: "displayName" });
      attributes.displayName = groupName(value);
    } else if (local === "externalid") {
      if (op !== "remove" && value !== null && typeof value !== "string") {
        throw new AppError("invalid-value", "externalId must be a text.", { field: "externalId" });
      }
      attributes.externalId = op === "remove" ? null : (value as string | null);
    } else {
      throw new AppError("invalid-path", `${shown(path)} names no attribute of a group.`);
    }
  }
  return { attributes, members };
}

const stripUrn = (path: string): string => path.slice(path.length - localName(path).length);

function memberStep(op: PatchOperation["op"], value: unknown): MembershipStep {
  if (op === "remove" && value === undefined) return { set: [] };
  if (op === "replace") return { set: value === null ? [] : memberIdsOf(value) };
  return op === "add" ? { add: memberIdsOf(value) } : { remove: memberIdsOf(value) };
}

function filteredMember(op: PatchOperation["op"], literal: string): MembershipStep {
  if (op !== "remove") throw new AppError("invalid-path", `Members are not ${op}ed through a filter.`);
  try {
    return { remove: [JSON.parse(literal) as string] };
  } catch (error) {
    throw new AppError("invalid-filter", "The path's filter does not hold one quoted text.", {}, error);
  }
}
