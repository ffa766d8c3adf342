import { expect } from "chai";
import fc from "fast-check";
import { hasErrorCode } from "../../../src/errors.ts";
import { toFilterCondition } from "../../../src/scim/filter/condition.ts";
import { buildElementPredicate } from "../../../src/scim/filter/element-match.ts";
import { parseFilter } from "../../../src/scim/filter/parser.ts";
import { listComparisons, type ScimFilter } from "../../../src/scim/filter/syntax.ts";
import type { Attribute } from "../../../src/scim/schema/definitions.ts";
import { userSchema } from "../../../src/scim/schema/resource-schema.ts";
import { matchesCondition } from "../../store/evaluate.fixture.ts";
import { arbitraryCombination, arbitraryComparison, arbitraryValuePath, printFilter } from "./printer.fixture.ts";
import { arbitraryUser, arbitraryWord, toStoredUser } from "./records.fixture.ts";

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

describe("RFC 7644 3.4.2.2: filter semantics", () => {
  const users = [
    {
      id: "usr_1",
      externalId: "E1",
      userName: "BJensen",
      title: "Tom and Jerry",
      userType: "Employee",
      active: true,
      name: { givenName: "Barbara", familyName: "Jensen" },
      emails: [
        { value: "bjensen@example.com", type: "work", primary: true },
        { value: "babs@jensen.org", type: "home" },
      ],
      enterpriseUser: { department: "Tour Operations", manager: { value: "usr_2" } },
      updatedAt: "2026-03-01T00:00:00.000Z",
    },
    {
      id: "usr_2",
      externalId: "e1",
      userName: "O'Malley",
      title: "",
      userType: "Intern",
      active: false,
      name: {},
      emails: [{ value: "mandy@example.org", type: "work" }],
      updatedAt: "2026-04-01T00:00:00.500Z",
    },
    { id: "usr_3", userName: 'a"b)]', active: true, emails: [], updatedAt: "2026-05-01T00:00:00.000Z" },
  ].map(toStoredUser);

  const rows: readonly (readonly [filter: string, matchingIds: string])[] = [
    // Operators
    ['userName eq "bjensen"', "1"],
    ['userName eq "BJENSEN"', "1"],
    ['userName sw "BJ"', "1"],
    ['userName co "MALL"', "2"],
    ['userName ew "LEY"', "2"],
    ['userName ne "bjensen"', "23"],
    ['userName gt "bjensen"', "2"],
    ['userName le "bjensen"', "13"],
    ['externalId eq "E1"', "1"],
    ['externalId eq "e1"', "2"],
    ['externalId ne "e1"', "13"],
    // Presence: an empty string, an empty object and an empty list are no values
    ["title pr", "1"],
    ["name pr", "1"],
    ["emails pr", "12"],
    ["title eq null", "23"],
    ["title ne null", "1"],
    // A multi-valued attribute without a sub-attribute is its value
    ['emails eq "mandy@example.org"', "2"],
    ['emails co "JENSEN"', "1"],
    ['emails.value eq "nobody"', ""],
    // Names with a URN
    ['urn:ietf:params:scim:schemas:core:2.0:User:userName eq "bjensen"', "1"],
    [`${enterprise}:department eq "tour operations"`, "1"],
    [`${enterprise}:manager.value eq "usr_2"`, "1"],
    [`${enterprise}:manager eq "usr_2"`, "1"],
    // Booleans in the spelling of Entra ID
    ["active eq True", "13"],
    ['active eq "False"', "2"],
    ["active ne True", "2"],
    // And, or and brackets
    ['active eq false and userName eq "x" and (userType eq "Employee" or userType eq "Intern")', ""],
    ['active eq true and (userType eq "Employee" or userType eq "Intern")', "1"],
    ['active eq false or userType eq "Employee" and title eq "nothing"', "2"],
    ['((userName eq "bjensen"))', "1"],
    ['(active eq true and (title pr or userName co "b)]"))', "13"],
    // Not
    ['not (userName eq "bjensen" or active eq false)', "3"],
    ['not (userType eq "Employee" and active eq true)', "23"],
    ['not (title eq "Tom and Jerry")', "23"],
    ['not (emails[type eq "home"])', "23"],
    ['not (emails[type eq "work"])', "3"],
    // One element or any elements
    ['emails.type eq "work" and emails.value co "jensen.org"', "1"],
    ['emails[type eq "work" and value co "jensen.org"]', ""],
    ['emails[type eq "work" and (value co "bjensen" or value co "mandy")]', "12"],
    ['emails[type eq "work" and not (primary eq true)]', "2"],
    ['emails[type eq "work"].value eq "mandy@example.org"', "2"],
    ['emails[type eq "home"].value eq "bjensen@example.com"', ""],
    ['emails.type ne "home"', "23"],
    // Strings are JSON strings
    [String.raw`userName eq "a\"b)]"`, "3"],
    [String.raw`userName eq "\u0062jensen"`, "1"],
    ['userName eq "a)]"', ""],
    // Dates
    ['meta.lastModified gt "2026-03-01T01:00:00+01:00"', "23"],
    ['meta.lastModified lt "2026-04-01"', "1"],
    ['meta.lastModified ge "2026-04-01T00:00:00.5Z"', "23"],
    ['meta.lastModified ge "2026-04-01T00:00:00.5001Z"', "3"],
    ['meta.lastModified lt "2026-04-01T00:00:00.5001Z"', "12"],
    // Constants
    ['meta.resourceType eq "User" and active eq false', "2"],
    ['meta.resourceType eq "Group"', ""],
  ];
  for (const [filter, matchingIds] of rows) {
    it(`${filter} matches ${matchingIds === "" ? "no user" : `user ${matchingIds.split("").join(" and ")}`}`, () => {
      const condition = toFilterCondition(filter, userSchema);
      const ids = users.filter((each) => matchesCondition(condition, each)).map(({ id }) => String(id).slice(-1));
      expect(ids.join("")).to.equal(matchingIds);
    });
  }
});

const stringOperators = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"] as const;
const elementFilter = arbitraryComparison(
  { paths: ["value", "TYPE"], ops: stringOperators, values: arbitraryWord },
  { paths: ["primary"], ops: ["eq", "ne"], values: fc.constantFrom(true, false, "True", "false") },
  { paths: ["value", "type", "primary", "display"], ops: ["eq", "ne"], values: fc.constant(null) },
);
const userFilter: fc.Arbitrary<ScimFilter> = arbitraryCombination(
  fc.oneof(
    arbitraryComparison(
      {
        paths: ["userName", "title", "externalId", "name.givenName", "emails", "emails.type", `${enterprise}:manager`],
        ops: stringOperators,
        values: arbitraryWord,
      },
      { paths: ["active", "emails.primary"], ops: ["eq", "ne"], values: fc.boolean() },
      {
        paths: ["meta.lastModified"],
        ops: ["eq", "ne", "gt", "ge", "lt", "le"],
        values: fc.constantFrom("2026-01-01T00:00:00.001Z", "2026-01-01T00:00:00.0015Z", "2026-01-01"),
      },
    ),
    arbitraryValuePath("emails", elementFilter),
  ),
);
const matchesRecord = (filter: string, record: unknown): boolean =>
  matchesCondition(toFilterCondition(filter, userSchema), record);

/** Whether a combination of these filters stays within the limits. */
const isWithinLimits = (...filters: readonly ScimFilter[]): boolean =>
  filters.flatMap((each) => [...listComparisons(each)]).length <= 100 &&
  filters.reduce((sum, each) => sum + printFilter(each).length + 20, 0) <= 4096;

describe("RFC 7644 3.4.2.2: any filter", () => {
  const runs = { numRuns: 1000 };

  it("is the opposite of its negation, and equal to its double negation", () => {
    fc.assert(
      fc.property(userFilter, arbitraryUser.map(toStoredUser), (filter, record) => {
        const source = printFilter(filter);
        expect(matchesRecord(`not (${source})`, record)).to.equal(!matchesRecord(source, record));
        expect(matchesRecord(`not (not (${source}))`, record)).to.equal(matchesRecord(source, record));
      }),
      runs,
    );
  });

  it("follows De Morgan's laws", () => {
    fc.assert(
      fc.property(userFilter, userFilter, arbitraryUser.map(toStoredUser), (one, other, record) => {
        fc.pre(isWithinLimits(one, other));
        const [a, b] = [printFilter(one), printFilter(other)];
        expect(matchesRecord(`not ((${a}) or (${b}))`, record)).to.equal(
          matchesRecord(`not (${a}) and not (${b})`, record),
        );
        expect(matchesRecord(`not ((${a}) and (${b}))`, record)).to.equal(
          matchesRecord(`not (${a}) or not (${b})`, record),
        );
      }),
      runs,
    );
  });

  it("distributes and over or", () => {
    fc.assert(
      fc.property(userFilter, userFilter, userFilter, arbitraryUser.map(toStoredUser), (one, two, three, record) => {
        fc.pre(isWithinLimits(one, one, two, three));
        const [a, b, c] = [printFilter(one), printFilter(two), printFilter(three)];
        const expected = matchesRecord(`(${a}) and (${b}) or (${a}) and (${c})`, record);
        expect(matchesRecord(`(${a}) and ((${b}) or (${c}))`, record)).to.equal(expected);
      }),
      runs,
    );
  });
});

const attribute = (name: string): Attribute => {
  const result = userSchema.attributes.get(name.toLowerCase());
  if (!result) throw new Error(`Unknown attribute: ${name}`);
  return result;
};
const matches = (filter: string, element: unknown, name = "emails"): boolean =>
  buildElementPredicate(parseFilter(filter), attribute(name))(element);

describe("RFC 7644 3.5.2: the filter of a value path on plain elements", () => {
  it("agrees with the store condition", () => {
    fc.assert(
      fc.property(arbitraryCombination(elementFilter), arbitraryUser, (filter, one) => {
        const emails = (one["emails"] ?? []) as readonly unknown[];
        const expected = emails.some(buildElementPredicate(filter, attribute("emails")));
        expect(matchesRecord(`emails[${printFilter(filter)}]`, toStoredUser(one))).to.equal(expected);
      }),
      { numRuns: 1000 },
    );
  });

  it("compares names case-insensitively, and strings unless they are case-exact", () => {
    expect(matches('TYPE eq "WORK"', { Type: "Work" })).to.equal(true);
    expect(matches('value eq "abc"', { value: "ABC" }, "x509Certificates")).to.equal(false);
  });

  it("treats a scalar element as its value", () => {
    expect(matches('value eq "Admin"', "admin", "roles")).to.equal(true);
    expect(matches("type pr", "admin", "roles")).to.equal(false);
    expect(matches('value eq "urn:x"', "urn:x", "schemas")).to.equal(true);
  });

  it("matches nothing in an absent element", () => {
    for (const element of [null, undefined, {}, [], 5]) {
      expect(matches('type eq "work"', element)).to.equal(false);
      expect(matches('not (type eq "work")', element)).to.equal(true);
    }
  });

  it("compares strings by code point, like the store", () => {
    expect(matches('value gt "\uffff"', { value: "😀" })).to.equal(true);
  });

  it("does not resolve names that every object inherits", () => {
    for (const filter of ['toString eq "x"', "valueOf pr", 'hasOwnProperty eq "x"', "toString.length pr"]) {
      expect(() => matches(filter, {})).to.throw("no sub-attribute");
    }
  });

  for (const filter of ['shoeSize eq "x"', "value eq 5", "primary gt true", 'primary eq "yes"']) {
    it(`rejects ${filter} before evaluating it`, () => {
      expect(() => buildElementPredicate(parseFilter(filter), attribute("emails"))).to.satisfy((run: () => unknown) => {
        try {
          run();
        } catch (error) {
          return hasErrorCode(error, "invalid-filter");
        }
        return false;
      });
    });
  }
});
