import { expect } from "chai";
import fc from "fast-check";
import { AppError } from "../../../src/errors.ts";
import { parseFilter, parsePatchPath } from "../../../src/http/scim/filter-parser.ts";
import type { Filter } from "../../../src/http/scim/filter-syntax.ts";
import { anyFilter, printed, withoutPositions } from "./filter-printer.ts";

const read = (text: string) => withoutPositions(parseFilter(text));
const a = { op: "pr", path: "a" };
const b = { op: "pr", path: "b" };
const c = { op: "pr", path: "c" };

/** The fault and the message of what is refused. */
function refused(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return `${error.fault}: ${error.message}`;
    throw error;
  }
  return "nothing was refused";
}

describe("RFC 7644 3.4.2.2 the grammar of filters", () => {
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
  for (const [text, tree] of trees) {
    it(`reads ${JSON.stringify(text)} as it is bracketed`, () => expect(read(text)).to.deep.equal(tree));
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
    it(`reads the value ${literal}`, () => {
      expect(read(`(a eq ${literal})`)).to.deep.equal({ op: "eq", path: "a", value });
      expect(read(`e[a ne ${literal}]`)).to.deep.equal({
        op: "valuePath",
        path: "e",
        filter: { op: "ne", path: "a", value },
      });
    });
  }

  for (const op of ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]) {
    it(`knows ${op} in any letter case`, () => {
      expect(read(`a ${op.toUpperCase()} "x"`)).to.deep.equal({ op, path: "a", value: "x" });
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
    it(`takes ${path} for a name, and says where it stands`, () => {
      expect(parseFilter(`not (${path} pr)`)).to.deep.equal({ op: "not", filter: { op: "pr", path, position: 5 } });
    });
  }

  it("reads whatever is printed as what it was", () => {
    fc.assert(
      fc.property(anyFilter, (filter) => {
        expect(withoutPositions(parseFilter(printed(filter)))).to.deep.equal(withoutPositions(filter));
      }),
      { numRuns: 1000 },
    );
  });

  it("answers any text with a filter or with invalid-filter", () => {
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
        const text = parts.join(" ");
        let filter: Filter;
        try {
          filter = parseFilter(text);
        } catch (error) {
          expect(error).to.be.instanceOf(AppError);
          expect((error as AppError).fault).to.equal("invalid-filter");
          return;
        }
        expect(withoutPositions(parseFilter(printed(filter)))).to.deep.equal(withoutPositions(filter));
      }),
      { numRuns: 2000 },
    );
  });
});

describe("A filter that cannot be understood", () => {
  const name = 'the name of an attribute, "not (" or "(" is expected';
  const operator = "an operator is expected";
  const value = "a value is expected";
  const more = '"and", "or" or the end of the filter is expected';
  const faults: readonly (readonly [string, number, string])[] = [
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
    ["(a pr", 6, '"and", "or" or ")" is expected'],
    ["(a pr]", 6, '"and", "or" or ")" is expected'],
    ["emails[a pr", 12, '"and", "or" or "]" is expected'],
    ["emails[a pr)", 12, '"and", "or" or "]" is expected'],
    ["emails[a pr].b", 15, operator],
    ["emails[a pr].b.c pr", 13, more],
    ["emails[a pr]b pr", 13, more],
    ["emails[b[a pr]]", 8, "brackets [ ] do not stand within"],
    ["not", 4, '"(" is expected'],
    ["not a pr", 5, '"(" is expected'],
    ["not not (a pr)", 5, '"(" is expected'],
    ['"a" pr', 1, name],
    ["5 pr", 1, name],
    ["a..b pr", 1, name],
    [".a pr", 1, name],
    ["http://x:a pr", 1, name],
    ['a eq "x', 6, "no closing quote"],
    [String.raw`a eq "x\"`, 6, "no closing quote"],
    [String.raw`a eq "\x"`, 6, "not a JSON string"],
    ['a eq "\n"', 6, "not a JSON string"],
    [String.raw`a eq "\u0000"`, 6, "NUL or half of a surrogate pair"],
    [String.raw`a eq "\ud83d"`, 6, "NUL or half of a surrogate pair"],
    ['a eq "\ude00"', 6, "NUL or half of a surrogate pair"],
  ];
  for (const [text, character, expected] of faults) {
    it(`${JSON.stringify(text)} is refused at character ${character}`, () => {
      expect(refused(() => parseFilter(text)))
        .to.match(new RegExp(`^invalid-filter: At character ${character}: `))
        .and.contain(expected);
    });
  }

  it("never has its values repeated", () => {
    for (const text of ["a eq hunter2", "hunter2@x", 'a eq "x" hunter2', String.raw`a eq "hunter2\x"`, "a hunter2"]) {
      expect(refused(() => parseFilter(text)))
        .to.match(/^invalid-filter/)
        .and.not.contain("hunter2");
    }
  });

  it("is one of more than 4096 characters", () => {
    const long = `a eq "${"x".repeat(4089)}"`;
    expect(long).to.have.length(4096);
    expect(read(long)).to.have.property("op", "eq");
    expect(refused(() => parseFilter(`${long} `))).to.contain("longer than 4096 characters");
  });

  it("is one of more than 100 comparisons", () => {
    const terms = (count: number) => Array(count).fill("a pr").join(" or ");
    expect(read(terms(100))).to.have.property("op", "or");
    expect(refused(() => parseFilter(terms(101)))).to.contain("100 comparisons at most");
  });

  it("is one of more than 15 brackets within brackets", () => {
    const nested = (count: number) => `${"(".repeat(count)}a pr${")".repeat(count)}`;
    expect(read(nested(15))).to.deep.equal(a);
    expect(refused(() => parseFilter(nested(16)))).to.equal(
      "invalid-filter: At character 16: brackets stand more than 15 deep.",
    );
  });

  it("is one of more than 18 levels of and, or and not", () => {
    const nested = (levels: number): string => (levels <= 1 ? "a pr" : `a pr or b pr and (${nested(levels - 2)})`);
    expect(read(nested(17))).to.have.property("op", "or");
    expect(refused(() => parseFilter(nested(19)))).to.contain("nested more than 18 deep");
  });
});

describe("RFC 7644 3.5.2 the grammar of PATCH paths", () => {
  const filter: Filter = { op: "eq", path: "type", value: "work", position: 7 };
  const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
  const paths: readonly (readonly [string, unknown])[] = [
    ["userName", { path: "userName" }],
    ["name.familyName", { path: "name.familyName" }],
    ["members.$ref", { path: "members.$ref" }],
    [enterprise, { path: enterprise }],
    [`${enterprise}:manager.value`, { path: `${enterprise}:manager.value` }],
    [' emails[type eq "work"] ', { path: "emails", filter: { ...filter, position: 8 } }],
    ['emails[type eq "work"]', { path: "emails", filter }],
    ['emails[type eq "work"].value', { path: "emails", filter, subAttribute: "value" }],
    ['emails[type eq "]."].value', { path: "emails", filter: { ...filter, value: "]." }, subAttribute: "value" }],
    [
      'emails[not (type eq "work")].value',
      { path: "emails", filter: { op: "not", filter: { ...filter, position: 12 } }, subAttribute: "value" },
    ],
  ];
  for (const [text, path] of paths) {
    it(`reads ${JSON.stringify(text)}`, () => expect(parsePatchPath(text)).to.deep.equal(path));
  }

  const malformed = [
    "",
    " ",
    ".value",
    "emails.",
    "emails..value",
    "a b",
    "a,b",
    'a"b',
    "emails]",
    "(emails)",
    "http://example.com:a",
    '[type eq "work"]',
    'emails[type eq "work"].',
    'emails[type eq "work"]value',
    'emails[type eq "work"].value.x',
    'emails[type eq "work"].value[type pr]',
    'emails[type eq "work"][type pr]',
    'emails[type eq "work"] or value pr',
    "x".repeat(4097),
  ];
  for (const text of malformed) {
    it(`refuses ${JSON.stringify(text.slice(0, 40))} as invalid-path`, () => {
      expect(refused(() => parsePatchPath(text))).to.match(/^invalid-path: /);
    });
  }

  for (const text of ["emails[]", "emails[", "emails[type]", "emails[type eq work]", "emails[type pr", "e[a[b pr]]"]) {
    it(`refuses the filter of ${text} as invalid-filter`, () => {
      expect(refused(() => parsePatchPath(text))).to.match(/^invalid-filter: At character \d+: /);
    });
  }
});
