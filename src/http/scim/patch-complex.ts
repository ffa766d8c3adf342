import { AppError } from "../../errors.ts";
import { isObject, type JsonObject } from "./json.ts";
import type { PatchChange } from "./patch-message.ts";
import type { Target } from "./patch-target.ts";
import { normaliseValue } from "./quirks.ts";
import type { Attribute } from "./scimmy.ts";
import { type Part, partsFrom, valueFrom } from "./validate.ts";

/** A change and what its path names. */
export type AimedChange = PatchChange & { readonly target: Target };

/**
 * What a change says of the parts of a complex attribute, or of one of its elements. Parts that it does not name stay
 * as they are (RFC 7644 section 3.5.2.3).
 * @returns undefined when it unassigns the whole
 * @throws AppError invalid-request; invalid-value; mutability
 */
export function partsSaid(attribute: Attribute, { op, value, target }: AimedChange): readonly Part[] | undefined {
  const { subAttribute } = target;
  if (op === "remove") return subAttribute && [[subAttribute.name, undefined]];
  if (subAttribute) {
    return [[subAttribute.name, valueFrom(subAttribute, value, `${attribute.name}.${subAttribute.name}`)]];
  }
  const said = normaliseValue(value, attribute);
  if (said === null) return undefined;
  const parts = partsFrom(attribute, said);
  if (parts.length === 0 && isObject(said) && Object.keys(said).length > 0) {
    throw new AppError("mutability", `What is said of ${attribute.name} cannot be changed.`, { field: attribute.name });
  }
  return op === "add" ? parts.filter(([, part]) => part !== undefined) : parts;
}

/** The object with these parts set, and those that are undefined taken away. */
export const withParts = (present: JsonObject, parts: readonly Part[]): JsonObject =>
  parts.reduce((object, [name, value]) => withPart(object, name, value), present);

/** The others keep their places. */
export function withPart(object: JsonObject, name: string, value: unknown): JsonObject {
  if (value !== undefined) return { ...object, [name]: value };
  const { [name]: _, ...rest } = object;
  return rest;
}

/** An object in which nothing is assigned is unassigned itself (RFC 7643 section 2.5). */
export const nonEmpty = (object: JsonObject): JsonObject | undefined =>
  Object.keys(object).length > 0 ? object : undefined;
