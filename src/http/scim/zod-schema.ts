import { z } from "zod";
import type { ResourceSchema } from "./schema.ts";
import type { Attribute, AttributeTable } from "./scimmy.ts";
import { elementsMax, types } from "./validate.ts";

/**
 * How the JSON of a resource looks. `scim`: as RFC 7643 section 3 has it, with `schemas` and `meta`, and extensions under
 * their URNs; what is read-only or write-only is marked. `api`: flat, the attributes that can be set and nothing else,
 * extensions under the keys by which they are stored.
 */
export type Form = "scim" | "api";

/**
 * The shape of a resource's JSON, made from SCIM's own definitions, so that no list of attributes is kept beside them.
 * In the form of the API it refuses what has another shape; all other rules are those of `attributesFrom`.
 */
export function zodOf({ attributes, extensions }: ResourceSchema, form: Form): z.ZodObject {
  const shape = shapeOf(attributes, form);
  for (const { urn, key, attributes: extended } of extensions) {
    shape[form === "scim" ? urn : key] = objectOf(shapeOf(extended, form), form).optional();
  }
  return objectOf(shape, form);
}

/** Names of SCIM are case-insensitive, and providers send others beside them: only the API has no more than these. */
const objectOf = (shape: Shape, form: Form): z.ZodObject => (form === "api" ? z.strictObject(shape) : z.object(shape));

type Shape = Record<string, z.ZodType>;

function shapeOf(attributes: AttributeTable, form: Form): Shape {
  const shape: Shape = {};
  for (const attribute of attributes.values()) {
    if (form === "scim" || isSettable(attribute)) shape[attribute.name] = fieldOf(attribute, form);
  }
  return shape;
}

const isSettable = ({ name, mutability }: Attribute): boolean =>
  mutability !== "readOnly" && mutability !== "writeOnly" && name !== "schemas";

function fieldOf(attribute: Attribute, form: Form): z.ZodType {
  const { name, multiValued, required, mutability } = attribute;
  const description = attribute.description || commonAttributes[name];
  const one = simpleOrComplex(attribute, form);
  const value = !multiValued ? one : form === "api" ? z.array(one).max(elementsMax) : z.array(one);
  const described = value.meta({
    ...(description !== undefined && { description }),
    ...(mutability === "readOnly" && { readOnly: true }),
    ...(mutability === "writeOnly" && { writeOnly: true }),
  });
  return required && mutability !== "readOnly" ? described : described.optional();
}

/** What the attributes of RFC 7643 section 3.1 are, for which the schemas have no words. */
const commonAttributes: Readonly<Record<string, string>> = {
  id: "given by the service; never changes",
  externalId: "how the identity provider names it",
  meta: "what the service keeps of it",
  resourceType: "`User` or `Group`",
  created: "when it was made",
  lastModified: "when it last changed",
  location: "where it is read",
  version: "the entity tag of what is stored",
};

function simpleOrComplex({ type, subAttributes }: Attribute, form: Form): z.ZodType {
  const { is, what } = types[type];
  switch (type) {
    case "complex":
      return objectOf(shapeOf(subAttributes, form), form);
    case "boolean":
      return z.boolean();
    case "decimal":
      return z.number();
    case "integer":
      return z.int();
    case "dateTime":
      return z.string().refine(is, `must be ${what}`).meta({ format: "date-time" });
    case "binary":
      return z.string().refine(is, `must be ${what}`).meta({ contentEncoding: "base64" });
    default:
      return z.string();
  }
}
