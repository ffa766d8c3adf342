import { expect } from "chai";
import type { ErrorCode } from "../../../src/errors.ts";
import { applyUserPatch } from "../../../src/scim/patch/user-patch.ts";
import { enterpriseUrn, userUrn } from "../../../src/scim/schema/definitions.ts";
import { ada, applyPatch, home, id, minimalUser, rejectedPatch, work } from "./patched-user.fixture.ts";

describe("RFC 7644 3.5.2: paths and result of a PATCH of a user", () => {
  describe("3.10 paths", () => {
    it("are case-insensitive, as are names in values and strings in filters", () => {
      expect(applyPatch(ada, { op: "replace", path: "TITLE", value: "Dr" })["title"]).to.equal("Dr");
      expect(applyPatch(ada, { op: "replace", path: "NAME.GIVENNAME", value: "A" })["name"]).to.include({
        givenName: "A",
      });
      expect(applyPatch(ada, { op: "remove", path: 'EMAILS[TYPE EQ "WORK"]' })["emails"]).to.deep.equal([home]);
      expect(applyPatch(ada, { op: "replace", value: { NickName: "N", name: { GIVENname: "A" } } })).to.deep.include({
        nickName: "N",
        name: { ...ada.name, givenName: "A" },
      });
      const department = { op: "replace", path: `${enterpriseUrn.toUpperCase()}:DEPARTMENT`, value: "X" };
      expect(applyPatch(ada, department)[enterpriseUrn]).to.include({ department: "X" });
    });

    it("may begin with the URN of the core schema", () => {
      expect(applyPatch(ada, { op: "replace", path: `${userUrn}:title`, value: "Dr" })["title"]).to.equal("Dr");
      expect(applyPatch(ada, { op: "remove", path: `${userUrn}:name.givenName` })["name"]).to.deep.equal({
        familyName: "King",
      });
      const path = `${userUrn}:emails[type eq "work"].value`;
      expect(applyPatch(ada, { op: "replace", path, value: "n@x" })["emails"]).to.deep.equal([
        { ...work, value: "n@x" },
        home,
      ]);
    });

    it("address attributes of the extension, and create or remove the extension with them", () => {
      const set = { op: "add", path: `${enterpriseUrn}:employeeNumber`, value: "7" };
      expect(applyPatch(minimalUser, set)[enterpriseUrn]).to.deep.equal({ employeeNumber: "7" });
      const boss = { op: "replace", path: `${enterpriseUrn}:manager.value`, value: "usr_3" };
      expect(applyPatch(minimalUser, boss)[enterpriseUrn]).to.deep.equal({ manager: { value: "usr_3" } });
      expect(applyPatch(ada, boss)[enterpriseUrn]).to.deep.equal({
        department: "Engines",
        manager: { value: "usr_3" },
      });
      const none = [
        { op: "remove", path: `${enterpriseUrn}:department` },
        { op: "remove", path: `${enterpriseUrn}:manager.value` },
      ];
      expect(applyPatch(ada, ...none)).to.not.have.property(enterpriseUrn);
    });

    it("accept the URN of the extension alone: replace merges, remove removes all attributes", () => {
      const value = { department: "Sums", costCenter: "9" };
      const merged = { ...ada[enterpriseUrn], ...value };
      expect(applyPatch(ada, { op: "replace", path: enterpriseUrn, value })[enterpriseUrn]).to.deep.equal(merged);
      expect(applyPatch(ada, { op: "add", value: { [enterpriseUrn]: value } })[enterpriseUrn]).to.deep.equal(merged);
      expect(applyPatch(ada, { op: "remove", path: enterpriseUrn })).to.not.have.property(enterpriseUrn);
      expect(applyPatch(ada, { op: "replace", path: enterpriseUrn, value: null })).to.not.have.property(enterpriseUrn);
      const less = { op: "replace", path: enterpriseUrn, value: { department: null } };
      expect(applyPatch(ada, less)[enterpriseUrn]).to.deep.equal({ manager: { value: "usr_2" } });
    });
  });

  describe("the result", () => {
    it("equals the previous state if nothing changes", () => {
      for (const operation of [
        { op: "replace", path: "title", value: "Countess" },
        { op: "replace", value: { name: { givenName: "Ada" }, emails: [work, home], active: true } },
        { op: "replace", path: 'emails[type eq "work"].value', value: work.value },
        { op: "add", path: "emails", value: work },
        { op: "replace", value: { id, schemas: [userUrn] } },
        { op: "replace", path: "password", value: "secret" },
        { op: "remove", path: "password" },
      ]) {
        expect(applyPatch(ada, operation), JSON.stringify(operation)).to.deep.equal(ada);
      }
    });

    it("preserves the order of attributes", () => {
      const after = applyUserPatch(id, ada, [
        { op: "replace", path: "name.givenName", value: "A" },
        { op: "add", path: "emails", value: [{ value: "x" }] },
        { op: "add", path: "nickName", value: "N" },
      ]);
      expect(Object.keys(after)).to.deep.equal([...Object.keys(ada), "nickName"]);
    });

    it("contains every operation, applied in order", () => {
      const after = applyPatch(
        minimalUser,
        { op: "add", path: "emails", value: [home] },
        { op: "replace", path: 'emails[type eq "home"].value', value: "n@x" },
        { op: "remove", path: "nickName" },
        { op: "add", path: "title", value: "Dr" },
      );
      expect(after).to.deep.include({ emails: [{ ...home, value: "n@x" }], title: "Dr" });
    });

    it("never contains a password", () => {
      expect(JSON.stringify(applyPatch(minimalUser, { op: "add", value: { password: "secret" } }))).to.not.contain(
        "secret",
      );
    });
  });

  const wrong: Record<string, [operation: object, code: ErrorCode, named: string]> = {
    "an unknown attribute": [{ op: "replace", path: "shoeSize", value: 44 }, "invalid-path", "shoeSize"],
    "an unknown sub-attribute": [{ op: "replace", path: "name.shoeSize", value: 44 }, "invalid-path", "name.shoeSize"],
    "an unknown key of a value without a path": [{ op: "add", value: { shoeSize: 44 } }, "invalid-path", "shoeSize"],
    "an unknown sub-attribute in a value": [{ op: "add", path: "name", value: { foo: 1 } }, "invalid-request", "foo"],
    "an unknown sub-attribute in an element": [
      { op: "add", path: "emails", value: [{ foo: 1 }] },
      "invalid-request",
      "foo",
    ],
    "an unknown sub-attribute of selected elements": [
      { op: "add", path: 'emails[type eq "work"].foo', value: 1 },
      "invalid-path",
      "emails",
    ],
    "an unknown attribute of the extension": [
      { op: "add", path: enterpriseUrn, value: { foo: 1 } },
      "invalid-path",
      "foo",
    ],
    "a path below a sub-attribute": [{ op: "remove", path: "name.givenName.x" }, "invalid-path", "name.givenName.x"],
    "the core URN alone": [{ op: "replace", path: userUrn, value: {} }, "invalid-path", userUrn],
    "a sub-attribute of a list without a filter": [
      { op: "replace", path: "emails.value", value: "x" },
      "invalid-path",
      "filter",
    ],
    "a filter on an attribute that is not multi-valued": [
      { op: "remove", path: 'name[givenName eq "A"]' },
      "invalid-path",
      "name",
    ],
    "a path with a name that every object inherits": [
      { op: "replace", path: "toString", value: "x" },
      "invalid-path",
      "toString",
    ],
    "a key with a name that every object inherits": [{ op: "add", value: { valueOf: "x" } }, "invalid-path", "valueOf"],
    "an invalid filter": [{ op: "remove", path: 'emails[type eq "work' }, "invalid-filter", ""],
    "a filter with an unknown sub-attribute": [{ op: "remove", path: 'emails[shoe eq "x"]' }, "invalid-filter", "shoe"],
    "the groups, which are read-only": [{ op: "add", path: "groups", value: [{ value: "g" }] }, "mutability", "groups"],
    "a read-only timestamp": [{ op: "replace", path: "meta.created", value: "2020" }, "mutability", "meta"],
    "another id": [{ op: "replace", value: { id: "usr_other" } }, "mutability", "id"],
    "removal of the id": [{ op: "remove", path: "id" }, "mutability", "id"],
    "the manager's name": [
      { op: "replace", path: `${enterpriseUrn}:manager.displayName`, value: "B" },
      "mutability",
      "manager.displayName",
    ],
    "only the manager's name": [
      { op: "replace", path: `${enterpriseUrn}:manager`, value: { displayName: "B" } },
      "mutability",
      "manager",
    ],
    "removal of userName": [{ op: "remove", path: "userName" }, "mutability", "userName"],
    "null for userName": [{ op: "replace", path: "userName", value: null }, "mutability", "userName"],
    "an empty userName": [{ op: "replace", path: "userName", value: " " }, "invalid-value", "userName"],
    "removal of active": [{ op: "remove", path: "active" }, "mutability", "active"],
    "null for active": [{ op: "replace", path: "active", value: null }, "mutability", "active"],
    "active that is not a boolean": [{ op: "replace", path: "active", value: "maybe" }, "invalid-value", "active"],
    "a title that is a number": [{ op: "replace", path: "title", value: 5 }, "invalid-value", "title"],
    "a sub-attribute of the wrong type": [
      { op: "add", path: "name.givenName", value: {} },
      "invalid-value",
      "name.givenName",
    ],
    "a selected sub-attribute of the wrong type": [
      { op: "add", path: 'emails[type eq "work"].value', value: 5 },
      "invalid-value",
      "emails.value",
    ],
    "an element that is a list": [{ op: "add", path: "emails", value: [[["a"]]] }, "invalid-value", "emails"],
    "an extension that is not an object": [
      { op: "add", path: enterpriseUrn, value: "x" },
      "invalid-value",
      enterpriseUrn,
    ],
    "a removal without a path": [{ op: "remove" }, "no-target", "path"],
    "the 101st element": [
      { op: "add", path: "emails", value: Array.from({ length: 99 }, (_, at) => ({ value: `${at}@x` })) },
      "invalid-value",
      "emails",
    ],
  };
  for (const [description, [operation, code, named]] of Object.entries(wrong)) {
    it(`rejects ${description} with ${code}, after any other operation`, () => {
      const { code: actual, message } = rejectedPatch(ada, { op: "replace", path: "title", value: "Dr" }, operation);
      expect(actual, message).to.equal(code);
      expect(message).to.contain(named);
    });
  }

  it("rejects more changes than the limit", () => {
    const title = { op: "add", value: { title: "a", nickName: "b" } };
    expect(rejectedPatch(minimalUser, ...Array(501).fill(title)).code).to.equal("too-large");
  });
});
