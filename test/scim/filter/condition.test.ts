import { expect } from "chai";
import { toFilterCondition } from "../../../src/scim/filter/condition.ts";
import {
  groupSchema,
  type ResourceSchema,
  resolveAttributePath,
  resourceSchemas,
  userSchema,
} from "../../../src/scim/schema/resource-schema.ts";
import { resolveStoredPath } from "../../../src/scim/schema/stored-fields.ts";
import { validateCondition } from "../../../src/store/condition.ts";
import type { Condition } from "../../../src/store/query.ts";
import { filterRejection } from "./error-text.fixture.ts";

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const always: Condition = { op: "and", all: [] };
const never: Condition = { op: "or", all: [] };
const not = (condition: Condition): Condition => ({ op: "not", condition });
const eq = (path: string, value: string | boolean): Condition => ({ op: "eq", path, value });
const present = (path: string): Condition => ({ op: "present", path });
const some = (path: string, where: Condition): Condition => ({ op: "some", path, where });

function expectConditions(
  schema: ResourceSchema,
  rows: readonly (readonly [filter: string, condition: Condition])[],
): void {
  for (const [filter, condition] of rows) {
    it(filter, () => {
      expect(toFilterCondition(filter, schema)).to.deep.equal(condition);
      validateCondition(condition);
    });
  }
}

describe("RFC 7644 3.4.2.2: translating a filter into a store condition", () => {
  describe("uses the stored path of an attribute, normalized unless it is case-exact", () => {
    expectConditions(userSchema, [
      ['userName eq "BJensen"', eq("normalized.userName", "bjensen")],
      ['USERNAME EQ "BJensen"', eq("normalized.userName", "bjensen")],
      ['urn:ietf:params:scim:schemas:core:2.0:User:userName eq "BJensen"', eq("normalized.userName", "bjensen")],
      ['URN:IETF:params:scim:schemas:core:2.0:user:username eq "BJensen"', eq("normalized.userName", "bjensen")],
      ['externalId eq "Ab"', eq("externalId", "Ab")],
      ['id eq "usr_1"', eq("id", "usr_1")],
      ['name.familyName eq "O\'Malley"', eq("normalized.name.familyName", "o'malley")],
      ['title sw "Dr"', { op: "startsWith", path: "normalized.title", value: "dr" }],
      ['title co "OF"', { op: "contains", path: "normalized.title", value: "of" }],
      ['title ew "St"', { op: "endsWith", path: "normalized.title", value: "st" }],
      ['title ge "M"', { op: "ge", path: "normalized.title", value: "m" }],
      ["title pr", present("normalized.title")],
      ["name pr", present("normalized.name")],
      [`${enterprise}:department eq "Tour"`, eq("normalized.enterpriseUser.department", "tour")],
      [`${enterprise}:manager.value eq "Usr_1"`, eq("normalized.enterpriseUser.manager.value", "usr_1")],
      [`${enterprise}:manager eq "Usr_1"`, eq("normalized.enterpriseUser.manager.value", "usr_1")],
      [`${enterprise}:manager pr`, present("normalized.enterpriseUser.manager")],
    ]);
  });

  describe("treats null as absence", () => {
    expectConditions(userSchema, [
      ["title eq null", not(present("normalized.title"))],
      ["title ne null", present("normalized.title")],
      ["emails eq null", not(present("normalized.emails"))],
    ]);
  });

  describe("accepts booleans as strings, which Entra ID sends", () => {
    expectConditions(userSchema, [
      ["active eq true", eq("active", true)],
      ["active eq True", eq("active", true)],
      ['active eq "False"', eq("active", false)],
      ["active ne false", not(eq("active", false))],
      ['emails.primary eq "True"', some("normalized.emails", eq("primary", true))],
    ]);
  });

  describe("converts dates to UTC and whole milliseconds, as stored", () => {
    const time = (op: "eq" | "gt" | "ge" | "lt" | "le", value: string): Condition => ({ op, path: "updatedAt", value });
    expectConditions(userSchema, [
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
      it(`rejects ${JSON.stringify(date)}`, () => {
        expect(filterRejection(`meta.created gt ${JSON.stringify(date)}`, userSchema)).to.contain("a date and time");
      });
    }
  });

  describe("matches elements of multi-valued attributes", () => {
    expectConditions(userSchema, [
      ["emails pr", present("normalized.emails")],
      ["emails.value pr", some("normalized.emails", present("value"))],
      ['emails eq "A@x"', some("normalized.emails", eq("value", "a@x"))],
      ['emails co "A@x"', some("normalized.emails", { op: "contains", path: "value", value: "a@x" })],
      ['emails.type ne "work"', not(some("normalized.emails", eq("type", "work")))],
      [
        'emails.type eq "work" and emails.value sw "a"',
        {
          op: "and",
          all: [
            some("normalized.emails", eq("type", "work")),
            some("normalized.emails", { op: "startsWith", path: "value", value: "a" }),
          ],
        },
      ],
      [
        'EMAILS[TYPE eq "work" and not (primary eq true)]',
        some("normalized.emails", { op: "and", all: [eq("type", "work"), not(eq("primary", true))] }),
      ],
      [
        'emails[type eq "work"].value eq "x"',
        some("normalized.emails", { op: "and", all: [eq("type", "work"), eq("value", "x")] }),
      ],
      ['not (emails[type eq "work"])', not(some("normalized.emails", eq("type", "work")))],
      ["x509Certificates pr", present("normalized.x509Certificates")],
    ]);
  });

  describe("resolves members to a set of ids", () => {
    const member = (id: string): Condition => some("members", eq("value", id));
    expectConditions(groupSchema, [
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
      [
        'displayName eq "Tour" or members eq "x"',
        { op: "or", all: [eq("normalized.displayName", "tour"), member("x")] },
      ],
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
      it(`rejects ${filter}, which could match any member or uses an unknown attribute`, () => {
        expect(filterRejection(filter, groupSchema)).to.contain("members can be filtered only by id");
      });
    }
  });

  describe("evaluates the resource type statically", () => {
    expectConditions(userSchema, [
      ['meta.resourceType eq "User"', always],
      ['meta.resourceType eq "Group"', never],
      ['meta.resourceType ne "Group"', always],
      ['meta.resourceType sw "Us"', always],
      ["meta.resourceType pr", always],
    ]);
    expectConditions(groupSchema, [['META.RESOURCETYPE eq "Group"', always]]);
  });
});

describe("RFC 7644 3.4.2.1: a filter over several resource types", () => {
  const userCondition = (filter: string): Condition => toFilterCondition(filter, userSchema, resourceSchemas);
  const groupCondition = (filter: string): Condition => toFilterCondition(filter, groupSchema, resourceSchemas);

  it("matches schemas by the resource type, and by an extension with stored attributes", () => {
    const always = { op: "and", all: [] };
    const extended = { op: "or", all: [{ op: "present", path: "enterpriseUser" }] };
    expect(userCondition('schemas eq "URN:ietf:params:scim:schemas:core:2.0:User"')).to.deep.equal(always);
    expect(userCondition(`schemas eq "${enterprise}"`)).to.deep.equal(extended);
    expect(userCondition(`schemas ne "${enterprise}"`)).to.deep.equal({ op: "not", condition: extended });
    expect(userCondition('schemas eq "urn:other"')).to.deep.equal(never);
    expect(userCondition("schemas pr")).to.deep.equal(always);
  });

  it("finds no value in a type without the attribute", () => {
    expect(groupCondition('userName eq "x"')).to.deep.equal(never);
    expect(groupCondition('userName ne "x"')).to.deep.equal(not(never));
    expect(groupCondition("title pr")).to.deep.equal(never);
    expect(groupCondition('emails[type eq "work"]')).to.deep.equal(never);
    expect(userCondition('members eq "usr_1"')).to.deep.equal(never);
    expect(userCondition('urn:ietf:params:scim:schemas:core:2.0:Group:displayName eq "x"')).to.deep.equal(never);
  });

  it("matches an attribute that several types define", () => {
    expect(userCondition('displayName eq "X"')).to.deep.equal(eq("normalized.displayName", "x"));
    expect(groupCondition('displayName eq "X"')).to.deep.equal(eq("normalized.displayName", "x"));
  });

  it("rejects an attribute that no type defines, and an unsupported comparison", () => {
    expect(() => userCondition('shoeSize eq "x"')).to.throw("unknown attribute");
    expect(() => groupCondition("userName eq 5")).to.throw("a string in double quotes");
    expect(() => userCondition("members pr")).to.throw("only by id");
  });
});

describe("RFC 7644 3.4.2.3: the sort path", () => {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["userName", "normalized.userName"],
    ["externalId", "externalId"],
    ["active", "active"],
    ["meta.lastModified", "updatedAt"],
    ["name.familyName", "normalized.name.familyName"],
    ["name", undefined],
    [`${enterprise}:manager`, "normalized.enterpriseUser.manager.value"],
    ["password", undefined],
    ["meta", undefined],
    ["schemas", undefined],
    ["groups", undefined],
    [enterprise, undefined],
  ];
  for (const [name, path] of rows) {
    it(`of ${name} is ${path ?? "undefined"}`, () => {
      const reference = resolveAttributePath(userSchema, name);
      expect(reference && resolveStoredPath(reference)?.path).to.equal(path);
    });
  }
});
