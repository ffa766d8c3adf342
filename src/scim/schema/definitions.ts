import SCIMMY from "scimmy";

/**
 * The schema definitions of RFC 7643, which scimmy supplies, and the characteristics of each attribute. scimmy never
 * receives input from a request.
 */
export const userUrn = "urn:ietf:params:scim:schemas:core:2.0:User";
export const groupUrn = "urn:ietf:params:scim:schemas:core:2.0:Group";
export const enterpriseUrn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

interface ScimmyDefinition {
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
  readonly subAttributes?: readonly ScimmyDefinition[];
}

const { User, Group, EnterpriseUser } = SCIMMY.Schemas;

/** Overrides a definition of scimmy. scimmy-routers generates the discovery documents from the same objects. */
function overrideConfig(
  schema: { definition: unknown },
  path: string,
  config: Partial<ScimmyDefinition["config"]>,
): void {
  const { definition } = schema as { definition: { attribute(path: string): ScimmyDefinition } };
  Object.assign(definition.attribute(path).config, config);
}
// RFC 7643 section 2.3.1: canonical values are suggestions. Identity providers send other types, and other letter cases.
for (const attribute of ["roles", "emails", "phoneNumbers", "ims", "photos", "addresses", "x509Certificates"]) {
  overrideConfig(User, `${attribute}.type`, { canonicalValues: false });
}
overrideConfig(User, "userName", { uniqueness: "server" });
overrideConfig(User, "password", { description: "Accepted, because some providers always send one, but not stored." });
overrideConfig(User, "photos.value", { caseExact: true }); // RFC 7643 section 2.3.7
// The service assigns ids and compares them case-sensitively.
overrideConfig(User, "groups.value", { caseExact: true });
overrideConfig(Group, "displayName", { uniqueness: "server" });
overrideConfig(Group, "members.value", { caseExact: true });
// The service derives $ref from the id. A display name would require a lookup for each of a million members.
overrideConfig(EnterpriseUser, "manager.$ref", { mutable: false });
Group.definition.truncate("members.display");

SCIMMY.Resources.declare(SCIMMY.Resources.User, {
  extensions: [{ schema: EnterpriseUser, required: false }],
});
SCIMMY.Resources.declare(SCIMMY.Resources.Group);

/** The characteristics of an attribute (RFC 7643 section 2.2). */
export interface Attribute {
  /** In the spelling of RFC 7643. */
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

/** Attributes by lower-case name: SCIM names are case-insensitive (RFC 7643 section 2.1). */
export type AttributeTable = ReadonlyMap<string, Attribute>;

function toAttributeTable(definitions: readonly unknown[]): AttributeTable {
  const attributeDefinitions = definitions.filter((each): each is ScimmyDefinition => "config" in (each as object));
  return new Map(attributeDefinitions.map((each) => [each.name.toLowerCase(), toAttribute(each)]));
}

function toAttribute({ name, type, config, subAttributes }: ScimmyDefinition): Attribute {
  const { multiValued, required, caseExact, mutable, direction, returned, description } = config;
  const isWriteOnly = direction === "in";
  return {
    name,
    description,
    type,
    multiValued,
    required,
    caseExact,
    mutability: isWriteOnly
      ? "writeOnly"
      : mutable === false
        ? "readOnly"
        : mutable === true
          ? "readWrite"
          : "immutable",
    returned:
      isWriteOnly || returned === false ? "never" : returned === true ? "default" : (returned as "always" | "request"),
    subAttributes: toAttributeTable(subAttributes ?? []),
  };
}

export const userAttributes = toAttributeTable(User.definition.attributes);
export const groupAttributes = toAttributeTable(Group.definition.attributes);
/** Without the common attributes, which belong to the resource and not to the extension. */
export const enterpriseAttributes: AttributeTable = new Map(
  [...toAttributeTable(EnterpriseUser.definition.attributes)].filter(
    ([name]) => !["schemas", "id", "externalid", "meta"].includes(name),
  ),
);
