import { normalizedPath } from "../../store/fields.ts";
import { isCaseInsensitive } from "../filter/comparison.ts";
import type { Attribute } from "./definitions.ts";
import type { AttributeReference } from "./resource-schema.ts";

/** The stored field of an attribute, for conditions and sort orders. */
export interface StoredAttribute {
  /** Path of the value in the record, or of the list if the attribute is multi-valued. */
  readonly path: string;
  /** Field of each element of that list. */
  readonly elementPath?: string;
  /** The attribute that is compared: `value` in place of a complex attribute (RFC 7644 section 3.4.2.2). */
  readonly attribute: Attribute;
}

/**
 * Returns the stored field of an attribute.
 * @returns undefined for an attribute that is computed, secret, or has no single comparable value
 */
export function resolveStoredPath(reference: AttributeReference): StoredAttribute | undefined {
  const { extension, attribute } = reference;
  if (!attribute || !isFilterable(attribute)) return undefined;
  const comparedAttribute =
    reference.subAttribute ?? (attribute.type === "complex" ? defaultSubAttribute(attribute) : attribute);
  if (!comparedAttribute || !isFilterable(comparedAttribute)) return undefined;
  if (!extension) {
    const path = envelopePaths.get(qualifiedName(reference));
    if (path !== undefined) return { path, attribute: comparedAttribute };
    if (computedAttributes.has(attribute.name)) return undefined;
  }
  if (attribute.multiValued) {
    return {
      path: normalizedPath(buildStoredPath(reference)),
      elementPath: attribute.type === "complex" ? comparedAttribute.name : "", // "": the element itself
      attribute: comparedAttribute,
    };
  }
  const suffix = comparedAttribute === attribute ? [] : [comparedAttribute.name];
  const own = buildStoredPath(reference, suffix);
  // The search fields have declared extension attributes of every type, and dates in comparable form only.
  const isNormalized = isCaseInsensitive(comparedAttribute) || extension?.declaration !== undefined;
  return { path: isNormalized ? normalizedPath(own) : own, attribute: comparedAttribute };
}

/** Returns the path of a whole complex attribute or list, which supports only `pr`; undefined if it is not stored. */
export function resolveWholePath(reference: AttributeReference): string | undefined {
  const { extension, attribute } = reference;
  if (!attribute || !isFilterable(attribute)) return undefined;
  if (attribute.type !== "complex" && !attribute.multiValued) return undefined;
  return !extension && computedAttributes.has(attribute.name) ? undefined : normalizedPath(buildStoredPath(reference));
}

/** Attributes that the envelope of every record holds under another name. */
const envelopePaths: ReadonlyMap<string, string> = new Map([
  ["id", "id"],
  ["meta.created", "createdAt"],
  ["meta.lastModified", "updatedAt"],
]);

/** Attributes that are computed for the response. Memberships are stored as edges. */
const computedAttributes: ReadonlySet<string> = new Set(["schemas", "meta", "groups", "members"]);

function isFilterable({ name, type, mutability, returned }: Attribute): boolean {
  return mutability !== "writeOnly" && returned !== "never" && type !== "binary" && name !== "$ref";
}

const defaultSubAttribute = (attribute: Attribute): Attribute | undefined => attribute.subAttributes.get("value");

function qualifiedName({ attribute, subAttribute }: AttributeReference): string {
  return [attribute?.name, subAttribute?.name].filter((name) => name !== undefined).join(".");
}

function buildStoredPath({ extension, attribute }: AttributeReference, suffix: readonly string[] = []): string {
  return [extension?.key, attribute?.name, ...suffix].filter((name) => name !== undefined).join(".");
}
