import { expect } from "chai";
import type { Fault } from "../../../src/errors.ts";
import { type GroupPatch, groupPatch } from "../../../src/http/scim/group-patch.ts";
import { patchOperations, patchUrn } from "../../../src/http/scim/patch-message.ts";
import { groupUrn, userUrn } from "../../../src/http/scim/scimmy.ts";
import { refusal } from "./refusal.ts";

const id = "grp_1";
const patch = (...Operations: object[]): GroupPatch =>
  groupPatch(id, patchOperations({ schemas: [patchUrn], Operations }));
const steps = (...operations: object[]) => patch(...operations).members;

describe("RFC 7644 3.5.2: PATCH of a group", () => {
  describe("members", () => {
    it("are added as objects, as bare ids, as one or as a list; only the id counts", () => {
      for (const value of [
        "usr_1",
        ["usr_1"],
        { value: "usr_1" },
        [{ value: "usr_1", $ref: null, display: "Ada", type: "User" }],
        [{ VALUE: "usr_1" }],
      ]) {
        const expected = [{ add: ["usr_1"] }];
        expect(steps({ op: "add", path: "members", value }), JSON.stringify(value)).to.deep.equal(expected);
        expect(steps({ op: "add", value: { members: value } })).to.deep.equal(expected);
        expect(steps({ op: "add", path: `${groupUrn}:MEMBERS`, value })).to.deep.equal(expected);
      }
    });

    it("are replaced whole, with a path and without; null and the empty list leave none", () => {
      for (const [value, ids] of [
        [
          [{ value: "usr_1" }, { value: "grp_2" }],
          ["usr_1", "grp_2"],
        ],
        [[], []],
        [null, []],
      ] as const) {
        expect(steps({ op: "replace", path: "members", value })).to.deep.equal([{ set: ids }]);
        expect(steps({ op: "replace", value: { members: value } })).to.deep.equal([{ set: ids }]);
      }
    });

    it("are removed by a filter of value eq, or of several with or", () => {
      expect(steps({ op: "remove", path: 'members[value eq "usr_1"]' })).to.deep.equal([{ remove: ["usr_1"] }]);
      expect(steps({ op: "remove", path: 'MEMBERS[VALUE EQ "a\\"]b"]' })).to.deep.equal([{ remove: ['a"]b'] }]);
      const several = 'members[value eq "usr_1" or value eq "usr_2" or (value eq "usr_3")]';
      expect(steps({ op: "remove", path: several })).to.deep.equal([{ remove: ["usr_1", "usr_2", "usr_3"] }]);
      expect(steps({ op: "remove", path: `${groupUrn}:members[value eq "x"]` })).to.deep.equal([{ remove: ["x"] }]);
    });

    it("are removed by their values, whatever else is said of them", () => {
      const value = [{ $ref: null, value: "usr_1" }, "usr_2", { value: "usr_3", display: "another" }];
      expect(steps({ op: "remove", path: "members", value })).to.deep.equal([{ remove: ["usr_1", "usr_2", "usr_3"] }]);
    });

    it("are all removed where none is named, and none by an empty list", () => {
      expect(steps({ op: "remove", path: "members" })).to.deep.equal([{ set: [] }]);
      expect(steps({ op: "remove", path: "members", value: [] })).to.deep.equal([{ remove: [] }]);
    });

    it("are changed in the order of the operations", () => {
      expect(
        steps(
          { op: "remove", path: "members" },
          { op: "add", path: "members", value: "usr_1" },
          { op: "remove", path: 'members[value eq "usr_1"]' },
        ),
      ).to.deep.equal([{ set: [] }, { add: ["usr_1"] }, { remove: ["usr_1"] }]);
    });
  });

  describe("attributes", () => {
    it("are set by their names in any letter case, with the URN of the schema and without", () => {
      for (const path of [
        "displayName",
        "DISPLAYNAME",
        `${groupUrn}:displayName`,
        `${groupUrn.toUpperCase()}:displayname`,
      ]) {
        expect(patch({ op: "replace", path, value: "N" })).to.deep.equal({
          attributes: { displayName: "N" },
          members: [],
        });
      }
      expect(patch({ op: "add", value: { displayName: "N", externalId: "e" } }).attributes).to.deep.equal({
        displayName: "N",
        externalId: "e",
      });
    });

    it("are unassigned by remove and by null", () => {
      for (const operation of [{ op: "remove" }, { op: "replace", value: null }]) {
        expect(patch({ ...operation, path: "externalId" }).attributes).to.deep.equal({ externalId: null });
      }
    });

    it("may be named beside the id and the schemas of the group, which change nothing", () => {
      const value = { id, schemas: [groupUrn], displayName: "N" };
      expect(patch({ op: "replace", value })).to.deep.equal({ attributes: { displayName: "N" }, members: [] });
    });
  });

  const wrong: Record<string, [operation: object, fault: Fault, named: string]> = {
    "a filter by anything but the value": [
      { op: "remove", path: 'members[display eq "x"]' },
      "invalid-filter",
      "value eq",
    ],
    "a filter that could mean everybody": [
      { op: "remove", path: 'members[value eq "x" or value pr]' },
      "invalid-filter",
      "value eq",
    ],
    "a filter of and": [{ op: "remove", path: 'members[value eq "x" and value eq "y"]' }, "invalid-filter", "value eq"],
    "a filter of not": [{ op: "remove", path: 'members[not (value eq "x")]' }, "invalid-filter", "value eq"],
    "a filter by a number": [{ op: "remove", path: "members[value eq 5]" }, "invalid-filter", ""],
    "a filter that is not closed": [{ op: "remove", path: 'members[value eq "x' }, "invalid-filter", ""],
    "an addition through a filter": [
      { op: "add", path: 'members[value eq "x"]', value: [{ value: "x" }] },
      "invalid-path",
      "add",
    ],
    "a replacement through a filter": [
      { op: "replace", path: 'members[value eq "x"]', value: { value: "y" } },
      "invalid-path",
      "replace",
    ],
    "a part of a member, which is immutable": [
      { op: "replace", path: 'members[value eq "x"].type', value: "Group" },
      "mutability",
      "members.type",
    ],
    "a part of members without a filter": [{ op: "remove", path: "members.value" }, "invalid-path", "filter"],
    "a removal of null": [{ op: "remove", path: "members", value: null }, "invalid-value", "members"],
    "a member without a value": [{ op: "add", path: "members", value: [{ display: "x" }] }, "invalid-value", "members"],
    "a member that is a number": [{ op: "add", path: "members", value: [5] }, "invalid-value", "members"],
    "more members than one request may change": [
      { op: "add", path: "members", value: Array(50_001).fill("x") },
      "too-large",
      "50000",
    ],
    "the loss of the name": [{ op: "remove", path: "displayName" }, "mutability", "displayName"],
    "null for the name": [{ op: "replace", path: "displayName", value: null }, "mutability", "displayName"],
    "an empty name": [{ op: "replace", path: "displayName", value: " " }, "invalid-value", "displayName"],
    "a name that is a number": [{ op: "replace", path: "displayName", value: 5 }, "invalid-value", "displayName"],
    "an externalId that is a number": [{ op: "add", path: "externalId", value: 5 }, "invalid-value", "externalId"],
    "an externalId of 2,000 characters": [
      { op: "add", path: "externalId", value: "x".repeat(2000) },
      "invalid-value",
      "externalId",
    ],
    "another id": [{ op: "replace", value: { id: "grp_2" } }, "mutability", "id"],
    "the loss of the id": [{ op: "remove", path: "id" }, "mutability", "id"],
    "meta, which is read-only": [{ op: "replace", path: "meta.created", value: "x" }, "mutability", "meta"],
    "a path of the user's schema": [
      { op: "replace", path: `${userUrn}:displayName`, value: "x" },
      "invalid-path",
      "displayName",
    ],
    "a legacy attribute": [{ op: "replace", path: "mailNickname", value: "x" }, "invalid-path", "mailNickname"],
    "a removal without a path": [{ op: "remove" }, "no-target", "path"],
  };
  for (const [what, [operation, expected, named]] of Object.entries(wrong)) {
    it(`refuses ${what} with ${expected}`, () => {
      const { fault, message } = refusal(() => patch(operation));
      expect(fault, message).to.equal(expected);
      expect(message).to.contain(named);
    });
  }
});
