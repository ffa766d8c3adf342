import { z } from "zod";
import { entityFields, entityResponseFields, readOnlyEntityFields } from "./entity.ts";
import { description, name } from "./text.ts";

/** The limits of extension schemas. docs/scim.md lists them. */
export const scimExtensionLimits = {
  /** Schemas of one resource type in one organization. */
  schemas: 10,
  /** Attributes of one schema. */
  attributes: 50,
  /** Sub-attributes of one complex attribute. */
  subAttributes: 20,
  /** Indexed attributes of one resource type in one organization: each value adds one index entry to every write. */
  indexedAttributes: 10,
  /** Characters of a URN. */
  urn: 200,
  /** Characters of the name of an attribute. */
  attributeName: 64,
} as const;

/**
 * The URN of a schema (RFC 8141, RFC 7643 section 10). A path continues it with ":" and the name of an attribute, so its
 * last part must look like a name.
 */
export const scimExtensionUrn = z
  .string()
  .max(scimExtensionLimits.urn, `must have ${scimExtensionLimits.urn} characters or fewer`)
  .regex(
    /^urn:[a-z0-9][a-z0-9-]{1,31}(?::[a-z0-9._-]+)*:[a-z][a-z0-9_-]*$/i,
    "must be a URN of letters, digits, and . _ - between colons, such as urn:example:scim:2.0:User, whose last part begins with a letter",
  );

/** Returns whether a URN continues another one with ":", so that a path below it is one below the other, too. */
export const isUrnWithin = (urn: string, other: string): boolean =>
  urn.toLowerCase().startsWith(`${other.toLowerCase()}:`);

/** Names that every object inherits. As attributes, they would be read from objects that do not have them. */
const inheritedNames: ReadonlySet<string> = new Set(
  [...Object.getOwnPropertyNames(Object.prototype), "prototype"].map((each) => each.toLowerCase()),
);

/** The name of an attribute (RFC 7643 section 2.1), without "$". */
const attributeName = z
  .string()
  .max(scimExtensionLimits.attributeName, `must have ${scimExtensionLimits.attributeName} characters or fewer`)
  .regex(/^[A-Za-z][A-Za-z0-9_-]*$/, "must begin with a letter and have only letters, digits, _ and -")
  .refine((value) => !inheritedNames.has(value.toLowerCase()), "is reserved");

const simpleTypes = ["string", "boolean", "integer", "decimal", "dateTime", "reference", "binary"] as const;

const subAttributeFields = {
  name: attributeName.describe("Unique in its schema, case-insensitively."),
  type: z.enum(simpleTypes).default("string"),
  description: description.default(""),
  required: z
    .boolean()
    .default(false)
    .describe("Whether a write of the attributes beside it must leave it with a value."),
  caseExact: z.boolean().default(false).describe("Whether strings are compared case-sensitively."),
  canonicalValues: z
    .array(z.string().min(1).max(200))
    .max(100)
    .optional()
    .describe("Suggested values, which clients can offer. Other values are accepted too."),
};

const subAttribute = z.strictObject(subAttributeFields).meta({ id: "ScimExtensionSubAttribute" });

const attribute = z
  .strictObject({
    ...subAttributeFields,
    type: z.enum([...simpleTypes, "complex"]).default("string"),
    multiValued: z.boolean().default(false),
    mutability: z
      .enum(["readWrite", "immutable"])
      .default("readWrite")
      .describe("`immutable`: a value that is set once cannot be changed or removed."),
    indexed: z
      .boolean()
      .default(false)
      .describe("Whether an index serves `eq`, `sw` and `pr` in filters. Not for `complex` and `binary`."),
    subAttributes: z
      .array(subAttribute)
      .max(scimExtensionLimits.subAttributes)
      .optional()
      .describe("The fields of a `complex` attribute, and only of one."),
  })
  .superRefine((value, context) => {
    const reject = (path: string, message: string): void => context.addIssue({ code: "custom", path: [path], message });
    const { type, subAttributes, indexed } = value;
    if (type === "complex" && !subAttributes?.length) reject("subAttributes", "is required for a complex attribute");
    if (type !== "complex" && subAttributes) reject("subAttributes", "is only for complex attributes");
    if (indexed && (type === "complex" || type === "binary")) reject("indexed", `is not supported for type ${type}`);
    if (subAttributes && hasDuplicateNames(subAttributes)) reject("subAttributes", "must not contain duplicate names");
  })
  .meta({ id: "ScimExtensionAttribute" });
export type ScimExtensionAttribute = Readonly<z.output<typeof attribute>>;

/** Names are case-insensitive (RFC 7643 section 2.1). */
function hasDuplicateNames(attributes: readonly { readonly name: string }[]): boolean {
  return new Set(attributes.map((each) => each.name.toLowerCase())).size < attributes.length;
}

const fields = {
  resourceType: z.enum(["User", "Group"]).describe("The resources that it extends. Never changes."),
  name: name.optional().describe("Shown in `/Schemas`. Absent: the URN."),
  description: description.default(""),
  attributes: z
    .array(attribute)
    .min(1)
    .max(scimExtensionLimits.attributes)
    .refine((list) => !hasDuplicateNames(list), "must not contain duplicate names"),
};

/** An extension schema that an organization declares (RFC 7643 section 3.3). */
export const scimExtension = z.object({
  ...entityFields,
  urn: scimExtensionUrn,
  ...fields,
  /** Attributes that are no longer declared, but whose values are still stored. */
  removedAttributes: z.array(attribute).optional(),
});
export type ScimExtension = Readonly<z.output<typeof scimExtension>>;

export const scimExtensionInput = z
  .strictObject({
    ...readOnlyEntityFields,
    urn: scimExtensionUrn.optional().describe("Must equal the URN in the path."),
    ...fields,
    removedAttributes: z
      .array(z.looseObject({}))
      .optional()
      .meta({ readOnly: true, description: "Set by the service; ignored in requests." }),
  })
  .meta({ id: "ScimExtensionInput" });

export const scimExtensionResponse = z
  .object({
    ...entityResponseFields,
    id: z.string().describe("Never changes."),
    urn: z.string(),
    ...fields,
    removedAttributes: z
      .array(attribute)
      .optional()
      .describe(
        "Attributes that are no longer declared, but whose values are still stored. They return when they are declared again.",
      ),
  })
  .meta({ id: "ScimExtension" });
