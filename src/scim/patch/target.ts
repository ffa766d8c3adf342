import { AppError } from "../../errors.ts";
import { parsePatchPath } from "../filter/parser.ts";
import type { ScimFilter } from "../filter/syntax.ts";
import {
  type AttributeReference,
  findSubAttribute,
  type ResourceSchema,
  resolveAttributePath,
} from "../schema/resource-schema.ts";
import { quoteName } from "../values/json.ts";
import { parseValue } from "../values/validate.ts";
import type { PatchChange } from "./message.ts";

/** The target of a PATCH path: an attribute, a sub-attribute, the elements that a filter selects, or an extension. */
export interface PatchTarget extends AttributeReference {
  readonly filter?: ScimFilter;
}

/**
 * Resolves the path of a PATCH (RFC 7644 section 3.5.2) in a schema.
 * @throws AppError invalid-path for a path that the schema does not define; invalid-filter
 */
export function resolvePatchTarget(schema: ResourceSchema, path: string): PatchTarget {
  const invalidPath = (detail: string): AppError => new AppError("invalid-path", `${quoteName(path)} ${detail}.`);
  const parsedPath = parsePatchPath(path);
  const reference = resolveAttributePath(schema, parsedPath.path);
  if (!reference) throw invalidPath(`is not an attribute of ${schema.type}`);
  const { attribute } = reference;
  if (parsedPath.filter === undefined) {
    if (attribute?.multiValued && reference.subAttribute) throw invalidPath("must select elements with a filter");
    return reference;
  }
  if (!attribute?.multiValued || attribute.type !== "complex" || reference.subAttribute) {
    throw invalidPath("has a filter after an attribute that is not multi-valued");
  }
  if (parsedPath.subAttribute === undefined) return { ...reference, filter: parsedPath.filter };
  const subAttribute = findSubAttribute(attribute, parsedPath.subAttribute);
  if (!subAttribute) throw invalidPath(`ends with an unknown sub-attribute of ${attribute.name}`);
  return { ...reference, filter: parsedPath.filter, subAttribute };
}

/**
 * Checks that a client may make this change.
 * @param id id of the resource
 * @returns true if the change must be ignored: clients repeat the id and the schemas of a resource, and passwords are
 *   validated but not stored
 * @throws AppError mutability for other attributes that a client cannot set; invalid-value for an invalid password
 */
export function checkMutability(
  id: string,
  { op, value }: PatchChange,
  { extension, attribute, subAttribute }: PatchTarget,
): boolean {
  if (attribute?.name === "id" && op !== "remove" && value === id) return true;
  if (attribute?.name === "schemas" && op !== "remove") return true;
  for (const checked of [attribute, subAttribute]) {
    // `completeExtensions` compares the stored value of an immutable attribute that an organization declares.
    const isImmutable = checked?.mutability === "immutable" && !(extension?.declaration && op !== "remove");
    if (checked?.mutability === "readOnly" || isImmutable || checked?.name === "schemas") {
      const field = checked === attribute ? checked.name : `${attribute?.name}.${checked.name}`;
      throw new AppError("mutability", `${field} cannot be changed.`, { field });
    }
  }
  if (attribute?.mutability !== "writeOnly") return false;
  if (op !== "remove") parseValue(attribute, value);
  return true;
}
