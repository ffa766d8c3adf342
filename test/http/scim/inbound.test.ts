import { expect } from "chai";
import fc from "fast-check";
import SCIMMY from "scimmy";
import { attributesOf } from "../../../src/domain/attributes.ts";
import type { Fault } from "../../../src/errors.ts";
import { inboundGroup, inboundUser, outboundAttributes, outboundText } from "../../../src/http/scim/inbound.ts";
import { enterpriseUrn, groupUrn, userUrn } from "../../../src/http/scim/scimmy.ts";
import { refusal } from "./refusal.ts";
import { type Json, usersWith } from "./user-arbitrary.ts";

const bare = { userName: "ada" };

describe("RFC 7644 3.3 and 3.5.1: a user as a client sends it", () => {
  it("is kept under the names of the schema, whatever the letter case of those that were sent", () => {
    expect(
      inboundUser({ USERNAME: "ada", Name: { GIVENNAME: "Ada" }, eMails: [{ VALUE: "a@x", Primary: true }] }),
    ).to.deep.equal({ userName: "ada", name: { givenName: "Ada" }, emails: [{ value: "a@x", primary: true }] });
  });

  it("takes names with the URN of the core schema", () => {
    expect(inboundUser({ ...bare, [`${userUrn}:title`]: "Dr" })).to.deep.equal({ ...bare, title: "Dr" });
  });

  it("takes the extension as an object, as keys with its URN, or both, in any letter case", () => {
    const expected = { ...bare, enterpriseUser: { department: "Engines", costCenter: "9" } };
    for (const extension of [
      { [enterpriseUrn]: { department: "Engines", costCenter: "9" } },
      { [enterpriseUrn.toLowerCase()]: { DEPARTMENT: "Engines", costCenter: "9" } },
      { [`${enterpriseUrn}:department`]: "Engines", [`${enterpriseUrn.toUpperCase()}:costCenter`]: "9" },
      { [enterpriseUrn]: { department: "Engines" }, [`${enterpriseUrn}:costCenter`]: "9" },
    ]) {
      expect(inboundUser({ ...bare, ...extension })).to.deep.equal(expected);
    }
  });

  it("is given back with the extension under its URN", () => {
    const attributes = { ...bare, [enterpriseUrn]: { manager: { value: "usr_1" } } };
    expect(outboundAttributes(inboundUser(attributes))).to.deep.equal(attributes);
    expect(outboundAttributes(inboundUser(bare))).to.deep.equal(bare);
  });

  it("is given back from its text as from its record, whoever manages it and whatever its texts look like", () => {
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
    const hostile = fc.array(fc.constantFrom(...keys), { maxLength: 4 }).map((parts) => `a${parts.join("")}`);
    fc.assert(
      fc.property(usersWith(0), hostile, hostile, fc.nat(20), (user, title, department, place) => {
        const extension = { enterpriseUser: { department } };
        const entries = Object.entries({ ...inboundUser({ ...user, title }), ...(place % 2 === 0 && extension) });
        for (const managed of [[], [["managedBy", "scim"] as [string, string]]]) {
          const stored = Object.fromEntries(entries.toSpliced(place, 0, ...managed));
          const { text, extensions } = outboundText(JSON.stringify(stored));
          expect(JSON.parse(text)).to.deep.equal(outboundAttributes(attributesOf(stored)));
          expect(extensions).to.deep.equal("enterpriseUser" in stored ? [enterpriseUrn] : []);
        }
      }),
      { numRuns: 500 },
    );
    expect(outboundText('{"managedBy":"scim"}').text).to.equal("{}");
  });

  it("has nothing where null or an empty list or object was sent", () => {
    const nothing = { title: null, emails: [], phoneNumbers: null, name: {}, [enterpriseUrn]: null };
    expect(inboundUser({ ...bare, ...nothing })).to.deep.equal(bare);
    const parts = { name: { givenName: "Ada", middleName: null }, [enterpriseUrn]: { manager: null, division: "D" } };
    expect(inboundUser({ ...bare, ...parts, emails: [{ value: "a@x", type: null }] })).to.deep.equal({
      ...bare,
      name: { givenName: "Ada" },
      emails: [{ value: "a@x" }],
      enterpriseUser: { division: "D" },
    });
  });

  it("does not set what is read-only, and keeps neither schemas nor a password", () => {
    const sent = {
      schemas: [userUrn, "urn:unknown"],
      id: "usr_9",
      meta: { resourceType: "User", version: 5 },
      groups: [{ value: "grp_1" }],
      password: "secret",
      [enterpriseUrn]: { manager: { value: "usr_2", displayName: "B", $ref: "../Users/usr_2" } },
    };
    expect(inboundUser({ ...bare, ...sent })).to.deep.equal({
      ...bare,
      enterpriseUser: { manager: { value: "usr_2" } },
    });
  });

  it("takes types beyond the suggested ones", () => {
    const roles = [{ value: "x", type: "WindowsAzureActiveDirectoryRole" }];
    expect(inboundUser({ ...bare, roles, profileUrl: "no address" })).to.deep.include({ roles });
  });

  const wrong: Record<string, [more: unknown, fault: Fault, named: string]> = {
    "an unknown attribute": [{ shoeSize: 44 }, "invalid-request", '"shoeSize"'],
    "an unknown part": [{ name: { shoeSize: 44 } }, "invalid-request", 'name has no "shoeSize"'],
    "an unknown part of an element": [{ emails: [{ shoeSize: 44 }] }, "invalid-request", 'emails has no "shoeSize"'],
    "an unknown attribute of the extension": [{ [enterpriseUrn]: { shoeSize: 44 } }, "invalid-request", '"shoeSize"'],
    "an unknown extension": [{ "urn:example:x": {} }, "invalid-request", '"urn:example:x"'],
    "a dotted name": [{ "name.familyName": "x" }, "invalid-request", '"name.familyName"'],
    "a dotted name of the extension": [{ [`${enterpriseUrn}:manager.value`]: "x" }, "invalid-request", "manager.value"],
    "the core URN with an object": [{ [userUrn]: { title: "x" } }, "invalid-request", userUrn],
    "a key into a prototype": [JSON.parse('{"__proto__":{"x":1}}'), "invalid-request", "__proto__"],
    "a key named constructor": [{ constructor: 1 }, "invalid-request", "constructor"],
    "a name twice": [{ USERNAME: "x" }, "invalid-request", "userName is there twice"],
    "a part twice": [{ name: { givenName: "x", GIVENNAME: "y" } }, "invalid-request", "name.givenName is there twice"],
    "a name twice by its URN": [{ title: "x", [`${userUrn}:title`]: "x" }, "invalid-request", "title is there twice"],
    "an attribute of the extension twice": [
      { [enterpriseUrn]: { division: "x" }, [`${enterpriseUrn}:division`]: "x" },
      "invalid-request",
      "division is there twice",
    ],
    "an empty userName": [{ userName: " " }, "invalid-value", "userName"],
    "a userName that is null": [{ userName: null }, "invalid-value", "userName"],
    "a userName of 2,000 characters": [{ userName: "x".repeat(2000) }, "invalid-value", "userName"],
    "a displayName of 2,000 characters": [{ displayName: "x".repeat(2000) }, "invalid-value", "displayName"],
    "an externalId of 2,000 characters": [{ externalId: "x".repeat(2000) }, "invalid-value", "externalId"],
    "a number for a text": [{ title: 5 }, "invalid-value", "title"],
    "a text for a boolean": [{ active: "maybe" }, "invalid-value", "active"],
    "a list for a text": [{ title: ["x"] }, "invalid-value", "title"],
    "an object for a text": [{ title: {} }, "invalid-value", "title"],
    "a text for an object": [{ name: "Ada" }, "invalid-value", "name"],
    "a list for an object": [{ name: [] }, "invalid-value", "name"],
    "an object for a list": [{ emails: { value: "a@x" } }, "invalid-value", "emails"],
    "a text for a list": [{ emails: "a@x" }, "invalid-value", "emails"],
    "a number for an element": [{ emails: [5] }, "invalid-value", "emails"],
    "a number for a part of an element": [{ emails: [{ value: 5 }] }, "invalid-value", "emails.value"],
    "a reference that is no text": [{ profileUrl: 5 }, "invalid-value", "profileUrl"],
    "a certificate that is not base64": [
      { x509Certificates: [{ value: "!" }] },
      "invalid-value",
      "x509Certificates.value",
    ],
    "schemas that are no list": [{ schemas: userUrn }, "invalid-value", "schemas"],
    "schemas that are no texts": [{ schemas: [5] }, "invalid-value", "schemas"],
    "a password that is no text": [{ password: 5 }, "invalid-value", "password"],
    "an extension that is a list": [{ [enterpriseUrn]: ["x"] }, "invalid-value", enterpriseUrn],
    "an extension that is a text": [{ [enterpriseUrn]: "x" }, "invalid-value", enterpriseUrn],
    "an element that is null": [{ emails: [null] }, "invalid-value", "emails"],
    "an element that is a list": [{ emails: [["a@x"]] }, "invalid-value", "emails"],
    "an element in which nothing is known": [{ emails: [{ value: null }] }, "invalid-value", "emails"],
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
    "more characters than a person has": [{ title: "x".repeat(70_000) }, "too-large", "65536"],
    "more values than a person has": [{ emails: Array(3000).fill(1) }, "too-large", "2000"],
  };
  for (const [what, [more, expected, named]] of Object.entries(wrong)) {
    it(`refuses ${what} with ${expected}, naming it`, () => {
      const { fault, message } = refusal(() => inboundUser(Object.assign(Object.create(null), bare, more)));
      expect(fault, message).to.equal(expected);
      expect(message).to.contain(named);
    });
  }

  it("refuses what is no object", () => {
    for (const body of [undefined, null, "x", 5, [], [bare]]) {
      expect(refusal(() => inboundUser(body)).fault).to.equal("invalid-request");
    }
  });

  it("repeats no more than the beginning of a name that it does not know", () => {
    expect(refusal(() => inboundUser({ ...bare, ["x".repeat(60_000)]: 1 })).message.length).to.be.lessThan(200);
  });

  it("is taken and refused as by the schema classes of scimmy, where both mean to check the same", () => {
    SCIMMY.Resources.declare(SCIMMY.Resources.User);
    const theirs = (user: Json): unknown => {
      try {
        return assigned(JSON.parse(JSON.stringify(new SCIMMY.Schemas.User({ ...user }, "in"))));
      } catch {
        return "refused";
      }
    };
    const ours = (user: Json): unknown => {
      try {
        return outboundAttributes(inboundUser(user));
      } catch {
        return "refused";
      }
    };
    let accepted = 0;
    fc.assert(
      fc.property(usersWith(2), (user) => {
        const mine = ours(user);
        if (mine !== "refused") accepted++;
        expect(mine).to.deep.equal(theirs(user));
      }),
      { numRuns: 1000 },
    );
    expect(accepted, "of 1000 users").to.be.within(200, 800);
  });
});

/** Without what scimmy says of itself, and without objects and lists in which nothing is assigned. */
function assigned(user: Record<string, unknown>): unknown {
  const { schemas: _, meta: _m, ...attributes } = user;
  const known = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.length > 0 ? value.map(known) : undefined;
    if (typeof value !== "object" || value === null) return value ?? undefined;
    const entries = Object.entries(value).flatMap(([name, each]) => {
      const kept = known(each);
      return kept === undefined ? [] : [[name, kept]];
    });
    return entries.length > 0 ? Object.fromEntries(entries) : undefined;
  };
  return known(attributes);
}

describe("RFC 7644 3.3 and 3.5.1: a group as a client sends it", () => {
  it("is its attributes and the ids of its members", () => {
    expect(
      inboundGroup({
        schemas: [groupUrn],
        DISPLAYNAME: "Engineers",
        [`${groupUrn}:externalId`]: "e",
        Members: [{ value: "usr_1", display: "Ada" }, "grp_2"],
      }),
    ).to.deep.equal({ attributes: { displayName: "Engineers", externalId: "e" }, memberIds: ["usr_1", "grp_2"] });
  });

  it("may be without members and externalId", () => {
    for (const none of [{}, { members: null, externalId: null }, { members: [] }]) {
      expect(inboundGroup({ displayName: "g", ...none })).to.deep.equal({
        attributes: { displayName: "g" },
        memberIds: [],
      });
    }
  });

  const wrong: Record<string, [more: object, fault: Fault, named: string]> = {
    "an unknown attribute": [{ shoeSize: 44 }, "invalid-request", '"shoeSize"'],
    "a part of members": [{ "members.value": "x" }, "invalid-request", '"members.value"'],
    "members twice": [{ members: [], MEMBERS: [] }, "invalid-request", "members is there twice"],
    "an empty displayName": [{ displayName: " " }, "invalid-value", "displayName"],
    "a displayName that is a number": [{ displayName: 5 }, "invalid-value", "displayName"],
    "a displayName of 2,000 characters": [{ displayName: "x".repeat(2000) }, "invalid-value", "displayName"],
    "an externalId that is a number": [{ externalId: 5 }, "invalid-value", "externalId"],
    "a member without a value": [{ members: [{ display: "x" }] }, "invalid-value", "members"],
    "a member that is null": [{ members: [null] }, "invalid-value", "members"],
    "50,001 members": [{ members: Array(50_001).fill("x") }, "too-large", "50000"],
  };
  for (const [what, [more, expected, named]] of Object.entries(wrong)) {
    it(`refuses ${what} with ${expected}, naming it`, () => {
      const { fault, message } = refusal(() => inboundGroup({ displayName: "g", ...more }));
      expect(fault, message).to.equal(expected);
      expect(message).to.contain(named);
    });
  }
});
