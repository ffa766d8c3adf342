import type { ScimExtension, ScimExtensionAttribute } from "../../../schemas/scim-extension.ts";
import type { Attribute, AttributeTable } from "./definitions.ts";
import { type Extension, groupSchema, type ResourceSchema, userSchema } from "./resource-schema.ts";

/** Reads the extension schemas of an organization. It returns the same array until one of them changes. */
export type ExtensionReader = (organizationId: string) => Promise<readonly ScimExtension[]>;

/** The resource types of organizations: those of RFC 7643 with the extensions that the organization declares. */
export class OrganizationSchemas {
  readonly #readExtensions: ExtensionReader;
  readonly #schemasByList = new WeakMap<readonly ScimExtension[], Readonly<Record<TypeName, ResourceSchema>>>();

  constructor(readExtensions: ExtensionReader) {
    this.#readExtensions = readExtensions;
  }

  /** Returns a resource type of an organization. @throws AppError unavailable */
  async get(organizationId: string, type: TypeName): Promise<ResourceSchema> {
    const list = await this.#readExtensions(organizationId);
    const cached = this.#schemasByList.get(list);
    if (cached) return cached[type];
    const schemas = { User: withExtensions(userSchema, list), Group: withExtensions(groupSchema, list) };
    this.#schemasByList.set(list, schemas);
    return schemas[type];
  }
}

type TypeName = ResourceSchema["type"];

/** Returns the resource type with the extensions that are declared for it. */
export function withExtensions(schema: ResourceSchema, list: readonly ScimExtension[]): ResourceSchema {
  const declared = list.filter(({ resourceType }) => resourceType === schema.type);
  if (declared.length === 0) return schema;
  return { ...schema, extensions: [...schema.extensions, ...declared.map(toExtension)] };
}

const toExtension = (declaration: ScimExtension): Extension => ({
  urn: declaration.urn,
  key: `scimExtensions.${declaration.id}`,
  attributes: toAttributeTable(declaration.attributes),
  declaration,
});

type DeclaredAttribute = Pick<
  ScimExtensionAttribute,
  "name" | "type" | "description" | "required" | "caseExact" | "subAttributes"
> &
  Partial<Pick<ScimExtensionAttribute, "multiValued" | "mutability">>;

function toAttributeTable(attributes: readonly DeclaredAttribute[]): AttributeTable {
  return new Map(attributes.map((each) => [each.name.toLowerCase(), toAttribute(each)]));
}

function toAttribute({
  multiValued = false,
  mutability = "readWrite",
  subAttributes = [],
  ...rest
}: DeclaredAttribute): Attribute {
  const { name, type, description, required, caseExact } = rest;
  return {
    ...{ name, type, description, required, caseExact, multiValued, mutability },
    returned: "default",
    subAttributes: toAttributeTable(subAttributes),
  };
}
