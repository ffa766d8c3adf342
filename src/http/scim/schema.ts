import {
  type Attribute,
  type AttributeTable,
  enterpriseAttributes,
  enterpriseUrn,
  groupAttributes,
  groupUrn,
  userAttributes,
  userUrn,
} from "./scimmy.ts";

/** An extension of a resource type (RFC 7643 section 3.3) and the key without dots under which it is stored. */
export interface Extension {
  readonly urn: string;
  readonly key: string;
  readonly attributes: AttributeTable;
}

/** A resource type (RFC 7643 section 6) and all that is known of its attributes. */
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
  extensions: [{ urn: enterpriseUrn, key: "enterpriseUser", attributes: enterpriseAttributes }],
};

export const groupSchema: ResourceSchema = {
  type: "Group",
  endpoint: "Groups",
  urn: groupUrn,
  attributes: groupAttributes,
  extensions: [],
};

export const resourceSchemas: readonly ResourceSchema[] = [userSchema, groupSchema];

/** What an attribute path (RFC 7644 section 3.10) names. At least one of `extension` and `attribute` is there. */
export interface AttributeReference {
  readonly extension?: Extension;
  readonly attribute?: Attribute;
  readonly subAttribute?: Attribute;
}

/**
 * Looks up `[urn:]attribute[.subAttribute]`, or an extension's URN alone, in any letter case.
 * @returns undefined for what the schema does not define
 */
export function attributeAt(schema: ResourceSchema, path: string): AttributeReference | undefined {
  const folded = path.toLowerCase();
  const extension = schema.extensions.find(({ urn }) => isWithin(folded, urn));
  if (extension && folded.length === extension.urn.length) return { extension };
  const urn = extension?.urn ?? (isWithin(folded, schema.urn) ? schema.urn : undefined);
  const local = urn === undefined ? folded : folded.slice(urn.length + 1);
  const [name = "", subName, ...rest] = local.split(".");
  const attribute = (extension ?? schema).attributes.get(name);
  if (!attribute || rest.length > 0) return undefined;
  const found = { ...(extension && { extension }), attribute };
  if (subName === undefined) return found;
  const subAttribute = attribute.subAttributes.get(subName);
  return subAttribute && { ...found, subAttribute };
}

function isWithin(folded: string, urn: string): boolean {
  const prefix = urn.toLowerCase();
  return folded === prefix || folded.startsWith(`${prefix}:`);
}
