import { AppError } from "../../errors.ts";
import { parsePatchPath } from "./filter-parser.ts";
import type { Filter } from "./filter-syntax.ts";
import { shown } from "./json.ts";
import type { PatchChange } from "./patch-message.ts";
import { type AttributeReference, attributeAt, type ResourceSchema } from "./schema.ts";
import { valueFrom } from "./validate.ts";

/** What the path of a PATCH names: an attribute, a part of it, some of its elements, or an extension as a whole. */
export interface Target extends AttributeReference {
  readonly filter?: Filter;
}

/**
 * Looks up the path of a PATCH (RFC 7644 section 3.5.2) in a schema.
 * @throws AppError invalid-path for what the schema does not have; invalid-filter
 */
export function targetOf(schema: ResourceSchema, path: string): Target {
  const refuse = (why: string): AppError => new AppError("invalid-path", `${shown(path)} ${why}.`);
  const parsed = parsePatchPath(path);
  const found = attributeAt(schema, parsed.path);
  if (!found) throw refuse(`names no attribute of a ${schema.type}`);
  const { attribute } = found;
  if (parsed.filter === undefined) {
    if (attribute?.multiValued && found.subAttribute) throw refuse("must say by a filter which elements are meant");
    return found;
  }
  if (!attribute?.multiValued || attribute.type !== "complex" || found.subAttribute) {
    throw refuse("has a filter, and what stands before it has no elements");
  }
  if (parsed.subAttribute === undefined) return { ...found, filter: parsed.filter };
  const subAttribute = attribute.subAttributes.get(parsed.subAttribute.toLowerCase());
  if (!subAttribute) throw refuse(`names no part of ${attribute.name}`);
  return { ...found, filter: parsed.filter, subAttribute };
}

/**
 * Whether a change says only what no client sets: some repeat the id and the schemas beside what they change, and
 * passwords are checked and not kept.
 * @param id of the resource
 * @throws AppError mutability for everything else that a client may not set; invalid-value for what is no password
 */
export function changesNothing(id: string, { op, value }: PatchChange, { attribute, subAttribute }: Target): boolean {
  if (attribute?.name === "id" && op !== "remove" && value === id) return true;
  if (attribute?.name === "schemas" && op !== "remove") return true;
  for (const each of [attribute, subAttribute]) {
    if (each?.mutability === "readOnly" || each?.mutability === "immutable" || each?.name === "schemas") {
      const field = each === attribute ? each.name : `${attribute?.name}.${each.name}`;
      throw new AppError("mutability", `${field} cannot be changed.`, { field });
    }
  }
  if (attribute?.mutability !== "writeOnly") return false;
  if (op !== "remove") valueFrom(attribute, value);
  return true;
}
