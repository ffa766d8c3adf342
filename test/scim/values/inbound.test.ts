import { expect } from "chai";
import fc from "fast-check";
import SCIMMY from "scimmy";
import type { ErrorCode } from "../../../src/errors.ts";
import { enterpriseUrn, userUrn } from "../../../src/scim/schema/definitions.ts";
import { userSchema } from "../../../src/scim/schema/resource-schema.ts";
import { mergeDuplicates } from "../../../src/scim/values/duplicates.ts";
import { parseUser, toScimAttributes, toScimJson } from "../../../src/scim/values/inbound.ts";
import { toAttributes } from "../../../src/store/record.ts";
import { arbitraryUsers, type Json } from "../arbitrary-user.fixture.ts";
import { catchAppError } from "../rejection.fixture.ts";

const bare = { userName: "ada" };

describe("RFC 7644 3.3 and 3.5.1: parsing a user", () => {
  it("stores attributes in the spelling of the schema, whatever the case of the names", () => {
    expect(
      parseUser({ USERNAME: "ada", Name: { GIVENNAME: "Ada" }, eMails: [{ VALUE: "a@x", Primary: true }] }),
    ).to.deep.equal({ userName: "ada", name: { givenName: "Ada" }, emails: [{ value: "a@x", primary: true }] });
  });

  it("accepts names with the URN of the core schema", () => {
    expect(parseUser({ ...bare, [`${userUrn}:title`]: "Dr" })).to.deep.equal({ ...bare, title: "Dr" });
  });

  it("accepts the extension as an object, as keys with its URN, or both, case-insensitively", () => {
    const expected = { ...bare, enterpriseUser: { department: "Engines", costCenter: "9" } };
    for (const extension of [
      { [enterpriseUrn]: { department: "Engines", costCenter: "9" } },
      { [enterpriseUrn.toLowerCase()]: { DEPARTMENT: "Engines", costCenter: "9" } },
      { [`${enterpriseUrn}:department`]: "Engines", [`${enterpriseUrn.toUpperCase()}:costCenter`]: "9" },
      { [enterpriseUrn]: { department: "Engines" }, [`${enterpriseUrn}:costCenter`]: "9" },
    ]) {
      expect(parseUser({ ...bare, ...extension })).to.deep.equal(expected);
    }
  });

  it("renders the extension under its URN", () => {
    const attributes = { ...bare, [enterpriseUrn]: { manager: { value: "usr_1" } } };
    expect(toScimAttributes(parseUser(attributes))).to.deep.equal(attributes);
    expect(toScimAttributes(parseUser(bare))).to.deep.equal(bare);
  });

  it("renders the stored JSON like the stored record, whoever manages the user and whatever its strings contain", () => {
    const keys = [
      '"managedBy":"scim",',
      ',"managedBy":"scim"',
      '"enterpriseUser":',
      "\\",
      '\\",',
      '":"',
      "managedBy",
      "enterpriseUser",
      'By":',
      'User":',
    ];
    const trickyString = fc.array(fc.constantFrom(...keys), { maxLength: 4 }).map((parts) => `a${parts.join("")}`);
    fc.assert(
      fc.property(arbitraryUsers(0), trickyString, trickyString, fc.nat(20), (user, title, department, place) => {
        const extension = { enterpriseUser: { department } };
        const entries = Object.entries({ ...parseUser({ ...user, title }), ...(place % 2 === 0 && extension) });
        for (const managed of [[], [["managedBy", "scim"] as [string, string]]]) {
          const stored = Object.fromEntries(entries.toSpliced(place, 0, ...managed));
          const { json, extensions } = toScimJson(JSON.stringify(stored));
          expect(JSON.parse(json)).to.deep.equal(toScimAttributes(toAttributes(stored)));
          expect(extensions).to.deep.equal("enterpriseUser" in stored ? [enterpriseUrn] : []);
        }
      }),
      { numRuns: 500 },
    );
    expect(toScimJson('{"managedBy":"scim"}').json).to.equal("{}");
  });

  it("omits null, empty lists and empty objects", () => {
    const nothing = { title: null, emails: [], phoneNumbers: null, name: {}, [enterpriseUrn]: null };
    expect(parseUser({ ...bare, ...nothing })).to.deep.equal(bare);
    const parts = { name: { givenName: "Ada", middleName: null }, [enterpriseUrn]: { manager: null, division: "D" } };
    expect(parseUser({ ...bare, ...parts, emails: [{ value: "a@x", type: null }] })).to.deep.equal({
      ...bare,
      name: { givenName: "Ada" },
      emails: [{ value: "a@x" }],
      enterpriseUser: { division: "D" },
    });
  });

  it("ignores read-only attributes, schemas and password", () => {
    const sent = {
      schemas: [userUrn, "urn:unknown"],
      id: "usr_9",
      meta: { resourceType: "User", version: 5 },
      groups: [{ value: "grp_1" }],
      password: "secret",
      [enterpriseUrn]: { manager: { value: "usr_2", displayName: "B", $ref: "../Users/usr_2" } },
    };
    expect(parseUser({ ...bare, ...sent })).to.deep.equal({
      ...bare,
      enterpriseUser: { manager: { value: "usr_2" } },
    });
  });

  it("accepts types beyond the canonical values", () => {
    const roles = [{ value: "x", type: "WindowsAzureActiveDirectoryRole" }];
    expect(parseUser({ ...bare, roles, profileUrl: "no address" })).to.deep.include({ roles });
  });

  const wrong: Record<string, [more: unknown, code: ErrorCode, named: string]> = {
    "an unknown attribute": [{ shoeSize: 44 }, "invalid-request", '"shoeSize"'],
    "an unknown sub-attribute": [{ name: { shoeSize: 44 } }, "invalid-request", 'name has no sub-attribute "shoeSize"'],
    "an unknown sub-attribute of an element": [
      { emails: [{ shoeSize: 44 }] },
      "invalid-request",
      'emails has no sub-attribute "shoeSize"',
    ],
    "an unknown attribute of the extension": [{ [enterpriseUrn]: { shoeSize: 44 } }, "invalid-request", '"shoeSize"'],
    "an unknown extension": [{ "urn:example:x": {} }, "invalid-request", '"urn:example:x"'],
    "a dotted name": [{ "name.familyName": "x" }, "invalid-request", '"name.familyName"'],
    "a dotted name of the extension": [{ [`${enterpriseUrn}:manager.value`]: "x" }, "invalid-request", "manager.value"],
    "the core URN with an object": [{ [userUrn]: { title: "x" } }, "invalid-request", userUrn],
    "a name that every object inherits": [{ toString: "x" }, "invalid-request", "toString"],
    "another name that every object inherits": [{ valueOf: "x" }, "invalid-request", "valueOf"],
    "a duplicate name": [{ USERNAME: "x" }, "invalid-request", "userName appears more than once"],
    "a duplicate sub-attribute": [
      { name: { givenName: "x", GIVENNAME: "y" } },
      "invalid-request",
      "name.givenName appears more than once",
    ],
    "a duplicate name with a URN": [
      { title: "x", [`${userUrn}:title`]: "x" },
      "invalid-request",
      "title appears more than once",
    ],
    "a duplicate attribute of the extension": [
      { [enterpriseUrn]: { division: "x" }, [`${enterpriseUrn}:division`]: "x" },
      "invalid-request",
      "division appears more than once",
    ],
    "an empty userName": [{ userName: " " }, "invalid-value", "userName"],
    "a userName that is null": [{ userName: null }, "invalid-value", "userName"],
    "a userName of 2,000 characters": [{ userName: "x".repeat(2000) }, "invalid-value", "userName"],
    "a displayName of 2,000 characters": [{ displayName: "x".repeat(2000) }, "invalid-value", "displayName"],
    "an externalId of 2,000 characters": [{ externalId: "x".repeat(2000) }, "invalid-value", "externalId"],
    "a number in place of a string": [{ title: 5 }, "invalid-value", "title"],
    "a string in place of a boolean": [{ active: "maybe" }, "invalid-value", "active"],
    "a list of two in place of a string": [{ title: ["x", "y"] }, "invalid-value", "title"],
    "a list in a list in place of a string": [{ title: [["x"]] }, "invalid-value", "title"],
    "an object in place of a string": [{ title: {} }, "invalid-value", "title"],
    "a string in place of an object": [{ name: "Ada" }, "invalid-value", "name"],
    "a list in place of an object": [{ name: [] }, "invalid-value", "name"],
    "a number in place of a list": [{ emails: 5 }, "invalid-value", "emails"],
    "a number in place of an element": [{ emails: [5] }, "invalid-value", "emails"],
    "a number as a sub-attribute of an element": [{ emails: [{ value: 5 }] }, "invalid-value", "emails.value"],
    "a reference that is not a string": [{ profileUrl: 5 }, "invalid-value", "profileUrl"],
    "a certificate that is not base64": [
      { x509Certificates: [{ value: "!" }] },
      "invalid-value",
      "x509Certificates.value",
    ],
    "schemas that are not strings": [{ schemas: [5] }, "invalid-value", "schemas"],
    "a password that is not a string": [{ password: 5 }, "invalid-value", "password"],
    "an extension that is a list": [{ [enterpriseUrn]: ["x"] }, "invalid-value", enterpriseUrn],
    "an extension that is a string": [{ [enterpriseUrn]: "x" }, "invalid-value", enterpriseUrn],
    "an element that is a list": [{ emails: [["a@x"]] }, "invalid-value", "emails"],
    "two primary elements": [
      {
        emails: [
          { value: "a@x", primary: true },
          { value: "b@x", primary: true },
        ],
      },
      "invalid-value",
      "emails",
    ],
    "101 elements": [
      { emails: Array.from({ length: 101 }, (_, at) => ({ value: `${at}` })) },
      "invalid-value",
      "emails",
    ],
    "more than 65,536 characters": [{ title: "x".repeat(70_000) }, "too-large", "65536"],
    "more than 2,000 values": [{ emails: Array(3000).fill(1) }, "too-large", "2000"],
  };
  for (const [description, [more, expected, named]] of Object.entries(wrong)) {
    it(`rejects ${description} with ${expected} and names it`, () => {
      const { code, message } = catchAppError(() => parseUser(Object.assign(Object.create(null), bare, more)));
      expect(code, message).to.equal(expected);
      expect(message).to.contain(named);
    });
  }

  it("rejects a body that is not an object", () => {
    for (const body of [undefined, null, "x", 5, [], [bare]]) {
      expect(catchAppError(() => parseUser(body)).code).to.equal("invalid-request");
    }
  });

  it("truncates an unknown name in the error message", () => {
    expect(catchAppError(() => parseUser({ ...bare, ["x".repeat(60_000)]: 1 })).message.length).to.be.lessThan(200);
  });

  it("accepts and rejects the same users as the schema classes of scimmy, where both check the same rules", () => {
    SCIMMY.Resources.declare(SCIMMY.Resources.User);
    const theirs = (user: Json): unknown => {
      try {
        return assigned(JSON.parse(JSON.stringify(new SCIMMY.Schemas.User({ ...user }, "in"))));
      } catch {
        return "rejected";
      }
    };
    const ours = (user: Json): unknown => {
      try {
        return toScimAttributes(parseUser(user));
      } catch {
        return "rejected";
      }
    };
    let accepted = 0;
    fc.assert(
      fc.property(arbitraryUsers(2), (user) => {
        const mine = ours(user);
        if (mine !== "rejected") accepted++;
        const expected = theirs(user);
        expect(mine).to.deep.equal(expected === "rejected" ? expected : withContent(expected as Json));
      }),
      { numRuns: 1000 },
    );
    expect(accepted, "of 1000 users").to.be.within(200, 800);
  });
});

/** Removes elements without content and duplicates, which scimmy keeps and providers do not mean. */
function withContent(user: Json): Json {
  const entries = Object.entries(user).flatMap(([name, elements]) => {
    const attribute = userSchema.attributes.get(name.toLowerCase());
    if (!attribute || !Array.isArray(elements)) return [[name, elements]];
    const kept = mergeDuplicates(
      attribute,
      elements.filter((each: Json) => Object.keys(each).some((key) => !["type", "primary", "display"].includes(key))),
    );
    return kept.length > 0 ? [[name, kept]] : [];
  });
  return Object.fromEntries(entries);
}

/** Removes what scimmy adds, and objects and lists without assigned values. */
function assigned(user: Record<string, unknown>): unknown {
  const { schemas: _, meta: _m, ...attributes } = user;
  const assignedValue = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.length > 0 ? value.map(assignedValue) : undefined;
    if (typeof value !== "object" || value === null) return value ?? undefined;
    const entries = Object.entries(value).flatMap(([name, each]) => {
      const result = assignedValue(each);
      return result === undefined ? [] : [[name, result]];
    });
    return entries.length > 0 ? Object.fromEntries(entries) : undefined;
  };
  return assignedValue(attributes);
}
