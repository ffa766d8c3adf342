import fc from "fast-check";
import { comparators, type Filter, type FilterValue } from "../../../src/http/scim/filter-syntax.ts";

/** Writes a filter so that it reads back as the same tree, whatever binds tighter. */
export function printed(filter: Filter): string {
  switch (filter.op) {
    case "and":
    case "or":
      return filter.all.map((each) => ("all" in each ? `(${printed(each)})` : printed(each))).join(` ${filter.op} `);
    case "not":
      return `not (${printed(filter.filter)})`;
    case "valuePath":
      return `${filter.path}[${printed(filter.filter)}]`;
    case "pr":
      return `${filter.path} pr`;
    default:
      return `${filter.path} ${filter.op} ${JSON.stringify(filter.value)}`;
  }
}

/** The tree without where its parts stood in the text. */
export function withoutPositions(filter: Filter): unknown {
  return JSON.parse(JSON.stringify(filter, (key, value) => (key === "position" ? undefined : value)));
}

const position = 0;

/** An attribute, and the values that a filter may compare it with. */
export interface Asked {
  readonly paths: readonly string[];
  readonly ops: readonly (typeof comparators)[number][];
  readonly values: fc.Arbitrary<FilterValue>;
}

/** One comparison, or `pr`, of any of these. */
export function comparison(...all: readonly Asked[]): fc.Arbitrary<Filter> {
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

/** Comparisons joined by `and`, `or` and `not`, few levels deep. */
export function combined(leaves: fc.Arbitrary<Filter>): fc.Arbitrary<Filter> {
  const { any } = fc.letrec<{ any: Filter }>((tie) => ({
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

export function valuePath(path: string, leaves: fc.Arbitrary<Filter>): fc.Arbitrary<Filter> {
  return combined(leaves).map((filter) => ({ op: "valuePath", path, filter, position }));
}

/** Every value that the grammar has; texts with all that means something outside of quotes. */
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
const anything = {
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
export const anyFilter: fc.Arbitrary<Filter> = combined(
  fc.oneof(comparison(anything), valuePath("emails", comparison(anything))),
);

/** JSON has no way to write it. */
function withoutNegativeZero(value: number): number {
  return value === 0 ? 0 : value;
}
