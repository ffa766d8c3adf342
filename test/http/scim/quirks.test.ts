import { expect } from "chai";
import { groupPatch } from "../../../src/http/scim/group-patch.ts";
import { inboundGroup, inboundUser, outboundAttributes } from "../../../src/http/scim/inbound.ts";
import { patchedUser } from "../../../src/http/scim/patch.ts";
import { patchOperations, patchUrn } from "../../../src/http/scim/patch-message.ts";
import { quirks } from "../../../src/http/scim/quirks.ts";
import { enterpriseUrn, groupUrn, userUrn } from "../../../src/http/scim/scimmy.ts";
import { refusal } from "./refusal.ts";

const bare = { userName: "ada", active: true };
const created = (more: object): Record<string, unknown> => outboundAttributes(inboundUser({ ...bare, ...more }));
const operations = (...Operations: object[]) => patchOperations({ schemas: [patchUrn], Operations });
const patched = (user: object, ...all: object[]): Record<string, unknown> =>
  outboundAttributes(inboundUser(patchedUser("usr_1", { ...bare, ...user }, operations(...all))));
const manager = `${enterpriseUrn}:manager`;
const managed = { [enterpriseUrn]: { manager: { value: "usr_2" } } };

/** What each vendor sends, as its page shows it, and what comes of it here. */
const shown: Record<string, () => void> = {
  "capitalised operations": () => {
    expect(operations({ op: "Replace", path: "active", value: false })).to.deep.equal([
      { op: "replace", path: "active", value: false },
    ]);
    expect(patched({ title: "x" }, { op: "Remove", path: "title" })).to.deep.equal(bare);
  },
  "booleans as texts": () => {
    expect(created({ active: "False" })).to.include({ active: false });
    expect(patched({}, { op: "Replace", path: "active", value: "False" })).to.include({ active: false });
    expect(patched({}, { op: "Replace", value: { active: "false" } })).to.include({ active: false });
    expect(created({ roles: [{ primary: "True", value: "admin" }] })["roles"]).to.deep.equal([
      { primary: true, value: "admin" },
    ]);
    expect(created({ title: "True" })).to.include({ title: "True" });
    expect(refusal(() => created({ active: "no" })).fault).to.equal("invalid-value");
  },
  "manager as a text": () => {
    expect(created({ [enterpriseUrn]: { manager: "usr_2" } })).to.deep.include(managed);
    expect(created({ [manager]: "usr_2" })).to.deep.include(managed);
    expect(patched({}, { op: "Add", path: manager, value: "usr_2" })).to.deep.include(managed);
    expect(patched(managed, { op: "Replace", value: { [manager]: "usr_3" } })[enterpriseUrn]).to.deep.equal({
      manager: { value: "usr_3" },
    });
    for (const value of ["", { value: "" }]) {
      expect(patched(managed, { op: "Replace", path: manager, value })).to.deep.equal(bare);
      expect(created({ [enterpriseUrn]: { manager: value } })).to.deep.equal(bare);
    }
    expect(patched(managed, { op: "Replace", path: `${manager}.value`, value: "" })).to.deep.equal(bare);
  },
  "elements as texts": () => {
    const roles = [{ value: "admin" }];
    expect(created({ roles: ["admin"] })).to.deep.include({ roles });
    expect(patched({}, { op: "Add", path: "roles", value: ["admin"] })).to.deep.include({ roles });
    expect(patched({ roles }, { op: "Remove", path: "roles", value: ["admin"] })).to.deep.equal(bare);
    expect(refusal(() => created({ addresses: ["Paris"] })).details).to.deep.equal({ field: "addresses" });
  },
  "the primary role": () => {
    const set = { op: "Add", path: 'roles[primary eq "True"].value', value: "admin" };
    expect(patched({}, set)["roles"]).to.deep.equal([{ primary: true, value: "admin" }]);
    expect(patched({ roles: [{ primary: true, value: "user" }] }, set)["roles"]).to.deep.equal([
      { primary: true, value: "admin" },
    ]);
  },
  "add to an element that is not there": () => {
    const path = 'emails[type eq "work"].value';
    const emails = [{ type: "work", value: "a@x" }];
    expect(patched({}, { op: "Add", path, value: "a@x" })).to.deep.include({ emails });
    expect(refusal(() => patched({}, { op: "Replace", path, value: "a@x" })).fault).to.equal("no-target");
  },
  "paths as keys": () => {
    const value = {
      displayName: "Ada",
      "name.givenName": "Ada",
      'emails[type eq "work"].value': "a@x",
      [`${enterpriseUrn}:department`]: "Engines",
      [`${userUrn}:title`]: "Dr",
    };
    expect(patched({}, { op: "Add", value })).to.deep.equal({
      ...bare,
      displayName: "Ada",
      name: { givenName: "Ada" },
      emails: [{ type: "work", value: "a@x" }],
      title: "Dr",
      [enterpriseUrn]: { department: "Engines" },
    });
  },
  "removal of members by value": () => {
    for (const operation of [
      { path: "members", value: [{ $ref: null, value: "usr_1" }] },
      { path: 'members[value eq "usr_1"]' },
    ]) {
      expect(groupPatch("grp_1", operations({ op: "Remove", ...operation })).members).to.deep.equal([
        { remove: ["usr_1"] },
      ]);
    }
  },
  "legacy schemas": () => {
    const schemas = [groupUrn, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"];
    expect(inboundGroup({ schemas, displayName: "g" }).attributes).to.deep.equal({ displayName: "g" });
    expect(created({ schemas: [userUrn.toUpperCase(), "urn:x"] })).to.deep.equal(bare);
  },
  "meta of what is created": () => {
    expect(created({ meta: { resourceType: "User" } })).to.deep.equal(bare);
    expect(inboundGroup({ displayName: "g", meta: { resourceType: "Group" } }).attributes).to.have.all.keys(
      "displayName",
    );
  },
  "a reference beside the manager": () => {
    const value = { $ref: null, value: "usr_2" };
    expect(created({ [enterpriseUrn]: { manager: value } })).to.deep.include(managed);
    expect(patched({}, { op: "Add", path: manager, value })).to.deep.include(managed);
    expect(patched({}, { op: "Add", path: manager, value: { ...value, $ref: "../Users/usr_2" } })).to.deep.include(
      managed,
    );
  },
  "no operations": () => {
    expect(patched({ title: "x" })).to.deep.equal({ ...bare, title: "x" });
    expect(groupPatch("grp_1", operations())).to.deep.equal({ attributes: {}, members: [] });
  },
  "null for a list": () => {
    expect(created({ phoneNumbers: null, emails: [] })).to.deep.equal(bare);
    expect(inboundGroup({ displayName: "g", members: null }).memberIds).to.deep.equal([]);
  },
  "a password": () => {
    expect(created({ password: "secret" })).to.deep.equal(bare);
    expect(patched({}, { op: "replace", value: { password: "secret" } })).to.deep.equal(bare);
  },
  "the id beside the change": () => {
    expect(
      groupPatch("grp_1", operations({ op: "replace", value: { id: "grp_1", displayName: "N" } })).attributes,
    ).to.deep.equal({ displayName: "N" });
    expect(patched({}, { op: "replace", value: { id: "usr_1", title: "Dr" } })).to.include({ title: "Dr" });
  },
  "groups of a new user": () => {
    expect(created({ groups: [] })).to.deep.equal(bare);
  },
};

describe("Where identity providers deviate from the RFCs", () => {
  for (const { name, vendor, what } of quirks) {
    it(`${vendor}: ${what}`, () => {
      const show = shown[name];
      if (!show) throw new Error(`${name} is not shown by any test.`);
      show();
    });
  }

  it("each row is told apart by its name, and says how it is dealt with and where it is documented", () => {
    expect(new Set(quirks.map(({ name }) => name)).size).to.equal(quirks.length);
    expect(Object.keys(shown)).to.have.members(quirks.map(({ name }) => name));
    for (const { name, source, rule, ...row } of quirks) {
      expect(source.url, name).to.match(/^https:\/\/(learn\.microsoft|developer\.okta)\.com\//);
      expect(rule !== undefined, name).to.equal(!("value" in row || "element" in row || "operation" in row));
    }
  });

  it("keys of an operation in capitals are documented by nobody, and refused", () => {
    const { fault, message } = refusal(() => operations({ Op: "Add", Path: "title", Value: "x" }));
    expect(fault).to.equal("invalid-request");
    expect(message).to.contain("small letters");
  });
});
