import { expect } from "chai";
import fc from "fast-check";
import { isFault } from "../../../src/errors.ts";
import { elementPredicate } from "../../../src/http/scim/element-match.ts";
import { conditionOf } from "../../../src/http/scim/filter.ts";
import { parseFilter } from "../../../src/http/scim/filter-parser.ts";
import { comparisonsIn, type Filter } from "../../../src/http/scim/filter-syntax.ts";
import { userSchema } from "../../../src/http/scim/schema.ts";
import type { Attribute } from "../../../src/http/scim/scimmy.ts";
import { holds } from "../../store/evaluate.ts";
import { combined, comparison, printed, valuePath } from "./filter-printer.ts";
import { stored, user, word } from "./filter-records.ts";

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

describe("RFC 7644 3.4.2.2 what a filter finds", () => {
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
  ].map(stored);

  const rows: readonly (readonly [filter: string, found: string])[] = [
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
    // Presence: neither an empty text nor an empty object nor an empty list is a value
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
    // Booleans as Entra ID writes them
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
    // Texts are JSON texts
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
  for (const [filter, found] of rows) {
    it(`${filter} finds ${found === "" ? "nobody" : found.split("").join(" and ")}`, () => {
      const condition = conditionOf(filter, userSchema);
      const ids = users.filter((each) => holds(condition, each)).map(({ id }) => String(id).slice(-1));
      expect(ids.join("")).to.equal(found);
    });
  }
});

const texts = ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"] as const;
const ofElement = comparison(
  { paths: ["value", "TYPE"], ops: texts, values: word },
  { paths: ["primary"], ops: ["eq", "ne"], values: fc.constantFrom(true, false, "True", "false") },
  { paths: ["value", "type", "primary", "display"], ops: ["eq", "ne"], values: fc.constant(null) },
);
const ofUser: fc.Arbitrary<Filter> = combined(
  fc.oneof(
    comparison(
      {
        paths: ["userName", "title", "externalId", "name.givenName", "emails", "emails.type", `${enterprise}:manager`],
        ops: texts,
        values: word,
      },
      { paths: ["active", "emails.primary"], ops: ["eq", "ne"], values: fc.boolean() },
      {
        paths: ["meta.lastModified"],
        ops: ["eq", "ne", "gt", "ge", "lt", "le"],
        values: fc.constantFrom("2026-01-01T00:00:00.001Z", "2026-01-01T00:00:00.0015Z", "2026-01-01"),
      },
    ),
    valuePath("emails", ofElement),
  ),
);
const finds = (filter: string, record: unknown): boolean => holds(conditionOf(filter, userSchema), record);

/** Whether these together are no more than a filter may be. */
const isAskable = (...filters: readonly Filter[]): boolean =>
  filters.flatMap((each) => [...comparisonsIn(each)]).length <= 100 &&
  filters.reduce((sum, each) => sum + printed(each).length + 20, 0) <= 4096;

describe("Any filter", () => {
  const runs = { numRuns: 1000 };

  it("says the opposite of its negation, and the same as the negation of that", () => {
    fc.assert(
      fc.property(ofUser, user.map(stored), (filter, record) => {
        const text = printed(filter);
        expect(finds(`not (${text})`, record)).to.equal(!finds(text, record));
        expect(finds(`not (not (${text}))`, record)).to.equal(finds(text, record));
      }),
      runs,
    );
  });

  it("is negated with its parts (De Morgan)", () => {
    fc.assert(
      fc.property(ofUser, ofUser, user.map(stored), (one, other, record) => {
        fc.pre(isAskable(one, other));
        const [a, b] = [printed(one), printed(other)];
        expect(finds(`not ((${a}) or (${b}))`, record)).to.equal(finds(`not (${a}) and not (${b})`, record));
        expect(finds(`not ((${a}) and (${b}))`, record)).to.equal(finds(`not (${a}) or not (${b})`, record));
      }),
      runs,
    );
  });

  it("distributes and over or", () => {
    fc.assert(
      fc.property(ofUser, ofUser, ofUser, user.map(stored), (one, two, three, record) => {
        fc.pre(isAskable(one, one, two, three));
        const [a, b, c] = [printed(one), printed(two), printed(three)];
        const expected = finds(`(${a}) and (${b}) or (${a}) and (${c})`, record);
        expect(finds(`(${a}) and ((${b}) or (${c}))`, record)).to.equal(expected);
      }),
      runs,
    );
  });
});

const attribute = (name: string): Attribute => {
  const found = userSchema.attributes.get(name.toLowerCase());
  if (!found) throw new Error(`There is no ${name}`);
  return found;
};
const meets = (filter: string, element: unknown, name = "emails"): boolean =>
  elementPredicate(parseFilter(filter), attribute(name))(element);

describe("RFC 7644 3.5.2 the filter of a value path over plain elements", () => {
  it("agrees with the condition that the store is asked", () => {
    fc.assert(
      fc.property(combined(ofElement), user, (filter, one) => {
        const emails = (one["emails"] ?? []) as readonly unknown[];
        const expected = emails.some(elementPredicate(filter, attribute("emails")));
        expect(finds(`emails[${printed(filter)}]`, stored(one))).to.equal(expected);
      }),
      { numRuns: 1000 },
    );
  });

  it("does not see the case of names, nor that of texts that are not case-exact", () => {
    expect(meets('TYPE eq "WORK"', { Type: "Work" })).to.equal(true);
    expect(meets('value eq "abc"', { value: "ABC" }, "x509Certificates")).to.equal(false);
  });

  it("takes a scalar element for its value", () => {
    expect(meets('value eq "Admin"', "admin", "roles")).to.equal(true);
    expect(meets("type pr", "admin", "roles")).to.equal(false);
    expect(meets('value eq "urn:x"', "urn:x", "schemas")).to.equal(true);
  });

  it("finds nothing where there is nothing", () => {
    for (const element of [null, undefined, {}, [], 5]) {
      expect(meets('type eq "work"', element)).to.equal(false);
      expect(meets('not (type eq "work")', element)).to.equal(true);
    }
  });

  it("compares texts by code point, as the store does", () => {
    expect(meets('value gt "\uffff"', { value: "😀" })).to.equal(true);
  });

  it("does not take what every object has for a part of the element", () => {
    for (const filter of ['__proto__ eq "x"', "constructor pr", 'toString eq "x"', "__proto__.p pr"]) {
      expect(() => meets(filter, {})).to.throw("no sub-attribute");
    }
  });

  for (const filter of ['shoeSize eq "x"', "value eq 5", "primary gt true", 'primary eq "yes"']) {
    it(`refuses ${filter} before it is asked of anything`, () => {
      expect(() => elementPredicate(parseFilter(filter), attribute("emails"))).to.satisfy((run: () => unknown) => {
        try {
          run();
        } catch (error) {
          return isFault(error, "invalid-filter");
        }
        return false;
      });
    });
  }
});
