import { expect } from "chai";
import type { Condition } from "../../../src/domain/query.ts";
import { isFault } from "../../../src/errors.ts";
import { conditionOf } from "../../../src/http/scim/filter.ts";
import {
  attributeAt,
  groupSchema,
  type ResourceSchema,
  resourceSchemas,
  userSchema,
} from "../../../src/http/scim/schema.ts";
import { storedPath } from "../../../src/http/scim/stored.ts";
import { checkCondition } from "../../../src/store/condition.ts";

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const always: Condition = { op: "and", all: [] };
const never: Condition = { op: "or", all: [] };
const not = (condition: Condition): Condition => ({ op: "not", condition });
const eq = (path: string, value: string | boolean): Condition => ({ op: "eq", path, value });
const present = (path: string): Condition => ({ op: "present", path });
const some = (path: string, where: Condition): Condition => ({ op: "some", path, where });

const refused = (filter: string, schema: ResourceSchema): string => {
  try {
    conditionOf(filter, schema);
  } catch (error) {
    if (isFault(error, "invalid-filter")) return error.message;
    throw error;
  }
  return "nothing was refused";
};

function compiles(schema: ResourceSchema, rows: readonly (readonly [filter: string, condition: Condition])[]): void {
  for (const [filter, condition] of rows) {
    it(filter, () => {
      expect(conditionOf(filter, schema)).to.deep.equal(condition);
      checkCondition(condition);
    });
  }
}

describe("A filter becomes a condition of the store", () => {
  describe("on the path where an attribute is stored, folded unless it is case-exact", () => {
    compiles(userSchema, [
      ['userName eq "BJensen"', eq("folded.userName", "bjensen")],
      ['USERNAME EQ "BJensen"', eq("folded.userName", "bjensen")],
      ['urn:ietf:params:scim:schemas:core:2.0:User:userName eq "BJensen"', eq("folded.userName", "bjensen")],
      ['URN:IETF:params:scim:schemas:core:2.0:user:username eq "BJensen"', eq("folded.userName", "bjensen")],
      ['externalId eq "Ab"', eq("externalId", "Ab")],
      ['id eq "usr_1"', eq("id", "usr_1")],
      ['name.familyName eq "O\'Malley"', eq("folded.name.familyName", "o'malley")],
      ['title sw "Dr"', { op: "startsWith", path: "folded.title", value: "dr" }],
      ['title co "OF"', { op: "contains", path: "folded.title", value: "of" }],
      ['title ew "St"', { op: "endsWith", path: "folded.title", value: "st" }],
      ['title ge "M"', { op: "ge", path: "folded.title", value: "m" }],
      ["title pr", present("folded.title")],
      ["name pr", present("folded.name")],
      [`${enterprise}:department eq "Tour"`, eq("folded.enterpriseUser.department", "tour")],
      [`${enterprise}:manager.value eq "Usr_1"`, eq("folded.enterpriseUser.manager.value", "usr_1")],
      [`${enterprise}:manager eq "Usr_1"`, eq("folded.enterpriseUser.manager.value", "usr_1")],
      [`${enterprise}:manager pr`, present("folded.enterpriseUser.manager")],
    ]);
  });

  describe("with null for nothing", () => {
    compiles(userSchema, [
      ["title eq null", not(present("folded.title"))],
      ["title ne null", present("folded.title")],
      ["emails eq null", not(present("folded.emails"))],
    ]);
  });

  describe("of booleans, as which Entra ID's texts count", () => {
    compiles(userSchema, [
      ["active eq true", eq("active", true)],
      ["active eq True", eq("active", true)],
      ['active eq "False"', eq("active", false)],
      ["active ne false", not(eq("active", false))],
      ['emails.primary eq "True"', some("folded.emails", eq("primary", true))],
    ]);
  });

  describe("of dates, in UTC and whole milliseconds as they are stored", () => {
    const time = (op: "eq" | "gt" | "ge" | "lt" | "le", value: string): Condition => ({ op, path: "updatedAt", value });
    compiles(userSchema, [
      ['meta.lastModified eq "2011-05-13T04:42:34Z"', time("eq", "2011-05-13T04:42:34.000Z")],
      ['meta.lastModified gt "2011-05-13t04:42:34z"', time("gt", "2011-05-13T04:42:34.000Z")],
      ['meta.lastModified le "2011-05-13T04:42:34.5+02:00"', time("le", "2011-05-13T02:42:34.500Z")],
      ['meta.lastModified ge "2011-05-13"', time("ge", "2011-05-13T00:00:00.000Z")],
      ['meta.lastModified ge "2011-05-13T04:42"', time("ge", "2011-05-13T04:42:00.000Z")],
      ['meta.lastModified ge "2011-05-13T04:42:34"', time("ge", "2011-05-13T04:42:34.000Z")],
      ['meta.lastModified eq "2011-05-13T04:42:34.123000Z"', time("eq", "2011-05-13T04:42:34.123Z")],
      // Between two milliseconds: equal to neither, after the first, before the second.
      ['meta.lastModified eq "2011-05-13T04:42:34.1234Z"', never],
      ['meta.lastModified ne "2011-05-13T04:42:34.1234Z"', not(never)],
      ['meta.lastModified gt "2011-05-13T04:42:34.1234Z"', time("gt", "2011-05-13T04:42:34.123Z")],
      ['meta.lastModified ge "2011-05-13T04:42:34.1234Z"', time("gt", "2011-05-13T04:42:34.123Z")],
      ['meta.lastModified lt "2011-05-13T04:42:34.1234Z"', time("le", "2011-05-13T04:42:34.123Z")],
      ['meta.lastModified le "2011-05-13T04:42:34.1234Z"', time("le", "2011-05-13T04:42:34.123Z")],
      ["meta.created pr", present("createdAt")],
    ]);
    for (const date of [
      "yesterday",
      "2011-02-30",
      "2011-13-01T00:00:00Z",
      "2011-05-13T24:00:00Z",
      "2011-05-13T04:42:34+2",
      "2011-05-13 04:42:34Z",
      "9999-12-31T23:59:59-14:00",
      "0000-01-01T00:00:00+01:00",
      "+010000-01-01T00:00:00Z",
      "",
    ]) {
      it(`refuses ${JSON.stringify(date)}`, () => {
        expect(refused(`meta.created gt ${JSON.stringify(date)}`, userSchema)).to.contain("a date and time");
      });
    }
  });

  describe("of multi-valued attributes, on their elements", () => {
    compiles(userSchema, [
      ["emails pr", present("folded.emails")],
      ["emails.value pr", some("folded.emails", present("value"))],
      ['emails eq "A@x"', some("folded.emails", eq("value", "a@x"))],
      ['emails co "A@x"', some("folded.emails", { op: "contains", path: "value", value: "a@x" })],
      ['emails.type ne "work"', not(some("folded.emails", eq("type", "work")))],
      [
        'emails.type eq "work" and emails.value sw "a"',
        {
          op: "and",
          all: [
            some("folded.emails", eq("type", "work")),
            some("folded.emails", { op: "startsWith", path: "value", value: "a" }),
          ],
        },
      ],
      [
        'EMAILS[TYPE eq "work" and not (primary eq true)]',
        some("folded.emails", { op: "and", all: [eq("type", "work"), not(eq("primary", true))] }),
      ],
      [
        'emails[type eq "work"].value eq "x"',
        some("folded.emails", { op: "and", all: [eq("type", "work"), eq("value", "x")] }),
      ],
      ['not (emails[type eq "work"])', not(some("folded.emails", eq("type", "work")))],
      ["x509Certificates pr", present("folded.x509Certificates")],
    ]);
  });

  describe("of members, as certain ids", () => {
    const member = (id: string): Condition => some("members", eq("value", id));
    compiles(groupSchema, [
      ['members eq "usr_1"', member("usr_1")],
      ['members.value eq "usr_1"', member("usr_1")],
      ['members[value eq "usr_1"]', member("usr_1")],
      ['members.value ne "usr_1"', not(member("usr_1"))],
      ['not (members[value eq "usr_1"])', not(member("usr_1"))],
      ['members[value eq "usr_1" or value eq "grp_1"]', { op: "or", all: [member("usr_1"), member("grp_1")] }],
      ['members[value eq "usr_1" and type eq "user"]', member("usr_1")],
      ['members[value eq "usr_1" and type eq "Group"]', never],
      ['members[value eq "usr_1"].type eq "User"', member("usr_1")],
      ['members[value eq "usr_1" and value eq "usr_2"]', never],
      ['members[not (value ne "usr_1")]', member("usr_1")],
      ['displayName eq "Tour" or members eq "x"', { op: "or", all: [eq("folded.displayName", "tour"), member("x")] }],
    ]);
    for (const filter of [
      "members pr",
      'members co "usr_"',
      'members sw "usr_"',
      "members eq null",
      'members.type eq "User"',
      'members.$ref eq "x"',
      'members[type eq "User"]',
      'members[value ne "usr_1"]',
      'members[not (value eq "usr_1")]',
      'members[value eq "usr_1" or type eq "Group"]',
      'members[value eq "usr_1" and display eq "x"]',
    ]) {
      it(`refuses ${filter}, which any member could meet or which is not known of members`, () => {
        expect(refused(filter, groupSchema)).to.contain("members only certain ids can be asked");
      });
    }
  });

  describe("decided at once when it asks for the resource type", () => {
    compiles(userSchema, [
      ['meta.resourceType eq "User"', always],
      ['meta.resourceType eq "Group"', never],
      ['meta.resourceType ne "Group"', always],
      ['meta.resourceType sw "Us"', always],
      ["meta.resourceType pr", always],
    ]);
    compiles(groupSchema, [['META.RESOURCETYPE eq "Group"', always]]);
  });
});

describe("RFC 7644 3.4.2.1 a filter over several resource types", () => {
  const ofUsers = (filter: string): Condition => conditionOf(filter, userSchema, resourceSchemas);
  const ofGroups = (filter: string): Condition => conditionOf(filter, groupSchema, resourceSchemas);

  it("schemas are those of the type, and of an extension where something of it is stored", () => {
    const always = { op: "and", all: [] };
    const extended = { op: "or", all: [{ op: "present", path: "enterpriseUser" }] };
    expect(ofUsers('schemas eq "URN:ietf:params:scim:schemas:core:2.0:User"')).to.deep.equal(always);
    expect(ofUsers(`schemas eq "${enterprise}"`)).to.deep.equal(extended);
    expect(ofUsers(`schemas ne "${enterprise}"`)).to.deep.equal({ op: "not", condition: extended });
    expect(ofUsers('schemas eq "urn:other"')).to.deep.equal(never);
    expect(ofUsers("schemas pr")).to.deep.equal(always);
  });

  it("finds no value in a type that has no such attribute", () => {
    expect(ofGroups('userName eq "x"')).to.deep.equal(never);
    expect(ofGroups('userName ne "x"')).to.deep.equal(not(never));
    expect(ofGroups("title pr")).to.deep.equal(never);
    expect(ofGroups('emails[type eq "work"]')).to.deep.equal(never);
    expect(ofUsers('members eq "usr_1"')).to.deep.equal(never);
    expect(ofUsers('urn:ietf:params:scim:schemas:core:2.0:Group:displayName eq "x"')).to.deep.equal(never);
  });

  it("finds what each type has by the same name", () => {
    expect(ofUsers('displayName eq "X"')).to.deep.equal(eq("folded.displayName", "x"));
    expect(ofGroups('displayName eq "X"')).to.deep.equal(eq("folded.displayName", "x"));
  });

  it("is refused for what no type has, and for what the attribute does not take", () => {
    expect(() => ofUsers('shoeSize eq "x"')).to.throw("no attribute");
    expect(() => ofGroups("userName eq 5")).to.throw("a text in double quotes");
    expect(() => ofUsers("members pr")).to.throw("certain ids");
  });
});

describe("A filter that asks what cannot be asked", () => {
  const unknown = "there is no attribute";
  const secretOrMade = "nothing can be asked by";
  const faults: readonly (readonly [string, number, string])[] = [
    ['shoeSize eq "x"', 1, `${unknown} "shoeSize"`],
    ['userName eq "x" and shoeSize pr', 21, `${unknown} "shoeSize"`],
    ['__proto__ eq "x"', 1, unknown],
    ['__proto__.p eq "x"', 1, unknown],
    ['constructor.entries eq "x"', 1, unknown],
    ['$where eq "x"', 1, unknown],
    ['folded.userName eq "x"', 1, unknown],
    ['organizationId eq "x"', 1, unknown],
    ["version pr", 1, unknown],
    ['name.$ne eq "x"', 1, unknown],
    ['name.givenName.x eq "x"', 1, unknown],
    [`${enterprise} pr`, 1, unknown],
    ["urn:example:2.0:User:userName pr", 1, unknown],
    ['emails[__proto__.p eq "x"]', 8, "no sub-attribute"],
    ['emails[userName eq "x"]', 8, "no sub-attribute"],
    ['password eq "x"', 1, secretOrMade],
    ["password pr", 1, secretOrMade],
    ["meta pr", 1, secretOrMade],
    ['meta.version eq "x"', 1, secretOrMade],
    ['meta.location eq "x"', 1, secretOrMade],
    ['groups eq "grp_1"', 1, secretOrMade],
    ['groups[value eq "grp_1"]', 1, secretOrMade],
    ["groups.display pr", 1, secretOrMade],
    [`${enterprise}:manager.$ref pr`, 1, secretOrMade],
    ["x509Certificates.value pr", 1, secretOrMade],
    ['x509Certificates[value eq "x"]', 18, secretOrMade],
    ['name co "x"', 1, "has parts"],
    ['addresses eq "x"', 1, "has parts"],
    ['userName[value eq "x"]', 1, "no elements"],
    ['name[givenName eq "x"]', 1, "no elements"],
    ['emails.value[type eq "x"]', 1, "no elements"],
    ["userName eq 5", 1, "a text in double quotes"],
    ["userName co true", 1, "a text in double quotes"],
    ["userName gt null", 1, "eq and ne only"],
    ['active eq "yes"', 1, "true or false"],
    ["active eq 1", 1, "true or false"],
    ['active eq "constructor"', 1, "true or false"],
    ["active gt true", 1, "eq, ne and pr only"],
    ['active sw "T"', 1, "eq, ne and pr only"],
    ["meta.created gt 5", 1, "a date and time"],
    ['meta.created sw "2011"', 1, "does not take co, sw and ew"],
    ["title pr and emails[primary gt true]", 21, "eq, ne and pr only"],
  ];
  for (const [filter, character, message] of faults) {
    it(`${filter} is refused at character ${character}`, () => {
      expect(refused(filter, userSchema))
        .to.match(new RegExp(`^At character ${character}: `))
        .and.contain(message);
    });
  }

  it("is answered with 100 characters of a longer name", () => {
    const message = refused(`${"x".repeat(4000)} pr`, userSchema);
    expect(message)
      .to.contain(`"${"x".repeat(100)}"`)
      .and.have.length.lessThan(200);
  });
});

describe("A filter at the limits", () => {
  /** Of that many levels of and, or and not, the innermost being the last. */
  const nested = (levels: number, innermost: string): string => {
    if (levels === 1) return innermost;
    if (levels % 2 === 0) return `id pr and (${nested(levels - 1, innermost)})`;
    return `id pr or id pr and (${nested(levels - 2, innermost)})`;
  };
  const nots = (count: number, innermost: string): string =>
    count === 0 ? innermost : `not (${nots(count - 1, innermost)})`;

  for (const [innermost, levels] of [
    ['displayName eq "x"', 1],
    ['members.value ne "x"', 1],
    ['members[value eq "x" or value eq "y"]', 3],
  ] as const) {
    it(`is a condition that the store takes, with ${innermost} in its midst`, () => {
      const deepest = nested(19 - levels, innermost);
      expect(refused(nested(20 - levels, innermost), groupSchema)).to.contain("nested more than 18 deep");
      for (const filter of [deepest, nots(14, innermost), Array(50).fill(innermost).join(" or ")]) {
        checkCondition(conditionOf(filter, groupSchema));
      }
    });
  }

  it("is a condition that the store takes, with a value path that fills it", () => {
    for (const inner of [nots(14, 'type ne "x"'), Array(99).fill('type ne "x"').join(" and ")]) {
      checkCondition(conditionOf(`emails[${inner}].value ne "x"`, userSchema));
    }
  });
});

describe("The order of a list", () => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["userName", "folded.userName"],
    ["externalId", "externalId"],
    ["active", "active"],
    ["meta.lastModified", "updatedAt"],
    ["name.familyName", "folded.name.familyName"],
    ["name", undefined],
    [`${enterprise}:manager`, "folded.enterpriseUser.manager.value"],
    ["password", undefined],
    ["meta", undefined],
    ["schemas", undefined],
    ["groups", undefined],
    [enterprise, undefined],
  ];
  for (const [name, path] of rows) {
    it(`by ${name} is ${path === undefined ? "none" : `that of ${path}`}`, () => {
      const reference = attributeAt(userSchema, name);
      expect(reference && storedPath(reference)?.path).to.equal(path);
    });
  }
});
