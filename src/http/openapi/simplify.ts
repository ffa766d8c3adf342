type Schema = Readonly<Record<string, unknown>>;

/**
 * Rewrites what zod writes into the forms that generators of clients read best, without changing what is valid:
 * - a nullable value is `type: [string, "null"]` and not a union with an anonymous alternative
 * - a union of named objects has the discriminator that its alternatives imply
 * @param resolve returns the schema of a reference
 */
export function simplifySchema(schema: Schema, resolve: (ref: string) => Schema | undefined): Schema {
  const simplify = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(simplify);
    if (typeof value !== "object" || value === null) return value;
    const simplified = Object.fromEntries(Object.entries(value).map(([key, each]) => [key, simplify(each)]));
    return addDiscriminator(mergeNull(simplified), resolve);
  };
  return simplify(schema) as Schema;
}

const isNull = (alternative: Schema): boolean => alternative["type"] === "null";

/** Merges the alternative `null` of a union into the type of the only other alternative, unless that has a name. */
function mergeNull(schema: Schema): Schema {
  const { anyOf, ...rest } = schema as Schema & { readonly anyOf?: readonly Schema[] };
  if (!anyOf?.some(isNull)) return schema;
  const others = anyOf.filter((alternative) => !isNull(alternative));
  const [value] = others;
  if (!value || others.length > 1 || typeof value["type"] !== "string") return schema;
  const { const: constant, enum: values = constant === undefined ? undefined : [constant], ...typed } = value;
  return {
    ...typed,
    type: [value["type"], "null"],
    ...(Array.isArray(values) && { enum: [...values, null] }),
    ...rest,
  };
}

/** Adds the discriminator of a union: the property whose values differ in all of its named alternatives. */
function addDiscriminator(schema: Schema, resolve: (ref: string) => Schema | undefined): Schema {
  const { oneOf } = schema as { readonly oneOf?: readonly { readonly $ref?: string }[] };
  if (!oneOf) return schema;
  const alternatives = oneOf.map(({ $ref = "" }) => ({ $ref, properties: propertiesOf(resolve($ref)) }));
  for (const propertyName of Object.keys(alternatives[0]?.properties ?? {})) {
    const entries = alternatives.flatMap(({ $ref, properties }) =>
      valuesOf(properties[propertyName]).map((value) => [value, $ref] as const),
    );
    const isComplete = alternatives.every(({ properties }) => valuesOf(properties[propertyName]).length > 0);
    const mapping = Object.fromEntries(entries);
    if (isComplete && Object.keys(mapping).length === entries.length)
      return { ...schema, discriminator: { propertyName, mapping } };
  }
  return schema;
}

const propertiesOf = (schema: Schema | undefined): Readonly<Record<string, Schema>> =>
  (schema?.["properties"] ?? {}) as Readonly<Record<string, Schema>>;

/** Lists the strings that a property is limited to. */
const valuesOf = (property: Schema | undefined): readonly string[] =>
  [property?.["const"] ?? property?.["enum"]].flat().filter((value) => typeof value === "string");
