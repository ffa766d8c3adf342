import { AppError } from "../../errors.ts";
import type { Attribute } from "../schema/definitions.ts";
import { isObject, type JsonObject } from "../values/json.ts";
import { parseSubAttributes, parseValue, type SubAttributeValue } from "../values/validate.ts";
import type { PatchChange } from "./message.ts";
import { normalizeValue } from "./quirks.ts";
import type { PatchTarget } from "./target.ts";

/** A change with its resolved path. */
export type ResolvedPatchChange = PatchChange & {
  readonly target: PatchTarget;
  /** Whether the element that a filter describes is added if the filter selects none. */
  readonly addsMissing?: boolean;
};

/**
 * Returns the sub-attributes that a change assigns in a complex attribute, or in one of its elements. Others keep their
 * values (RFC 7644 section 3.5.2.3).
 * @returns undefined if the change unassigns the whole attribute or element
 * @throws AppError invalid-request; invalid-value; mutability if all sub-attributes in the value are read-only
 */
export function assignedSubAttributes(
  attribute: Attribute,
  { op, value, target }: ResolvedPatchChange,
): readonly SubAttributeValue[] | undefined {
  const { subAttribute } = target;
  if (op === "remove") return subAttribute && [[subAttribute.name, undefined]];
  if (subAttribute) {
    return [[subAttribute.name, parseValue(subAttribute, value, `${attribute.name}.${subAttribute.name}`)]];
  }
  // The value of a list's attribute is one element here: a filter has selected it.
  const input = normalizeValue(value, { ...attribute, multiValued: false });
  if (input === null) return undefined;
  const assigned = parseSubAttributes(attribute, input);
  if (assigned.length === 0 && isObject(input) && Object.keys(input).length > 0) {
    throw new AppError("mutability", `The sub-attributes of ${attribute.name} in the value are read-only.`, {
      field: attribute.name,
    });
  }
  return op === "add" ? assigned.filter(([, subValue]) => subValue !== undefined) : assigned;
}

/** Returns a copy of the object with these sub-attributes set, or removed where the value is undefined. */
export const withSubAttributes = (current: JsonObject, assigned: readonly SubAttributeValue[]): JsonObject =>
  assigned.reduce((object, [name, value]) => withProperty(object, name, value), current);

/** Returns a copy with the property set, or removed if the value is undefined. Preserves the order of properties. */
export function withProperty(object: JsonObject, name: string, value: unknown): JsonObject {
  if (value !== undefined) return { ...object, [name]: value };
  const { [name]: _, ...rest } = object;
  return rest;
}

/** Returns undefined for an empty object, which is unassigned (RFC 7643 section 2.5). */
export const nonEmpty = (object: JsonObject): JsonObject | undefined =>
  Object.keys(object).length > 0 ? object : undefined;
