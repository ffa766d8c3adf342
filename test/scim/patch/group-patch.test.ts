import { expect } from "chai";
import type { ErrorCode } from "../../../src/errors.ts";
import { type GroupPatch, toGroupPatch } from "../../../src/scim/patch/group-patch.ts";
import { parsePatchOperations, patchUrn } from "../../../src/scim/patch/message.ts";
import { groupUrn, userUrn } from "../../../src/scim/schema/definitions.ts";
import { catchAppError } from "../rejection.fixture.ts";

const id = "grp_1";
const patch = (...Operations: object[]): GroupPatch =>
  toGroupPatch(id, parsePatchOperations({ schemas: [patchUrn], Operations }));
const steps = (...operations: object[]) => patch(...operations).members;

describe("RFC 7644 3.5.2: PATCH of a group", () => {
  describe("members", () => {
    it("are added as objects or plain ids, alone or in a list; only the id counts", () => {
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

    it("are replaced completely, with and without a path; null and an empty list remove all", () => {
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

    it("are removed by a filter of value eq, or of several joined by or", () => {
      expect(steps({ op: "remove", path: 'members[value eq "usr_1"]' })).to.deep.equal([{ remove: ["usr_1"] }]);
      expect(steps({ op: "remove", path: 'MEMBERS[VALUE EQ "a\\"]b"]' })).to.deep.equal([{ remove: ['a"]b'] }]);
      const several = 'members[value eq "usr_1" or value eq "usr_2" or (value eq "usr_3")]';
      expect(steps({ op: "remove", path: several })).to.deep.equal([{ remove: ["usr_1", "usr_2", "usr_3"] }]);
      expect(steps({ op: "remove", path: `${groupUrn}:members[value eq "x"]` })).to.deep.equal([{ remove: ["x"] }]);
    });

    it("are removed by their values; other sub-attributes are ignored", () => {
      const value = [{ $ref: null, value: "usr_1" }, "usr_2", { value: "usr_3", display: "another" }];
      expect(steps({ op: "remove", path: "members", value })).to.deep.equal([{ remove: ["usr_1", "usr_2", "usr_3"] }]);
    });

    it("are all removed without a value, and none with an empty list", () => {
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
    it("are set by case-insensitive names, with and without the URN of the schema", () => {
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

    it("may be sent with the id and the schemas of the group, which have no effect", () => {
      const value = { id, schemas: [groupUrn], displayName: "N" };
      expect(patch({ op: "replace", value })).to.deep.equal({ attributes: { displayName: "N" }, members: [] });
    });
  });

  const wrong: Record<string, [operation: object, code: ErrorCode, named: string]> = {
    "a filter that could match every member": [
      { op: "remove", path: 'members[value eq "x" or value pr]' },
      "invalid-filter",
      "value eq",
    ],
    "a filter that compares another sub-attribute": [
      { op: "remove", path: 'members[value eq "x" and $ref eq "y"]' },
      "invalid-filter",
      "value eq",
    ],
    "a filter with ne": [{ op: "remove", path: 'members[type ne "User"]' }, "invalid-filter", "value eq"],
    "a filter with null": [{ op: "remove", path: "members[display eq null]" }, "invalid-filter", "value eq"],
    "a filter with not": [{ op: "remove", path: 'members[not (value eq "x")]' }, "invalid-filter", "value eq"],
    "a filter with a number": [{ op: "remove", path: "members[value eq 5]" }, "invalid-filter", ""],
    "a filter without a closing bracket": [{ op: "remove", path: 'members[value eq "x' }, "invalid-filter", ""],
    "add with a filter": [{ op: "add", path: 'members[value eq "x"]', value: [{ value: "x" }] }, "invalid-path", "add"],
    "replace with a filter": [
      { op: "replace", path: 'members[value eq "x"]', value: { value: "y" } },
      "invalid-path",
      "replace",
    ],
    "an immutable sub-attribute of a member": [
      { op: "replace", path: 'members[value eq "x"].type', value: "Group" },
      "mutability",
      "members.type",
    ],
    "a sub-attribute of members without a filter": [{ op: "remove", path: "members.value" }, "invalid-path", "filter"],
    "removal of null": [{ op: "remove", path: "members", value: null }, "invalid-value", "members"],
    "a member without a value": [{ op: "add", path: "members", value: [{ display: "x" }] }, "invalid-value", "members"],
    "a member that is a number": [{ op: "add", path: "members", value: [5] }, "invalid-value", "members"],
    "more members than the limit of one request": [
      { op: "add", path: "members", value: Array(50_001).fill("x") },
      "too-large",
      "50000",
    ],
    "removal of the name": [{ op: "remove", path: "displayName" }, "mutability", "displayName"],
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
    "removal of the id": [{ op: "remove", path: "id" }, "mutability", "id"],
    "read-only meta": [{ op: "replace", path: "meta.created", value: "x" }, "mutability", "meta"],
    "a path of the user schema": [
      { op: "replace", path: `${userUrn}:displayName`, value: "x" },
      "invalid-path",
      "displayName",
    ],
    "a legacy attribute": [{ op: "replace", path: "mailNickname", value: "x" }, "invalid-path", "mailNickname"],
    "remove without a path": [{ op: "remove" }, "no-target", "path"],
  };
  for (const [description, [operation, expected, named]] of Object.entries(wrong)) {
    it(`rejects ${description} with ${expected}`, () => {
      const { code, message } = catchAppError(() => patch(operation));
      expect(code, message).to.equal(expected);
      expect(message).to.contain(named);
    });
  }
});
