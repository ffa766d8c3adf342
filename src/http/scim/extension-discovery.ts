import type { ScimExtension, ScimExtensionAttribute } from "../../../schemas/scim-extension.ts";
import type { ResourceSchema } from "../../scim/schema/resource-schema.ts";
import { isObject } from "../../scim/values/json.ts";

/** Renders the schema that an organization declares as a Schema resource (RFC 7643 section 7). */
export function renderSchema(declaration: ScimExtension, publicUrl: string): object {
  const { urn, name = urn, description, attributes } = declaration;
  return {
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
    id: urn,
    name,
    description,
    attributes: attributes.map((each) => renderAttribute(each)),
    meta: { resourceType: "Schema", location: `${publicUrl}/scim/v2/Schemas/${urn}` },
  };
}

type RenderedAttribute = Pick<
  ScimExtensionAttribute,
  "name" | "type" | "description" | "required" | "caseExact" | "canonicalValues" | "subAttributes"
> &
  Partial<Pick<ScimExtensionAttribute, "multiValued" | "mutability">>;

function renderAttribute(attribute: RenderedAttribute): object {
  const { name, type, description, required, caseExact, canonicalValues, subAttributes } = attribute;
  return {
    name,
    type,
    multiValued: attribute.multiValued ?? false,
    description,
    required,
    ...(canonicalValues && { canonicalValues }),
    caseExact,
    mutability: attribute.mutability ?? "readWrite",
    returned: "default",
    uniqueness: "none",
    ...(type === "reference" && { referenceTypes: ["external"] }),
    ...(subAttributes && { subAttributes: subAttributes.map((each) => renderAttribute(each)) }),
  };
}

/**
 * Adds the extensions of the organization to a ResourceType document, or to each of a list.
 * @param document as scimmy-routers generates it
 */
export function extendResourceTypes(document: unknown, schemas: readonly ResourceSchema[]): unknown {
  if (!isObject(document)) return document;
  const { Resources, name, schemaExtensions } = document;
  if (Array.isArray(Resources)) {
    return { ...document, Resources: Resources.map((each: unknown) => extendResourceTypes(each, schemas)) };
  }
  const declared = schemas.find(({ type }) => type === name)?.extensions.filter(({ declaration }) => declaration) ?? [];
  if (declared.length === 0) return document;
  const builtIn: readonly unknown[] = Array.isArray(schemaExtensions) ? schemaExtensions : [];
  return {
    ...document,
    schemaExtensions: [...builtIn, ...declared.map(({ urn }) => ({ schema: urn, required: false }))],
  };
}

/** Adds the schemas that the organization declares to a list of Schema resources. */
export function extendSchemas(document: unknown, declarations: readonly ScimExtension[], publicUrl: string): unknown {
  if (declarations.length === 0 || !isObject(document) || !Array.isArray(document["Resources"])) return document;
  const rendered = declarations.map((each) => renderSchema(each, publicUrl));
  const Resources: readonly unknown[] = [...(document["Resources"] as unknown[]), ...rendered];
  return { ...document, totalResults: Resources.length, Resources };
}
