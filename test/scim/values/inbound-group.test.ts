import { expect } from "chai";
import type { ErrorCode } from "../../../src/errors.ts";
import { groupUrn } from "../../../src/scim/schema/definitions.ts";
import { parseGroup } from "../../../src/scim/values/inbound.ts";
import { catchAppError } from "../rejection.fixture.ts";

describe("RFC 7644 3.3 and 3.5.1: parsing a group", () => {
  it("returns its attributes and the ids of its members", () => {
    expect(
      parseGroup({
        schemas: [groupUrn],
        DISPLAYNAME: "Engineers",
        [`${groupUrn}:externalId`]: "e",
        Members: [{ value: "usr_1", display: "Ada" }, "grp_2"],
      }),
    ).to.deep.equal({ attributes: { displayName: "Engineers", externalId: "e" }, memberIds: ["usr_1", "grp_2"] });
  });

  it("accepts a group without members and externalId", () => {
    for (const none of [{}, { members: null, externalId: null }, { members: [] }]) {
      expect(parseGroup({ displayName: "g", ...none })).to.deep.equal({
        attributes: { displayName: "g" },
        memberIds: [],
      });
    }
  });

  const wrong: Record<string, [more: object, code: ErrorCode, named: string]> = {
    "an unknown attribute": [{ shoeSize: 44 }, "invalid-request", '"shoeSize"'],
    "a sub-attribute of members": [{ "members.value": "x" }, "invalid-request", '"members.value"'],
    "duplicate members": [{ members: [], MEMBERS: [] }, "invalid-request", "members appears more than once"],
    "an empty displayName": [{ displayName: " " }, "invalid-value", "displayName"],
    "a displayName that is a number": [{ displayName: 5 }, "invalid-value", "displayName"],
    "a displayName of 2,000 characters": [{ displayName: "x".repeat(2000) }, "invalid-value", "displayName"],
    "an externalId that is a number": [{ externalId: 5 }, "invalid-value", "externalId"],
    "a member without a value": [{ members: [{ display: "x" }] }, "invalid-value", "members"],
    "a member that is null": [{ members: [null] }, "invalid-value", "members"],
    "50,001 members": [{ members: Array(50_001).fill("x") }, "too-large", "50000"],
  };
  for (const [description, [more, expected, named]] of Object.entries(wrong)) {
    it(`rejects ${description} with ${expected} and names it`, () => {
      const { code, message } = catchAppError(() => parseGroup({ displayName: "g", ...more }));
      expect(code, message).to.equal(expected);
      expect(message).to.contain(named);
    });
  }
});
