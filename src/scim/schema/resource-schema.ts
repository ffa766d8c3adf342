import type { ScimExtension } from "../../../schemas/scim-extension.ts";
import {
  type Attribute,
  type AttributeTable,
  enterpriseAttributes,
  enterpriseUrn,
  groupAttributes,
  groupUrn,
  userAttributes,
  userUrn,
} from "./definitions.ts";

/** An extension of a resource type (RFC 7643 section 3.3). */
export interface Extension {
  readonly urn: string;
  /** The path of its values in stored records. */
  readonly key: string;
  readonly attributes: AttributeTable;
  /** Older and misspelled URNs that clients send in place of `urn`. */
  readonly aliases?: readonly string[];
  /** Whether its attributes are also found without a URN, unless the core schema has an attribute of that name. */
  readonly isUrnOptional?: boolean;
  /** The declaration of an organization; absent for the extension of RFC 7643. */
  readonly declaration?: ScimExtension;
}

/** A resource type (RFC 7643 section 6) with its attributes. */
export interface ResourceSchema {
  readonly type: "User" | "Group";
  readonly endpoint: "Users" | "Groups";
  readonly urn: string;
  /** The core attributes and the common ones (RFC 7643 section 3.1), by lower-case name. */
  readonly attributes: AttributeTable;
  readonly extensions: readonly Extension[];
}

export const userSchema: ResourceSchema = {
  type: "User",
  endpoint: "Users",
  urn: userUrn,
  attributes: userAttributes,
  extensions: [
    {
      urn: enterpriseUrn,
      key: "enterpriseUser",
      attributes: enterpriseAttributes,
      aliases: [
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0",
        "urn:scim:schemas:extension:enterprise:2.0:User",
        "urn:scim:schemas:extension:enterprise:2.0",
        "urn:scim:schemas:extension:enterprise:1.0",
      ],
      isUrnOptional: true,
    },
  ],
};

export const groupSchema: ResourceSchema = {
  type: "Group",
  endpoint: "Groups",
  urn: groupUrn,
  attributes: groupAttributes,
  extensions: [],
};

export const resourceSchemas: readonly ResourceSchema[] = [userSchema, groupSchema];

/** The target of an attribute path (RFC 7644 section 3.10). At least one of `extension` and `attribute` is present. */
export interface AttributeReference {
  readonly extension?: Extension;
  readonly attribute?: Attribute;
  readonly subAttribute?: Attribute;
}

/**
 * Resolves `[urn:]attribute[.subAttribute]`, or the URN of an extension, case-insensitively. Also accepts a dot after
 * the URN, an alias of an extension's URN, and an attribute without the URN of an extension where that is optional.
 * @param schema the resource type, with the extensions that apply
 * @returns undefined for a path that the schema does not define
 */
export function resolveAttributePath(schema: ResourceSchema, path: string): AttributeReference | undefined {
  const normalizedPath = path.toLowerCase();
  if (normalizedPath.startsWith("urn:")) {
    for (const extension of schema.extensions) {
      for (const urn of [extension.urn, ...(extension.aliases ?? [])]) {
        const localPath = removeUrn(normalizedPath, urn);
        if (localPath === "") return { extension };
        // An alias can be the beginning of another URN.
        const reference = localPath === undefined ? undefined : resolveNames(extension.attributes, localPath);
        if (reference) return { extension, ...reference };
      }
    }
    const localPath = removeUrn(normalizedPath, schema.urn);
    return localPath === undefined ? undefined : resolveNames(schema.attributes, localPath);
  }
  const reference = resolveNames(schema.attributes, normalizedPath);
  if (reference) return reference;
  for (const extension of schema.extensions) {
    const extended = extension.isUrnOptional ? resolveNames(extension.attributes, normalizedPath) : undefined;
    if (extended) return { extension, ...extended };
  }
  return undefined;
}

/** Returns whether the path is the URN of the core schema alone, case-insensitively. */
export const isCoreUrn = (schema: ResourceSchema, path: string): boolean =>
  path.length === schema.urn.length && path.toLowerCase() === schema.urn.toLowerCase();

/** Finds a sub-attribute by name, case-insensitively, or by the name that older clients use. */
export function findSubAttribute({ name: parent, subAttributes }: Attribute, name: string): Attribute | undefined {
  const normalizedName = name.toLowerCase();
  // SCIM 1.1 has managerId in place of value.
  return subAttributes.get(parent === "manager" && normalizedName === "managerid" ? "value" : normalizedName);
}

/** @param localPath lower-case path without a URN */
function resolveNames(
  attributes: AttributeTable,
  localPath: string,
): { readonly attribute: Attribute; readonly subAttribute?: Attribute } | undefined {
  const [name = "", subAttributeName, ...rest] = localPath.split(".");
  const attribute = attributes.get(name);
  if (!attribute || rest.length > 0) return undefined;
  if (subAttributeName === undefined) return { attribute };
  const subAttribute = findSubAttribute(attribute, subAttributeName);
  return subAttribute && { attribute, subAttribute };
}

/** Returns the part of a path behind a URN and its separator, "" for the URN alone, and undefined for another URN. */
function removeUrn(normalizedPath: string, urn: string): string | undefined {
  if (!normalizedPath.startsWith(urn.toLowerCase())) return undefined;
  if (normalizedPath.length === urn.length) return "";
  return normalizedPath[urn.length] === ":" || normalizedPath[urn.length] === "."
    ? normalizedPath.slice(urn.length + 1)
    : undefined;
}
