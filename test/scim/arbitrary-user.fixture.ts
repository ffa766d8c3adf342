import fc from "fast-check";
import {
  type Attribute,
  type AttributeTable,
  enterpriseAttributes,
  enterpriseUrn,
  userAttributes,
} from "../../src/scim/schema/definitions.ts";

export type Json = Readonly<Record<string, unknown>>;

const text = fc.constantFrom("a", "b", "A", "work", "home", "ß");
const validValues: Record<Attribute["type"], fc.Arbitrary<unknown>> = {
  string: text,
  reference: fc.constantFrom("https://a.example", "http://b.example/x"),
  boolean: fc.boolean(),
  binary: fc.constantFrom("YWRh", "YQ=="),
  decimal: fc.double(),
  integer: fc.integer(),
  dateTime: fc.constant("2011-05-13T04:42:34Z"),
  complex: fc.constant({}),
};
/** Invalid for every attribute of a user. A string can be a valid element, and an object a valid sub-attribute. */
const invalidValues = fc.constantFrom<unknown>(5, [1]);

/** Generates a value of the attribute's type, and in a share of the cases null or an invalid value. */
function arbitraryValue(attribute: Attribute, wrongShare: number): fc.Arbitrary<unknown> {
  const one = attribute.type === "complex" ? arbitraryObject(attribute, wrongShare) : validValues[attribute.type];
  const typed = attribute.multiValued ? fc.array(one, { maxLength: 3 }).map(withOnePrimary) : one;
  if (wrongShare === 0) return typed;
  return fc.oneof(
    { arbitrary: typed, weight: 100 },
    { arbitrary: fc.constant(attribute.multiValued ? [] : null), weight: 5 },
    { arbitrary: invalidValues, weight: wrongShare },
  );
}

/** An element always has a type, so it is never empty. */
function arbitraryObject({ multiValued, subAttributes }: Attribute, wrongShare: number): fc.Arbitrary<Json> {
  const parts = arbitraryRecord(subAttributes, wrongShare);
  return multiValued ? fc.tuple(parts, text).map(([element, type]) => ({ ...element, type })) : parts;
}

function arbitraryRecord(table: AttributeTable, wrongShare: number): fc.Arbitrary<Json> {
  const writable = [...table.values()].filter(
    ({ mutability, name }) => mutability === "readWrite" && name !== "schemas",
  );
  return fc.record(Object.fromEntries(writable.map((each) => [each.name, arbitraryValue(each, wrongShare)])), {
    requiredKeys: [],
  });
}

const withOnePrimary = (elements: readonly unknown[]): readonly unknown[] => {
  const isPrimary = (each: unknown): boolean => (each as Json | null)?.["primary"] === true;
  const first = elements.findIndex(isPrimary);
  return elements.map((each, at) => (at > first && isPrimary(each) ? { ...(each as Json), primary: false } : each));
};

/** Generates users with all writable attributes. @param wrongShare percentage of values with a wrong type */
export const arbitraryUsers = (wrongShare: number): fc.Arbitrary<Json> =>
  fc
    .tuple(
      arbitraryRecord(userAttributes, wrongShare),
      arbitraryRecord(enterpriseAttributes, wrongShare),
      text,
      fc.boolean(),
    )
    .map(([core, extension, userName, isFlat]) => ({
      userName,
      ...core,
      ...(isFlat
        ? Object.fromEntries(Object.entries(extension).map(([name, value]) => [`${enterpriseUrn}:${name}`, value]))
        : { [enterpriseUrn]: extension }),
    }));

/** Generates PATCH operations on such users, each with values of the right type, most with an existing target. */
export const arbitraryPatchOperations: fc.Arbitrary<readonly Json[]> = fc.array(
  fc
    .constantFrom(...userAttributes.values())
    .filter(({ mutability, name }) => mutability === "readWrite" && name !== "schemas")
    .chain((attribute) => {
      const parts = [...attribute.subAttributes.values()];
      const selector = fc.constantFrom(
        '[type eq "work"]',
        "[primary eq true]",
        '[type eq "home" or type eq "a"]',
        '[not (type eq "A")]',
      );
      const op = fc.constantFrom("add", "replace", "remove");
      const whole = fc.record({ op, path: fc.constant(attribute.name), value: arbitraryValue(attribute, 0) });
      if (parts.length === 0) return whole;
      const ofPart = fc.constantFrom(...parts).chain((part) =>
        fc.record({
          op,
          path: (attribute.multiValued ? selector : fc.constant("")).map(
            (filter) => `${attribute.name}${filter}.${part.name}`,
          ),
          value: arbitraryValue(part, 0),
        }),
      );
      if (!attribute.multiValued) return fc.oneof(whole, ofPart);
      const ofElements = fc.record({
        op,
        path: selector.map((filter) => attribute.name + filter),
        value: arbitraryObject(attribute, 0),
      });
      return fc.oneof(whole, ofPart, ofElements);
    }),
  { minLength: 1, maxLength: 6 },
);
