import { z } from "zod";
import { elementsMax, valueTypes } from "../values/validate.ts";
import type { Attribute, AttributeTable } from "./definitions.ts";
import type { ResourceSchema } from "./resource-schema.ts";

/**
 * The JSON representation of a resource. `scim`: RFC 7643 section 3, with `schemas`, `meta`, and extensions under their
 * URNs; read-only and write-only attributes are marked. `api`: only the writable attributes, with extensions under
 * their storage keys.
 */
export type ResourceRepresentation = "scim" | "api";

/**
 * Generates the zod schema of a resource from its SCIM definitions. The `api` representation rejects unknown attributes
 * and wrong types; `parseAttributes` enforces all other rules.
 */
export function toZodSchema(
  { attributes, extensions }: ResourceSchema,
  representation: ResourceRepresentation,
): z.ZodObject {
  const shape = toShape(attributes, representation);
  for (const { urn, key, attributes: extended } of extensions) {
    shape[representation === "scim" ? urn : key] = toObjectSchema(
      toShape(extended, representation),
      representation,
    ).optional();
  }
  return toObjectSchema(shape, representation);
}

/**
 * Only the `api` representation is strict: SCIM names are case-insensitive, and providers send additional attributes.
 */
const toObjectSchema = (shape: Shape, representation: ResourceRepresentation): z.ZodObject =>
  representation === "api" ? z.strictObject(shape) : z.object(shape);

type Shape = Record<string, z.ZodType>;

function toShape(attributes: AttributeTable, representation: ResourceRepresentation): Shape {
  const shape: Shape = {};
  for (const attribute of attributes.values()) {
    if (representation === "scim" || isWritable(attribute))
      shape[attribute.name] = toFieldSchema(attribute, representation);
  }
  return shape;
}

const isWritable = ({ name, mutability }: Attribute): boolean =>
  mutability !== "readOnly" && mutability !== "writeOnly" && name !== "schemas";

function toFieldSchema(attribute: Attribute, representation: ResourceRepresentation): z.ZodType {
  const { name, multiValued, required, mutability } = attribute;
  const description = attribute.description || commonAttributeDescriptions[name];
  const valueSchema = toValueSchema(attribute, representation);
  const fieldSchema = !multiValued
    ? valueSchema
    : representation === "api"
      ? z.array(valueSchema).max(elementsMax)
      : z.array(valueSchema);
  const describedSchema = fieldSchema.meta({
    ...(description !== undefined && { description }),
    ...(mutability === "readOnly" && { readOnly: true }),
    ...(mutability === "writeOnly" && { writeOnly: true }),
  });
  return required && mutability !== "readOnly" ? describedSchema : describedSchema.optional();
}

/** Descriptions of the common attributes (RFC 7643 section 3.1), which the definitions lack. */
const commonAttributeDescriptions: Readonly<Record<string, string>> = {
  id: "Assigned by the service. Never changes.",
  externalId: "Identifier that the identity provider assigns.",
  meta: "Metadata that the service maintains.",
  resourceType: "`User` or `Group`",
  created: "Time of creation.",
  lastModified: "Time of the last change.",
  location: "URL of the resource.",
  version: "Entity tag of the stored version.",
};

function toValueSchema({ type, subAttributes }: Attribute, representation: ResourceRepresentation): z.ZodType {
  const { isValid, description } = valueTypes[type];
  switch (type) {
    case "complex":
      return toObjectSchema(toShape(subAttributes, representation), representation);
    case "boolean":
      return z.boolean();
    case "decimal":
      return z.number();
    case "integer":
      return z.int();
    case "dateTime":
      return z.string().refine(isValid, `must be ${description}`).meta({ format: "date-time" });
    case "binary":
      return z.string().refine(isValid, `must be ${description}`).meta({ contentEncoding: "base64" });
    default:
      return z.string();
  }
}
