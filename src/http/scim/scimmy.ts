import SCIMMY from "scimmy";

/**
 * All that the service takes from scimmy: the definitions of RFC 7643, and what they say of each attribute. It never sees
 * what a caller has sent.
 */
export const userUrn = "urn:ietf:params:scim:schemas:core:2.0:User";
export const groupUrn = "urn:ietf:params:scim:schemas:core:2.0:Group";
export const enterpriseUrn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

interface Definition {
  readonly name: string;
  readonly type: Attribute["type"];
  readonly config: {
    multiValued: boolean;
    required: boolean;
    caseExact: boolean;
    mutable: boolean | string;
    direction: string;
    returned: boolean | string;
    uniqueness: boolean | string;
    canonicalValues: unknown;
    description: string;
  };
  readonly subAttributes?: readonly Definition[];
}

const { User, Group, EnterpriseUser } = SCIMMY.Schemas;

/** Where what is served here differs from the definitions' defaults. The same objects print the discovery documents. */
function amend(schema: { definition: unknown }, path: string, config: Partial<Definition["config"]>): void {
  const { definition } = schema as { definition: { attribute(path: string): Definition } };
  Object.assign(definition.attribute(path).config, config);
}
// Identity providers send types beyond the suggested ones, and in other letter cases; RFC 7643 section 2.3.1 suggests.
for (const attribute of ["roles", "emails", "phoneNumbers", "ims", "photos", "addresses", "x509Certificates"]) {
  amend(User, `${attribute}.type`, { canonicalValues: false });
}
amend(User, "userName", { uniqueness: "server" });
amend(User, "password", { description: "Accepted, because some providers always send one, and not kept." });
amend(User, "photos.value", { caseExact: true }); // RFC 7643 section 2.3.7
// Ids are ours, and compared as they are.
amend(User, "groups.value", { caseExact: true });
amend(Group, "displayName", { uniqueness: "server" });
amend(Group, "members.value", { caseExact: true });
// What is told of the people that others are; a name would have to be looked up for each of a million members.
amend(EnterpriseUser, "manager.$ref", { mutable: false });
Group.definition.truncate("members.display");

SCIMMY.Resources.declare(SCIMMY.Resources.User, {
  extensions: [{ schema: EnterpriseUser, required: false }],
});
SCIMMY.Resources.declare(SCIMMY.Resources.Group);

/** What the definitions say of one attribute (RFC 7643 section 2.2). */
export interface Attribute {
  /** As RFC 7643 spells it. */
  readonly name: string;
  readonly description: string;
  readonly type: "string" | "boolean" | "decimal" | "integer" | "dateTime" | "binary" | "reference" | "complex";
  readonly multiValued: boolean;
  readonly required: boolean;
  readonly caseExact: boolean;
  readonly mutability: "readOnly" | "readWrite" | "immutable" | "writeOnly";
  readonly returned: "always" | "never" | "default" | "request";
  readonly subAttributes: AttributeTable;
}

/** Attributes by their lower-case name: SCIM names are case-insensitive (RFC 7643 section 2.1). */
export type AttributeTable = ReadonlyMap<string, Attribute>;

function tableOf(definitions: readonly unknown[]): AttributeTable {
  const own = definitions.filter((each): each is Definition => "config" in (each as object));
  return new Map(own.map((each) => [each.name.toLowerCase(), attributeOf(each)]));
}

function attributeOf({ name, type, config, subAttributes }: Definition): Attribute {
  const { multiValued, required, caseExact, mutable, direction, returned, description } = config;
  const isSecret = direction === "in";
  return {
    name,
    description,
    type,
    multiValued,
    required,
    caseExact,
    mutability: isSecret ? "writeOnly" : mutable === false ? "readOnly" : mutable === true ? "readWrite" : "immutable",
    returned:
      isSecret || returned === false ? "never" : returned === true ? "default" : (returned as "always" | "request"),
    subAttributes: tableOf(subAttributes ?? []),
  };
}

export const userAttributes = tableOf(User.definition.attributes);
export const groupAttributes = tableOf(Group.definition.attributes);
/** Without the common attributes, which belong to the resource and not to its extension. */
export const enterpriseAttributes: AttributeTable = new Map(
  [...tableOf(EnterpriseUser.definition.attributes)].filter(
    ([name]) => !["schemas", "id", "externalid", "meta"].includes(name),
  ),
);
