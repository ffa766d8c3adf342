import SCIMMY from "scimmy";
import { AppError } from "../../errors.ts";

/**
 * All that the service takes from scimmy: the definitions of RFC 7643, what they say of each attribute, and the type
 * check of an inbound user. It never sees a filter, a path or a list that a caller has sent.
 */
export const userUrn = "urn:ietf:params:scim:schemas:core:2.0:User";
export const groupUrn = "urn:ietf:params:scim:schemas:core:2.0:Group";
export const enterpriseUrn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

// Identity providers send types beyond the suggested ones, and in other letter cases; RFC 7643 section 2.3.1 suggests.
for (const attribute of ["roles", "emails", "phoneNumbers", "ims", "photos", "addresses", "x509Certificates"]) {
  const type = SCIMMY.Schemas.User.definition.attribute(`${attribute}.type`) as {
    config: { canonicalValues: unknown };
  };
  type.config.canonicalValues = false;
}
SCIMMY.Resources.declare(SCIMMY.Resources.User, {
  extensions: [{ schema: SCIMMY.Schemas.EnterpriseUser, required: false }],
});
SCIMMY.Resources.declare(SCIMMY.Resources.Group);

/** What the definitions say of one attribute. */
export interface Attribute {
  /** As RFC 7643 spells it. */
  readonly name: string;
  readonly multiValued: boolean;
  readonly required: boolean;
  readonly readOnly: boolean;
  readonly type: string;
  readonly subAttributes: ReadonlyMap<string, Attribute>;
}

/** Attributes by their lower-case name: SCIM names are case-insensitive (RFC 7643 section 2.1). */
export type AttributeTable = ReadonlyMap<string, Attribute>;

interface ScimmyAttribute {
  readonly name: string;
  readonly type: string;
  readonly config: { multiValued: boolean; required: boolean; mutable: boolean | string };
  readonly subAttributes?: readonly ScimmyAttribute[];
}

function tableOf(attributes: readonly unknown[]): AttributeTable {
  const own = attributes.filter((each): each is ScimmyAttribute => "config" in (each as object));
  return new Map(
    own.map(({ name, type, config, subAttributes }) => [
      name.toLowerCase(),
      {
        name,
        type,
        multiValued: config.multiValued,
        required: config.required,
        readOnly: config.mutable === false,
        subAttributes: tableOf(subAttributes ?? []),
      },
    ]),
  );
}

export const userAttributes = tableOf(SCIMMY.Schemas.User.definition.attributes);
export const enterpriseAttributes = tableOf(SCIMMY.Schemas.EnterpriseUser.definition.attributes);

/**
 * Checks an inbound user against its schema and the enterprise extension.
 * @returns the attributes that the schemas know, spelled as they spell them
 * @throws AppError invalid-value naming the attribute
 */
export function checkUserTypes(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  try {
    return JSON.parse(JSON.stringify(new SCIMMY.Schemas.User({ ...body }, "in"))) as Record<string, unknown>;
  } catch (error) {
    const message = error instanceof Error ? error.message : "";
    const field = /[Aa]ttribute '([\w.:$-]+)'/.exec(message)?.[1];
    // Its own texts name the attribute and what was expected; other errors are inner details.
    if (field !== undefined) throw new AppError("invalid-value", `${message}.`, { field }, error);
    throw new AppError("invalid-value", "The user does not fit its schema.", {}, error);
  }
}
