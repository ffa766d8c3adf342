import { expect } from "chai";
import type { Fault } from "../../../src/errors.ts";
import { patchedUser } from "../../../src/http/scim/patch.ts";
import { enterpriseUrn, userUrn } from "../../../src/http/scim/scimmy.ts";
import { ada, bare, home, id, patched, refused, work } from "./patched-user.ts";

describe("RFC 7644 3.5.2: the paths and the result of a PATCH of a user", () => {
  describe("3.10 paths", () => {
    it("are the same in any letter case, and so are names in values and texts in filters", () => {
      expect(patched(ada, { op: "replace", path: "TITLE", value: "Dr" })["title"]).to.equal("Dr");
      expect(patched(ada, { op: "replace", path: "NAME.GIVENNAME", value: "A" })["name"]).to.include({
        givenName: "A",
      });
      expect(patched(ada, { op: "remove", path: 'EMAILS[TYPE EQ "WORK"]' })["emails"]).to.deep.equal([home]);
      expect(patched(ada, { op: "replace", value: { NickName: "N", name: { GIVENname: "A" } } })).to.deep.include({
        nickName: "N",
        name: { ...ada.name, givenName: "A" },
      });
      const department = { op: "replace", path: `${enterpriseUrn.toUpperCase()}:DEPARTMENT`, value: "X" };
      expect(patched(ada, department)[enterpriseUrn]).to.include({ department: "X" });
    });

    it("may begin with the URN of the core schema", () => {
      expect(patched(ada, { op: "replace", path: `${userUrn}:title`, value: "Dr" })["title"]).to.equal("Dr");
      expect(patched(ada, { op: "remove", path: `${userUrn}:name.givenName` })["name"]).to.deep.equal({
        familyName: "King",
      });
      const path = `${userUrn}:emails[type eq "work"].value`;
      expect(patched(ada, { op: "replace", path, value: "n@x" })["emails"]).to.deep.equal([
        { ...work, value: "n@x" },
        home,
      ]);
    });

    it("reach the attributes of the extension, and make and drop the extension with them", () => {
      const set = { op: "add", path: `${enterpriseUrn}:employeeNumber`, value: "7" };
      expect(patched(bare, set)[enterpriseUrn]).to.deep.equal({ employeeNumber: "7" });
      const boss = { op: "replace", path: `${enterpriseUrn}:manager.value`, value: "usr_3" };
      expect(patched(bare, boss)[enterpriseUrn]).to.deep.equal({ manager: { value: "usr_3" } });
      expect(patched(ada, boss)[enterpriseUrn]).to.deep.equal({ department: "Engines", manager: { value: "usr_3" } });
      const none = [
        { op: "remove", path: `${enterpriseUrn}:department` },
        { op: "remove", path: `${enterpriseUrn}:manager.value` },
      ];
      expect(patched(ada, ...none)).to.not.have.property(enterpriseUrn);
    });

    it("may be the URN of the extension alone: replace merges, remove takes all", () => {
      const value = { department: "Sums", costCenter: "9" };
      const merged = { ...ada[enterpriseUrn], ...value };
      expect(patched(ada, { op: "replace", path: enterpriseUrn, value })[enterpriseUrn]).to.deep.equal(merged);
      expect(patched(ada, { op: "add", value: { [enterpriseUrn]: value } })[enterpriseUrn]).to.deep.equal(merged);
      expect(patched(ada, { op: "remove", path: enterpriseUrn })).to.not.have.property(enterpriseUrn);
      expect(patched(ada, { op: "replace", path: enterpriseUrn, value: null })).to.not.have.property(enterpriseUrn);
      const less = { op: "replace", path: enterpriseUrn, value: { department: null } };
      expect(patched(ada, less)[enterpriseUrn]).to.deep.equal({ manager: { value: "usr_2" } });
    });
  });

  describe("the result", () => {
    it("is equal to what was there when nothing changes in effect", () => {
      for (const operation of [
        { op: "replace", path: "title", value: "Countess" },
        { op: "replace", value: { name: { givenName: "Ada" }, emails: [work, home], active: true } },
        { op: "replace", path: 'emails[type eq "work"].value', value: work.value },
        { op: "add", path: "emails", value: work },
        { op: "replace", value: { id, schemas: [userUrn] } },
        { op: "replace", path: "password", value: "secret" },
        { op: "remove", path: "password" },
      ]) {
        expect(patched(ada, operation), JSON.stringify(operation)).to.deep.equal(ada);
      }
    });

    it("keeps its attributes in their order", () => {
      const after = patchedUser(id, ada, [
        { op: "replace", path: "name.givenName", value: "A" },
        { op: "add", path: "emails", value: [{ value: "x" }] },
        { op: "add", path: "nickName", value: "N" },
      ]);
      expect(Object.keys(after)).to.deep.equal([...Object.keys(ada), "nickName"]);
    });

    it("has every operation done, in their order", () => {
      const after = patched(
        bare,
        { op: "add", path: "emails", value: [home] },
        { op: "replace", path: 'emails[type eq "home"].value', value: "n@x" },
        { op: "remove", path: "nickName" },
        { op: "add", path: "title", value: "Dr" },
      );
      expect(after).to.deep.include({ emails: [{ ...home, value: "n@x" }], title: "Dr" });
    });

    it("never holds a password", () => {
      expect(JSON.stringify(patched(bare, { op: "add", value: { password: "secret" } }))).to.not.contain("secret");
    });
  });

  const wrong: Record<string, [operation: object, fault: Fault, named: string]> = {
    "an unknown attribute": [{ op: "replace", path: "shoeSize", value: 44 }, "invalid-path", "shoeSize"],
    "an unknown part": [{ op: "replace", path: "name.shoeSize", value: 44 }, "invalid-path", "name.shoeSize"],
    "an unknown key of a value without a path": [{ op: "add", value: { shoeSize: 44 } }, "invalid-path", "shoeSize"],
    "an unknown part of a value": [{ op: "add", path: "name", value: { foo: 1 } }, "invalid-request", "foo"],
    "an unknown part of an element": [{ op: "add", path: "emails", value: [{ foo: 1 }] }, "invalid-request", "foo"],
    "an unknown part of selected elements": [
      { op: "add", path: 'emails[type eq "work"].foo', value: 1 },
      "invalid-path",
      "emails",
    ],
    "an unknown attribute of the extension": [
      { op: "add", path: enterpriseUrn, value: { foo: 1 } },
      "invalid-path",
      "foo",
    ],
    "a name beyond a part": [{ op: "remove", path: "name.givenName.x" }, "invalid-path", "name.givenName.x"],
    "the core URN alone": [{ op: "replace", path: userUrn, value: {} }, "invalid-path", userUrn],
    "a part of a list without a filter": [
      { op: "replace", path: "emails.value", value: "x" },
      "invalid-path",
      "filter",
    ],
    "a filter on what has no elements": [{ op: "remove", path: 'name[givenName eq "A"]' }, "invalid-path", "name"],
    "a path into a prototype": [{ op: "replace", path: "__proto__.x", value: 1 }, "invalid-path", "__proto__"],
    "a key into a constructor": [{ op: "add", value: { "constructor.prototype": {} } }, "invalid-path", "constructor"],
    "a filter that is none": [{ op: "remove", path: 'emails[type eq "work' }, "invalid-filter", ""],
    "a filter of an unknown part": [{ op: "remove", path: 'emails[shoe eq "x"]' }, "invalid-filter", "shoe"],
    "the groups, which are read-only": [{ op: "add", path: "groups", value: [{ value: "g" }] }, "mutability", "groups"],
    "a date of the service": [{ op: "replace", path: "meta.created", value: "2020" }, "mutability", "meta"],
    "another id": [{ op: "replace", value: { id: "usr_other" } }, "mutability", "id"],
    "the loss of the id": [{ op: "remove", path: "id" }, "mutability", "id"],
    "the manager's name": [
      { op: "replace", path: `${enterpriseUrn}:manager.displayName`, value: "B" },
      "mutability",
      "manager.displayName",
    ],
    "nothing but the manager's name": [
      { op: "replace", path: `${enterpriseUrn}:manager`, value: { displayName: "B" } },
      "mutability",
      "manager",
    ],
    "the loss of userName": [{ op: "remove", path: "userName" }, "mutability", "userName"],
    "null for userName": [{ op: "replace", path: "userName", value: null }, "mutability", "userName"],
    "an empty userName": [{ op: "replace", path: "userName", value: " " }, "invalid-value", "userName"],
    "the loss of active": [{ op: "remove", path: "active" }, "mutability", "active"],
    "null for active": [{ op: "replace", path: "active", value: null }, "mutability", "active"],
    "active that is no boolean": [{ op: "replace", path: "active", value: "maybe" }, "invalid-value", "active"],
    "a title that is a number": [{ op: "replace", path: "title", value: 5 }, "invalid-value", "title"],
    "a part of a wrong type": [{ op: "add", path: "name.givenName", value: {} }, "invalid-value", "name.givenName"],
    "a selected part of a wrong type": [
      { op: "add", path: 'emails[type eq "work"].value', value: 5 },
      "invalid-value",
      "emails.value",
    ],
    "an element that is null": [{ op: "add", path: "emails", value: [null] }, "invalid-value", "emails"],
    "an element that is a list": [{ op: "add", path: "emails", value: [[["a"]]] }, "invalid-value", "emails"],
    "an element that is empty": [{ op: "remove", path: "emails", value: [{}] }, "invalid-value", "emails"],
    "an extension that is no object": [{ op: "add", path: enterpriseUrn, value: "x" }, "invalid-value", enterpriseUrn],
    "a removal without a path": [{ op: "remove" }, "no-target", "path"],
    "the 101st element": [
      { op: "add", path: "emails", value: Array.from({ length: 99 }, (_, at) => ({ value: `${at}@x` })) },
      "invalid-value",
      "emails",
    ],
  };
  for (const [what, [operation, fault, named]] of Object.entries(wrong)) {
    it(`refuses ${what} with ${fault}, whatever stood before it`, () => {
      const { fault: found, message } = refused(ada, { op: "replace", path: "title", value: "Dr" }, operation);
      expect(found, message).to.equal(fault);
      expect(message).to.contain(named);
    });
  }

  it("refuses more changes than operations are accepted", () => {
    const title = { op: "add", value: { title: "a", nickName: "b" } };
    expect(refused(bare, ...Array(501).fill(title)).fault).to.equal("too-large");
  });
});
