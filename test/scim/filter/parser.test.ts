import { expect } from "chai";
import fc from "fast-check";
import { AppError } from "../../../src/errors.ts";
import { parseFilter } from "../../../src/scim/filter/parser.ts";
import type { ScimFilter } from "../../../src/scim/filter/syntax.ts";
import { rejection } from "./error-text.fixture.ts";
import { arbitraryFilter, printFilter, withoutPositions } from "./printer.fixture.ts";

const parse = (source: string) => withoutPositions(parseFilter(source));
const a = { op: "pr", path: "a" };
const b = { op: "pr", path: "b" };
const c = { op: "pr", path: "c" };

describe("RFC 7644 3.4.2.2: the filter grammar", () => {
  const trees: readonly (readonly [string, unknown])[] = [
    ["a pr and b pr or c pr", { op: "or", all: [{ op: "and", all: [a, b] }, c] }],
    ["a pr or b pr and c pr", { op: "or", all: [a, { op: "and", all: [b, c] }] }],
    ["(a pr or b pr) and c pr", { op: "and", all: [{ op: "or", all: [a, b] }, c] }],
    ["a pr and b pr and c pr", { op: "and", all: [a, b, c] }],
    ["((a pr))", a],
    ["(a pr and (b pr or c pr))", { op: "and", all: [a, { op: "or", all: [b, c] }] }],
    ["not (a pr) and b pr", { op: "and", all: [{ op: "not", filter: a }, b] }],
    ["not(a pr)", { op: "not", filter: a }],
    ["not (not (a pr))", { op: "not", filter: { op: "not", filter: a } }],
    ["not (e[a pr])", { op: "not", filter: { op: "valuePath", path: "e", filter: a } }],
    [
      "e[a pr and (b pr or not (c pr))]",
      {
        op: "valuePath",
        path: "e",
        filter: { op: "and", all: [a, { op: "or", all: [b, { op: "not", filter: c }] }] },
      },
    ],
    ["e[a pr].b pr", { op: "valuePath", path: "e", filter: { op: "and", all: [a, b] } }],
    [
      "A PR AND NOT (B PR)",
      {
        op: "and",
        all: [
          { op: "pr", path: "A" },
          { op: "not", filter: { op: "pr", path: "B" } },
        ],
      },
    ],
    [" \t a   pr \r\n and\tb pr ", { op: "and", all: [a, b] }],
  ];
  for (const [source, tree] of trees) {
    it(`parses ${JSON.stringify(source)} with the correct precedence`, () => expect(parse(source)).to.deep.equal(tree));
  }

  const values: readonly (readonly [string, unknown])[] = [
    ['"x"', "x"],
    ['""', ""],
    [String.raw`"a\"b"`, 'a"b'],
    [String.raw`"\\"`, "\\"],
    [String.raw`"\u0062\n\ud83d\ude00"`, "b\n😀"],
    ['"Tom and Jerry"', "Tom and Jerry"],
    ['") or (a pr] not"', ") or (a pr] not"],
    ["true", true],
    ["True", true],
    ["FALSE", false],
    ["Null", null],
    ["0", 0],
    ["-1.5e2", -150],
  ];
  for (const [literal, value] of values) {
    it(`parses the value ${literal}`, () => {
      expect(parse(`(a eq ${literal})`)).to.deep.equal({ op: "eq", path: "a", value });
      expect(parse(`e[a ne ${literal}]`)).to.deep.equal({
        op: "valuePath",
        path: "e",
        filter: { op: "ne", path: "a", value },
      });
    });
  }

  for (const op of ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]) {
    it(`accepts ${op} case-insensitively`, () => {
      expect(parse(`a ${op.toUpperCase()} "x"`)).to.deep.equal({ op, path: "a", value: "x" });
    });
  }

  for (const path of [
    "a",
    "a.b",
    "$ref",
    "members.$ref",
    "urn:ietf:params:scim:schemas:core:2.0:User:userName",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
  ]) {
    it(`accepts the name ${path} and returns its position`, () => {
      expect(parseFilter(`not (${path} pr)`)).to.deep.equal({ op: "not", filter: { op: "pr", path, position: 5 } });
    });
  }

  it("parses every printed filter to the same tree", () => {
    fc.assert(
      fc.property(arbitraryFilter, (filter) => {
        expect(withoutPositions(parseFilter(printFilter(filter)))).to.deep.equal(withoutPositions(filter));
      }),
      { numRuns: 1000 },
    );
  });

  it("returns a filter or invalid-filter for any input", () => {
    const part = fc.constantFrom(
      "a",
      "pr",
      "eq",
      "and",
      "or",
      "not",
      "(",
      ")",
      "[",
      "]",
      '"',
      '"x"',
      "1",
      ".b",
      "\\",
      "\n",
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(part, fc.string({ maxLength: 3 })), { maxLength: 12 }), (parts) => {
        const source = parts.join(" ");
        let filter: ScimFilter;
        try {
          filter = parseFilter(source);
        } catch (error) {
          expect(error).to.be.instanceOf(AppError);
          expect((error as AppError).code).to.equal("invalid-filter");
          return;
        }
        expect(withoutPositions(parseFilter(printFilter(filter)))).to.deep.equal(withoutPositions(filter));
      }),
      { numRuns: 2000 },
    );
  });
});

describe("RFC 7644 3.4.2.2: an invalid filter", () => {
  const name = 'expected an attribute name, "not (" or "("';
  const operator = "expected an operator";
  const value = "expected a value";
  const more = 'expected "and", "or" or end of filter';
  const rejections: readonly (readonly [string, number, string])[] = [
    ["", 1, name],
    ["   ", 4, name],
    ["()", 2, name],
    ["emails[]", 8, name],
    ["and a pr", 5, operator],
    ["a pr and", 9, name],
    ["a pr and or b pr", 13, operator],
    ["a pr or or", 11, operator],
    ["a", 2, operator],
    ["a equals 1", 3, operator],
    ["a eq", 5, value],
    ["a eq bjensen", 6, value],
    ["a eq 'bjensen'", 6, value],
    ["a eq 01", 6, value],
    ["a eq 1e999", 6, value],
    ["a eq (1)", 6, value],
    ["a eq true false", 11, more],
    ['a eq "x" "y"', 10, more],
    ['a eq "x""y"', 9, more],
    ['a pr "x"', 6, more],
    ["a pr b pr", 6, more],
    ["a pr)", 5, more],
    ["a pr]", 5, more],
    ["(a pr", 6, 'expected "and", "or" or ")"'],
    ["(a pr]", 6, 'expected "and", "or" or ")"'],
    ["emails[a pr", 12, 'expected "and", "or" or "]"'],
    ["emails[a pr)", 12, 'expected "and", "or" or "]"'],
    ["emails[a pr].b", 15, operator],
    ["emails[a pr].b.c pr", 13, more],
    ["emails[a pr]b pr", 13, more],
    ["emails[b[a pr]]", 8, "brackets [ ] cannot be nested"],
    ["not", 4, 'expected "("'],
    ["not a pr", 5, 'expected "("'],
    ["not not (a pr)", 5, 'expected "("'],
    ['"a" pr', 1, name],
    ["5 pr", 1, name],
    ["a..b pr", 1, name],
    [".a pr", 1, name],
    ["http://x:a pr", 1, name],
    ['a eq "x', 6, "no closing quote"],
    [String.raw`a eq "x\"`, 6, "no closing quote"],
    [String.raw`a eq "\x"`, 6, "invalid JSON string"],
    ['a eq "\n"', 6, "invalid JSON string"],
    [String.raw`a eq "\u0000"`, 6, "NUL or an unpaired surrogate"],
    [String.raw`a eq "\ud83d"`, 6, "NUL or an unpaired surrogate"],
    ['a eq "\ude00"', 6, "NUL or an unpaired surrogate"],
  ];
  for (const [source, character, expected] of rejections) {
    it(`${JSON.stringify(source)} is rejected at character ${character}`, () => {
      expect(rejection(() => parseFilter(source)))
        .to.match(new RegExp(`^invalid-filter: At character ${character}: `))
        .and.contain(expected);
    });
  }

  it("is reported without repeating its values", () => {
    for (const source of ["a eq hunter2", "hunter2@x", 'a eq "x" hunter2', String.raw`a eq "hunter2\x"`, "a hunter2"]) {
      expect(rejection(() => parseFilter(source)))
        .to.match(/^invalid-filter/)
        .and.not.contain("hunter2");
    }
  });

  it("has more than 4096 characters", () => {
    const long = `a eq "${"x".repeat(4089)}"`;
    expect(long).to.have.length(4096);
    expect(parse(long)).to.have.property("op", "eq");
    expect(rejection(() => parseFilter(`${long} `))).to.contain("longer than 4096 characters");
  });

  it("has more than 100 comparisons", () => {
    const terms = (count: number) => Array(count).fill("a pr").join(" or ");
    expect(parse(terms(100))).to.have.property("op", "or");
    expect(rejection(() => parseFilter(terms(101)))).to.contain("more than 100 comparisons");
  });

  it("has more than 15 nested brackets", () => {
    const nested = (count: number) => `${"(".repeat(count)}a pr${")".repeat(count)}`;
    expect(parse(nested(15))).to.deep.equal(a);
    expect(rejection(() => parseFilter(nested(16)))).to.equal(
      "invalid-filter: At character 16: brackets are nested more than 15 levels deep.",
    );
  });

  it("has more than 18 levels of and, or and not", () => {
    const nested = (levels: number): string => (levels <= 1 ? "a pr" : `a pr or b pr and (${nested(levels - 2)})`);
    expect(parse(nested(17))).to.have.property("op", "or");
    expect(rejection(() => parseFilter(nested(19)))).to.contain("nested more than 18 levels deep");
  });
});
