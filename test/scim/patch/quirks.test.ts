import { expect } from "chai";
import type { MembershipChange } from "../../../schemas/user.ts";
import { toGroupPatch } from "../../../src/scim/patch/group-patch.ts";
import { parsePatchOperations, patchUrn } from "../../../src/scim/patch/message.ts";
import { quirks } from "../../../src/scim/patch/quirks.ts";
import { applyUserPatch } from "../../../src/scim/patch/user-patch.ts";
import { enterpriseUrn, groupUrn, userUrn } from "../../../src/scim/schema/definitions.ts";
import { groupSchema, resolveAttributePath, userSchema } from "../../../src/scim/schema/resource-schema.ts";
import { parseGroup, parseUser, toScimAttributes } from "../../../src/scim/values/inbound.ts";
import { selectKnownAttributes, selectKnownOperations } from "../../../src/scim/values/known-attributes.ts";
import { catchAppError } from "../rejection.fixture.ts";

const bare = { userName: "ada", active: true };
/** Reads a body or a PATCH like the endpoints, with the default settings of an organization. */
const created = (more: object): Record<string, unknown> =>
  toScimAttributes(parseUser(selectKnownAttributes({ ...bare, ...more }, userSchema).known));
const operations = (...Operations: object[]) => parsePatchOperations({ schemas: [patchUrn], Operations });
const patched = (user: object, ...all: object[]): Record<string, unknown> => {
  const { known } = selectKnownOperations(operations(...all), userSchema);
  return toScimAttributes(parseUser(applyUserPatch("usr_1", { ...bare, ...user }, known)));
};
const memberChanges = (...all: object[]) =>
  toGroupPatch("grp_1", selectKnownOperations(operations(...all), groupSchema).known).members;
const rejected = (act: () => unknown): string => catchAppError(act).code;
const manager = `${enterpriseUrn}:manager`;
const managed = { [enterpriseUrn]: { manager: { value: "usr_2" } } };

type MatchingRemoval = Extract<MembershipChange, { removeMatching: unknown }>;

/** For each quirk, the input from the vendor's documentation and its result. */
const examples: Record<string, () => void> = {
  "a list of one": () => {
    expect(created({ displayName: ["x"], active: [false] })).to.deep.equal({
      ...bare,
      displayName: "x",
      active: false,
    });
    expect(patched({}, { op: "replace", path: "displayName", value: ["x"] })).to.include({ displayName: "x" });
    expect(patched({}, { op: "replace", path: "active", value: ["False"] })).to.include({ active: false });
    expect(patched({}, { op: "add", path: manager, value: [{ value: "usr_2" }] })).to.deep.include(managed);
    const emails = [{ value: "a@x", type: "work" }];
    const path = 'emails[type eq "work"]';
    expect(patched({ emails }, { op: "replace", path, value: [{ value: "b@x" }] })).to.deep.include({
      emails: [{ value: "b@x", type: "work" }],
    });
    for (const value of [["x", "y"], [], [["x"]]])
      expect(rejected(() => patched({}, { op: "replace", path: "displayName", value }))).to.equal("invalid-value");
    const two = [{ value: "b@x" }, { value: "c@x" }];
    expect(rejected(() => patched({ emails }, { op: "replace", path, value: two }))).to.equal("invalid-value");
  },
  "an object in place of a value": () => {
    for (const value of [[{ value: "False" }], { value: false }])
      expect(patched({}, { op: "replace", path: "active", value })).to.include({ active: false });
    expect(patched({}, { op: "add", path: "title", value: [{ $ref: null, value: "Dr" }] })).to.include({ title: "Dr" });
    expect(rejected(() => created({ title: { value: "Dr", type: "x" } }))).to.equal("invalid-value");
  },
  "one value in place of a list": () => {
    const emails = [{ value: "a@x", type: "work" }];
    expect(created({ emails: emails[0] })).to.deep.include({ emails });
    expect(created({ roles: "admin" })).to.deep.include({ roles: [{ value: "admin" }] });
    expect(patched({}, { op: "add", path: "emails", value: emails[0] })).to.deep.include({ emails });
    expect(rejected(() => created({ addresses: "Paris" }))).to.equal("invalid-value");
  },
  "a value without a path in a list": () => {
    expect(patched({}, { op: "replace", value: [{ active: false }] })).to.include({ active: false });
    expect(rejected(() => patched({}, { op: "replace", value: [{ active: false }, { title: "x" }] }))).to.equal(
      "invalid-value",
    );
  },
  "the attribute repeated in its value": () => {
    for (const value of [{ members: [{ value: "usr_1" }] }, [{ Members: [{ value: "usr_1" }] }]])
      expect(memberChanges({ op: "remove", path: "members", value })).to.deep.equal([{ remove: ["usr_1"] }]);
    expect(patched({}, { op: "add", path: "title", value: { title: "Dr" } })).to.include({ title: "Dr" });
    const emails = [{ value: "a@x", type: "work" }];
    expect(patched({}, { op: "replace", path: "emails", value: { emails } })).to.deep.include({ emails });
    expect(patched({ emails }, { op: "remove", path: "emails", value: { emails } })).to.deep.equal(bare);
  },
  "a value beside the path of a remove": () => {
    const user = { title: "x", emails: [{ value: "a@x", type: "work" }] };
    const both = [
      { op: "remove", path: "title", value: "x" },
      { op: "remove", path: 'emails[type eq "work"]', value: null },
    ];
    expect(patched(user, ...both)).to.deep.equal(bare);
    for (const value of [null, "", [{ value: "usr_2" }]])
      expect(memberChanges({ op: "remove", path: 'members[value eq "usr_1"]', value })).to.deep.equal([
        { remove: ["usr_1"] },
      ]);
    expect(rejected(() => memberChanges({ op: "remove", path: "members", value: null }))).to.equal("invalid-value");
    expect(rejected(() => patched(user, { op: "remove", path: "emails", value: null }))).to.equal("invalid-value");
  },
  "keys in another case": () => {
    const expected = [{ op: "add", path: "title", value: "x" }];
    expect(operations({ Op: "Add", Path: "title", Value: "x" })).to.deep.equal(expected);
    expect(
      parsePatchOperations({ SCHEMAS: [patchUrn], operations: [{ OP: "add", PATH: "title", VALUE: "x" }] }),
    ).to.deep.equal(expected);
    expect(rejected(() => operations({ op: "replace", path: "active", value: true, Value: false }))).to.equal(
      "invalid-request",
    );
  },
  "a PATCH without schemas": () => {
    for (const schemas of [undefined, null, [], patchUrn, [patchUrn.toUpperCase()]])
      expect(parsePatchOperations({ schemas, Operations: [] })).to.deep.equal([]);
    for (const schemas of [[userUrn], userUrn, 5, {}])
      expect(rejected(() => parsePatchOperations({ schemas, Operations: [] }))).to.equal("invalid-request");
  },
  "members selected by type or name": () => {
    const select = (filter: string) =>
      memberChanges({ op: "remove", path: `members[${filter}]` })[0] as MatchingRemoval;
    const ada = { value: "usr_1", type: "User" as const, display: "Ada" };
    const guides = { value: "grp_1", type: "Group" as const, display: "Guides" };
    for (const [filter, selected] of [
      ['type eq "user"', [ada]],
      ['value eq "usr_1" and type eq "User"', [ada]],
      ['value eq "usr_1" and type eq "Group"', []],
      ['display eq "guides"', [guides]],
      ['display eq "Ada" or type eq "Group"', [ada, guides]],
    ] as const)
      expect([ada, guides].filter(select(filter).removeMatching.matches), filter).to.deep.equal(selected);
  },
  "enterprise attributes without URN": () => {
    expect(created({ department: "Engines", manager: { value: "usr_2" } })[enterpriseUrn]).to.deep.equal({
      department: "Engines",
      manager: { value: "usr_2" },
    });
    expect(patched({}, { op: "add", path: "manager", value: "usr_2" })).to.deep.include(managed);
    expect(
      patched({}, { op: "replace", value: { department: "D", "manager.value": "usr_2" } })[enterpriseUrn],
    ).to.deep.equal({
      department: "D",
      manager: { value: "usr_2" },
    });
    expect(rejected(() => created({ department: "a", [`${enterpriseUrn}:department`]: "b" }))).to.equal(
      "invalid-request",
    );
    expect(
      rejected(() => patched({}, { op: "add", value: { department: "a", [`${enterpriseUrn}:department`]: "b" } })),
    ).to.equal("invalid-request");
  },
  "other URNs of the enterprise extension": () => {
    const extension = { department: "D", manager: { managerId: "usr_2" } };
    const expected = { department: "D", manager: { value: "usr_2" } };
    for (const urn of [
      "urn:scim:schemas:extension:enterprise:1.0",
      "urn:scim:schemas:extension:enterprise:2.0",
      "urn:scim:schemas:extension:enterprise:2.0:User",
      "urn:ietf:params:scim:schemas:extension:enterprise:2.0",
      enterpriseUrn.toUpperCase(),
    ]) {
      expect(created({ [urn]: extension })[enterpriseUrn], urn).to.deep.equal(expected);
      expect(patched({}, { op: "add", value: { [urn]: extension } })[enterpriseUrn], urn).to.deep.equal(expected);
      for (const separator of [":", "."]) {
        const path = `${urn}${separator}department`;
        expect(patched({}, { op: "add", path, value: "D" })[enterpriseUrn], path).to.deep.equal({ department: "D" });
      }
    }
    expect(patched({}, { op: "add", path: `${manager}.managerId`, value: "usr_2" })).to.deep.include(managed);
    expect(resolveAttributePath(userSchema, `${enterpriseUrn}x.department`)).to.equal(undefined);
  },
  "the core URN as a key": () => {
    const inner = { title: "Dr", name: { givenName: "Ada" } };
    expect(created({ [userUrn]: inner })).to.deep.equal({ ...bare, ...inner });
    expect(patched({}, { op: "replace", value: { [userUrn]: inner } })).to.deep.equal({ ...bare, ...inner });
    expect(patched({}, { op: "replace", path: userUrn, value: inner })).to.deep.equal({ ...bare, ...inner });
    expect(created({ [enterpriseUrn]: { schemas: ["urn:x"], department: "D" } })[enterpriseUrn]).to.deep.equal({
      department: "D",
    });
    for (const active of [true, false])
      expect(rejected(() => created({ active: !active, [userUrn]: { active } }))).to.equal("invalid-request");
  },
  "elements without content": () => {
    expect(created({ emails: [{ value: null, type: "work" }, {}, { primary: true, display: "x" }, ""] })).to.deep.equal(
      bare,
    );
    expect(created({ phoneNumbers: [{ value: "", type: "work" }, { value: "1" }] })).to.deep.include({
      phoneNumbers: [{ value: "1" }],
    });
    const emails = [{ value: "a@x" }];
    expect(patched({ emails }, { op: "add", path: "emails", value: [{ type: "work" }] })).to.deep.include({ emails });
  },
  "JSON in a string": () => {
    const text = JSON.stringify({ value: "a@x", type: "work" });
    for (const more of [{ emails: [text] }, { emails: [{ value: text }] }, { roles: `[${text}]` }, { manager: text }])
      expect(
        rejected(() => created(more)),
        JSON.stringify(more),
      ).to.equal("invalid-value");
    for (const [path, value] of [
      ["emails", text],
      ['emails[type eq "work"].value', text],
      ["roles", [` ${text}`]],
    ])
      expect(
        rejected(() => patched({}, { op: "add", path, value })),
        String(path),
      ).to.equal("invalid-value");
    expect(created({ roles: ["{admin}"], title: "{}" })).to.deep.include({
      roles: [{ value: "{admin}" }],
      title: "{}",
    });
  },
  "read-only attributes in a whole resource": () => {
    const whole = { id: "usr_9", meta: { created: "x" }, groups: [{ value: "grp_1" }], title: "Dr" };
    expect(patched(managed, { op: "replace", value: { ...whole, "manager.displayName": "B" } })).to.deep.equal({
      ...bare,
      ...managed,
      title: "Dr",
    });
    expect(patched(managed, { op: "replace", value: { manager: { displayName: "B" } } })).to.deep.equal({
      ...bare,
      ...managed,
    });
    for (const path of ["id", "groups", "meta.created", "manager.displayName"])
      expect(
        rejected(() => patched({}, { op: "replace", path, value: "x" })),
        path,
      ).to.equal("mutability");
  },
  "capitalized operations": () => {
    expect(operations({ op: "Replace", path: "active", value: false })).to.deep.equal([
      { op: "replace", path: "active", value: false },
    ]);
    expect(patched({ title: "x" }, { op: "Remove", path: "title" })).to.deep.equal(bare);
  },
  "booleans as strings": () => {
    expect(created({ active: "False" })).to.include({ active: false });
    expect(patched({}, { op: "Replace", path: "active", value: "False" })).to.include({ active: false });
    expect(patched({}, { op: "Replace", value: { active: "false" } })).to.include({ active: false });
    expect(created({ roles: [{ primary: "True", value: "admin" }] })["roles"]).to.deep.equal([
      { primary: true, value: "admin" },
    ]);
    expect(created({ title: "True" })).to.include({ title: "True" });
    expect(catchAppError(() => created({ active: "no" })).code).to.equal("invalid-value");
  },
  "manager as a string": () => {
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
  "elements as strings": () => {
    const roles = [{ value: "admin" }];
    expect(created({ roles: ["admin"] })).to.deep.include({ roles });
    expect(patched({}, { op: "Add", path: "roles", value: ["admin"] })).to.deep.include({ roles });
    expect(patched({ roles }, { op: "Remove", path: "roles", value: ["admin"] })).to.deep.equal(bare);
    expect(catchAppError(() => created({ addresses: ["Paris"] })).details).to.deep.equal({ field: "addresses" });
  },
  "the primary role": () => {
    const set = { op: "Add", path: 'roles[primary eq "True"].value', value: "admin" };
    expect(patched({}, set)["roles"]).to.deep.equal([{ primary: true, value: "admin" }]);
    expect(patched({ roles: [{ primary: true, value: "user" }] }, set)["roles"]).to.deep.equal([
      { primary: true, value: "admin" },
    ]);
  },
  "add to a missing element": () => {
    const path = 'emails[type eq "work"].value';
    const emails = [{ type: "work", value: "a@x" }];
    expect(patched({}, { op: "Add", path, value: "a@x" })).to.deep.include({ emails });
    expect(catchAppError(() => patched({}, { op: "Replace", path, value: "a@x" })).code).to.equal("no-target");
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
      expect(toGroupPatch("grp_1", operations({ op: "Remove", ...operation })).members).to.deep.equal([
        { remove: ["usr_1"] },
      ]);
    }
  },
  "legacy schemas": () => {
    const schemas = [groupUrn, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"];
    expect(parseGroup({ schemas, displayName: "g" }).attributes).to.deep.equal({ displayName: "g" });
    expect(created({ schemas: [userUrn.toUpperCase(), "urn:x"] })).to.deep.equal(bare);
  },
  "meta of a new resource": () => {
    expect(created({ meta: { resourceType: "User" } })).to.deep.equal(bare);
    expect(parseGroup({ displayName: "g", meta: { resourceType: "Group" } }).attributes).to.have.all.keys(
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
    expect(toGroupPatch("grp_1", operations())).to.deep.equal({ attributes: {}, members: [] });
  },
  "null for a list": () => {
    expect(created({ phoneNumbers: null, emails: [] })).to.deep.equal(bare);
    expect(parseGroup({ displayName: "g", members: null }).memberIds).to.deep.equal([]);
  },
  "a password": () => {
    expect(created({ password: "secret" })).to.deep.equal(bare);
    expect(patched({}, { op: "replace", value: { password: "secret" } })).to.deep.equal(bare);
  },
  "the id beside the change": () => {
    expect(
      toGroupPatch("grp_1", operations({ op: "replace", value: { id: "grp_1", displayName: "N" } })).attributes,
    ).to.deep.equal({ displayName: "N" });
    expect(patched({}, { op: "replace", value: { id: "usr_1", title: "Dr" } })).to.include({ title: "Dr" });
  },
  "groups of a new user": () => {
    expect(created({ groups: [] })).to.deep.equal(bare);
  },
};

describe("Quirks of identity providers", () => {
  for (const { name, vendor, behavior } of quirks) {
    it(`${vendor}: ${behavior}`, () => {
      const example = examples[name];
      if (!example) throw new Error(`${name} has no test.`);
      example();
    });
  }

  it("have unique names, a documented source, and either code or a general rule", () => {
    expect(new Set(quirks.map(({ name }) => name)).size).to.equal(quirks.length);
    expect(Object.keys(examples)).to.have.members(quirks.map(({ name }) => name));
    for (const { name, source, rule, ...row } of quirks) {
      expect(source.url, name).to.match(/^https:\/\/[\w.-]+\//);
      expect(rule !== undefined, name).to.equal(
        !("value" in row || "element" in row || "operation" in row || "changeValue" in row),
      );
    }
  });
});
