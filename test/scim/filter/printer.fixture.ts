import fc from "fast-check";
import { comparators, type FilterValue, type ScimFilter } from "../../../src/scim/filter/syntax.ts";

/** Prints a filter so that it parses to the same tree, whatever the precedence. */
export function printFilter(filter: ScimFilter): string {
  switch (filter.op) {
    case "and":
    case "or":
      return filter.all
        .map((each) => ("all" in each ? `(${printFilter(each)})` : printFilter(each)))
        .join(` ${filter.op} `);
    case "not":
      return `not (${printFilter(filter.filter)})`;
    case "valuePath":
      return `${filter.path}[${printFilter(filter.filter)}]`;
    case "pr":
      return `${filter.path} pr`;
    default:
      return `${filter.path} ${filter.op} ${JSON.stringify(filter.value)}`;
  }
}

/** Returns the tree without the positions. */
export function withoutPositions(filter: ScimFilter): unknown {
  return JSON.parse(JSON.stringify(filter, (key, value) => (key === "position" ? undefined : value)));
}

const position = 0;

/** An attribute with the operators and values that a filter can compare it with. */
export interface FilterableAttribute {
  readonly paths: readonly string[];
  readonly ops: readonly (typeof comparators)[number][];
  readonly values: fc.Arbitrary<FilterValue>;
}

/** Generates a comparison, or `pr`, of any of these attributes. */
export function arbitraryComparison(...all: readonly FilterableAttribute[]): fc.Arbitrary<ScimFilter> {
  return fc
    .oneof(
      ...all.map(({ paths, ops, values }) =>
        fc.oneof(
          {
            weight: 4,
            arbitrary: fc.record({ op: fc.constantFrom(...ops), path: fc.constantFrom(...paths), value: values }),
          },
          { weight: 1, arbitrary: fc.record({ op: fc.constant("pr" as const), path: fc.constantFrom(...paths) }) },
        ),
      ),
    )
    .map((each) => ({ ...each, position }));
}

/** Generates comparisons joined by `and`, `or` and `not`, up to four levels deep. */
export function arbitraryCombination(leaves: fc.Arbitrary<ScimFilter>): fc.Arbitrary<ScimFilter> {
  const { any } = fc.letrec<{ any: ScimFilter }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 4, depthSize: "small" },
      leaves,
      fc.record({
        op: fc.constantFrom("and" as const, "or" as const),
        all: fc.array(tie("any"), { minLength: 2, maxLength: 3 }),
      }),
      fc.record({ op: fc.constant("not" as const), filter: tie("any") }),
    ),
  }));
  return any;
}

export function arbitraryValuePath(path: string, leaves: fc.Arbitrary<ScimFilter>): fc.Arbitrary<ScimFilter> {
  return arbitraryCombination(leaves).map((filter) => ({ op: "valuePath", path, filter, position }));
}

/** Every literal of the grammar, including strings with characters that have a meaning outside of quotes. */
const text = fc.string({
  unit: fc.constantFrom(
    "a",
    "B",
    " ",
    '"',
    "\\",
    "(",
    ")",
    "[",
    "]",
    ".",
    " and ",
    " or not ",
    "\n",
    "\u2028",
    "é",
    "😀",
  ),
});
const anyAttribute = {
  paths: ["userName", "name.givenName", "$ref", "urn:ietf:params:scim:schemas:core:2.0:User:userName", "x-y_z"],
  ops: comparators,
  values: fc.oneof(
    text,
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(withoutNegativeZero),
    fc.boolean(),
    fc.constant(null),
  ),
};
export const arbitraryFilter: fc.Arbitrary<ScimFilter> = arbitraryCombination(
  fc.oneof(arbitraryComparison(anyAttribute), arbitraryValuePath("emails", arbitraryComparison(anyAttribute))),
);

/** JSON cannot represent it. */
function withoutNegativeZero(value: number): number {
  return value === 0 ? 0 : value;
}
