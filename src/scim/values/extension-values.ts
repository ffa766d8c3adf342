import { isDeepStrictEqual } from "node:util";
import { AppError } from "../../errors.ts";
import type { ExtensionValues } from "../../store/extension-fields.ts";
import type { Attribute, AttributeTable } from "../schema/definitions.ts";
import type { Extension, ResourceSchema } from "../schema/resource-schema.ts";
import { isObject, type JsonObject } from "./json.ts";
import { invalidValue } from "./validate.ts";

/**
 * Completes the attributes that a request sets for a user or group with what is stored: values of attributes that the
 * schema no longer declares are kept, because they return when it declares them again. Checks the rules of RFC 7643
 * section 2.2 that depend on the stored values.
 * @param next the attributes to store, as `parseUser` returns them
 * @param current the stored attributes; undefined for a new resource
 * @param change `replace` (POST, PUT) sets all values, except that an omitted immutable value stays (RFC 7644 section
 *   3.5.1); `patch` changes some, so that an attribute that became required later does not block changes of others
 * @throws AppError mutability for another value of an immutable attribute; invalid-value for a missing required attribute;
 *   too-large
 */
export function completeExtensions<T extends JsonObject>(
  next: T,
  current: JsonObject | undefined,
  schema: ResourceSchema,
  change: "replace" | "patch",
): T {
  const stored = readExtensionValues(current);
  const assigned = readExtensionValues(next);
  const completed: Record<string, JsonObject> = {};
  for (const id of new Set([...Object.keys(stored), ...Object.keys(assigned)])) {
    const extension = schema.extensions.find((each) => each.declaration?.id === id);
    const before = stored[id] ?? {};
    const values = extension ? completeValues(extension, before, assigned[id] ?? {}, change) : before;
    if (Object.keys(values).length > 0) completed[id] = values;
  }
  const { scimExtensions: _, ...attributes } = next as JsonObject;
  if (Object.keys(completed).length === 0) return attributes as T;
  if (JSON.stringify(completed).length > charactersMax) {
    throw new AppError("too-large", `The extension attributes have at most ${charactersMax} characters together.`);
  }
  return { ...attributes, scimExtensions: completed } as unknown as T; // last, for `toScimJson`
}

/** As many as a whole user; the limit includes values that no schema declares any more. */
const charactersMax = 65_536;

function completeValues(
  extension: Extension,
  before: JsonObject,
  assigned: JsonObject,
  change: "replace" | "patch",
): JsonObject {
  const after: Record<string, unknown> = { ...assigned };
  for (const { name, mutability } of extension.attributes.values()) {
    if (mutability !== "immutable" || before[name] === undefined) continue;
    if (after[name] === undefined && change === "replace") after[name] = before[name];
    else if (!isDeepStrictEqual(before[name], after[name])) {
      const field = `${extension.urn}:${name}`;
      throw new AppError("mutability", `${field} is immutable and has a value already.`, { field });
    }
  }
  const visible = selectDeclared(extension.attributes, before);
  if (Object.keys(after).length > 0 && !isDeepStrictEqual(visible, after)) {
    const mustHave = ({ name }: Attribute): boolean =>
      change === "replace" || Object.keys(visible).length === 0 || visible[name] !== undefined;
    assertRequired(`${extension.urn}:`, [...extension.attributes.values()].filter(mustHave), after);
  }
  const undeclared = Object.entries(before).filter(([name]) => !(name in visible));
  return { ...Object.fromEntries(undeclared), ...after };
}

/** @throws AppError invalid-value for a required attribute without a value, in elements of lists too */
function assertRequired(prefix: string, attributes: readonly Attribute[], holder: JsonObject): void {
  for (const { name, required, subAttributes } of attributes) {
    const value = holder[name];
    if (required && value === undefined) throw invalidValue(`${prefix}${name}`, "is required");
    for (const each of Array.isArray(value) ? value : [value])
      if (isObject(each)) assertRequired(`${prefix}${name}.`, [...subAttributes.values()], each);
  }
}

/** Returns the stored values of extensions that organizations declare. */
const readExtensionValues = (resource: JsonObject | undefined): ExtensionValues =>
  (resource?.["scimExtensions"] ?? {}) as ExtensionValues;

function selectDeclared(attributes: AttributeTable, values: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(values).filter(([name]) => attributes.get(name.toLowerCase())?.name === name),
  );
}

/** Returns the stored values that the schema declares, by the URN of their extension. */
export function toDeclaredValues(stored: unknown, schema: ResourceSchema): Record<string, JsonObject> {
  const byUrn: Record<string, JsonObject> = {};
  for (const { urn, attributes, declaration } of schema.extensions) {
    const values = declaration && isObject(stored) ? stored[declaration.id] : undefined;
    const visible = isObject(values) ? selectDeclared(attributes, values) : {};
    if (Object.keys(visible).length > 0) byUrn[urn] = visible;
  }
  return byUrn;
}

/**
 * Does the same in JSON: a schema without removed attributes declares all values under its id, so that only the id is
 * replaced. Parsing and serializing them would be a third of the cost of a list.
 */
export function toDeclaredJson(
  storedJson: string,
  schema: ResourceSchema,
): { readonly json: string; readonly urns: readonly string[] } {
  let json = storedJson;
  const urns: string[] = [];
  for (const { urn, declaration } of schema.extensions) {
    const key = `"${declaration?.id}"`;
    const start = declaration ? json.indexOf(`${key}:{`) : -1;
    if (start < 0) continue;
    if (declaration?.removedAttributes) return parseDeclared(storedJson, schema);
    json = `${json.slice(0, start)}"${urn}"${json.slice(start + key.length)}`;
    urns.push(urn);
  }
  // What is left belongs to a schema that was removed, or is an attribute that looks like an id.
  return json.includes('"ext_') ? parseDeclared(storedJson, schema) : { json, urns };
}

function parseDeclared(
  storedJson: string,
  schema: ResourceSchema,
): { readonly json: string; readonly urns: readonly string[] } {
  const declared = toDeclaredValues(JSON.parse(storedJson), schema);
  return { json: JSON.stringify(declared), urns: Object.keys(declared) };
}

/** Moves the values of extensions from their URNs to where records store them. */
export function toStoredExtensions(
  attributes: Readonly<Record<string, unknown>>,
  { extensions }: ResourceSchema,
): Record<string, unknown> {
  const stored = { ...attributes };
  const declared: Record<string, unknown> = {};
  for (const { urn, key, declaration } of extensions) {
    const values = stored[urn];
    delete stored[urn];
    if (values === undefined) continue;
    if (declaration) declared[declaration.id] = values;
    else stored[key] = values;
  }
  return Object.keys(declared).length > 0 ? { ...stored, scimExtensions: declared } : stored;
}
