import { expect } from "chai";
import { hasErrorCode } from "../../../src/errors.ts";
import { toFilterCondition } from "../../../src/scim/filter/condition.ts";
import { buildElementPredicate } from "../../../src/scim/filter/element-match.ts";
import { parsePatchPath } from "../../../src/scim/filter/parser.ts";
import type { Attribute } from "../../../src/scim/schema/definitions.ts";
import { userSchema } from "../../../src/scim/schema/resource-schema.ts";

/** Repeats a string up to a quarter of the filter limit, between a prefix and a suffix. */
const repeatToLength = (unit: string, prefix = "", suffix = ""): string =>
  prefix + unit.repeat(Math.floor((1024 - prefix.length - suffix.length) / unit.length)) + suffix;

const inheritedNames = [
  'toString eq "x"',
  "valueOf pr",
  'hasOwnProperty.length eq "x"',
  'emails[toString eq "x"]',
  'emails[valueOf.length eq "x"]',
  `${userSchema.urn}:isPrototypeOf eq "x"`,
  'name.toLocaleString eq "x"',
];

const incompleteFilters = [
  repeatToLength("\n", 'userName eq "'),
  repeatToLength("\\", 'userName eq "'),
  repeatToLength('\\"', 'userName eq "'),
  repeatToLength(" ", "userName", "eq"),
  repeatToLength("("),
  repeatToLength("not ("),
  repeatToLength("emails["),
  repeatToLength('(title eq "a" or title eq "b") and ', "", "x"),
  repeatToLength("title pr or ", "", "x"),
  repeatToLength(":", "urn:"),
  repeatToLength("a:", "urn:", " pr"),
  repeatToLength(".", "a", " pr"),
  repeatToLength('"'),
  repeatToLength("9", "title eq "),
  repeatToLength("1", "title eq -", "e"),
];

/** Returns the error code, or "accepted". */
function outcome(parse: () => unknown): string {
  try {
    parse();
    return "accepted";
  } catch (error) {
    return hasErrorCode(error) ? error.code : String(error);
  }
}

function parseInBrackets(filter: string): void {
  const path = parsePatchPath(`emails[${filter}]`);
  const emails = userSchema.attributes.get("emails") as Attribute;
  if (path.filter) buildElementPredicate(path.filter, emails);
}

describe("RFC 7644 3.4.2.2: an adversarial filter", () => {
  for (const filter of [...inheritedNames, ...incompleteFilters]) {
    it(`is rejected with invalid-filter: ${JSON.stringify(filter.slice(0, 40))}`, () => {
      expect(outcome(() => toFilterCondition(filter, userSchema))).to.equal("invalid-filter");
      expect(outcome(() => parseInBrackets(filter))).to.equal("invalid-filter");
    });
  }

  it("is parsed in linear time", () => {
    // 200 rounds take about 0.1 s. A parser that backtracks would take minutes.
    const startedAt = performance.now();
    for (let round = 0; round < 200; round++) {
      for (const filter of incompleteFilters) outcome(() => toFilterCondition(filter, userSchema));
    }
    expect(performance.now() - startedAt).to.be.lessThan(10_000);
  });

  it("leaves the prototypes of built-in objects unchanged", () => {
    const prototypes = [Object.prototype, Object, Function.prototype, Array.prototype];
    const listNames = (): string[] => prototypes.map((each) => Object.getOwnPropertyNames(each).join());
    const before = listNames();
    for (const filter of inheritedNames) outcome(() => toFilterCondition(filter, userSchema));
    expect(listNames()).to.deep.equal(before);
  });
});
