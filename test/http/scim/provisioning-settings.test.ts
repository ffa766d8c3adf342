import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, enterpriseUrn, patchUrn, type Service, startService } from "../../support/service.ts";

describeOnEngines("The provisioning settings of an organization", (open) => {
  let service: Service;
  let scim: Agent;
  let admin: Agent;
  before(async () => {
    service = await startService({ open });
    scim = await service.clientWithScopes(["admin:scim"]);
    admin = await service.clientWithScopes(["admin:write", "admin:read"]);
  });
  after(() => service.dispose());

  let number = 0;
  const unique = (): string => `settings${++number}`;
  const configure = (provisioning: object | null) =>
    admin.patch("/api/organization").send({ provisioning }).expect(200);
  const patch = (path: string, ...Operations: object[]) =>
    scim.patch(`/scim/v2/${path}`).send({ schemas: [patchUrn], Operations });
  const newUser = async (more: object = {}) =>
    (
      await scim
        .post("/scim/v2/Users")
        .send({ userName: unique(), ...more })
        .expect(201)
    ).body;

  /** What the request log says about the request with this id. It is written every five seconds. */
  const logged = async (requestId: string) => {
    for (let attempt = 0; attempt < 600; attempt++) {
      const { data } = (await admin.get("/api/request-log").query({ requestId }).expect(200)).body;
      if (data.length > 0) return data[0];
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error("The request is not in the log.");
  };

  it("are stored whole, in API and audit log, with their defaults", async () => {
    await configure({ unknownMembers: "ignore" });
    const { body } = await admin.get("/api/organization").expect(200);
    expect(body.provisioning).to.deep.equal({
      unknownAttributes: "ignore",
      unknownMembers: "ignore",
      replaceWithoutMatch: "reject",
    });
    const events = await admin.get("/api/audit-events").query({ action: "organization.update", limit: 1 }).expect(200);
    expect(events.body.data[0].after.provisioning).to.deep.equal(body.provisioning);
    for (const wrong of [{ unknownAttributes: "maybe" }, { unknownAttribute: "ignore" }, "ignore"])
      await admin.patch("/api/organization").send({ provisioning: wrong }).expect(400);
    await configure(null);
    expect((await admin.get("/api/organization")).body).to.not.have.property("provisioning");
  });

  describe("unknownAttributes", () => {
    const unknown = {
      favoriteColor: "SECRETRED",
      name: { nick: "x", givenName: "A" },
      emails: [{ value: "a@x", verified: true }],
    };
    const extension = { department: "D", shoeSize: 44 };

    it("ignore: stores the rest, and the request log names what was ignored", async () => {
      await configure(null);
      const body = {
        userName: unique(),
        ...unknown,
        [enterpriseUrn]: extension,
        "urn:example:x": { a: 1 },
        empty: null,
      };
      const response = await scim.post("/scim/v2/Users").send(body).expect(201);
      expect(response.body).to.deep.include({ name: { givenName: "A" }, emails: [{ value: "a@x" }] });
      expect(response.body[enterpriseUrn]).to.deep.equal({ department: "D" });
      const names = [
        "favoriteColor",
        "name.nick",
        "emails.verified",
        `${enterpriseUrn}:shoeSize`,
        "urn:example:x",
        "empty",
      ];
      const entry = await logged(response.headers["x-request-id"] ?? "");
      expect(entry.ignoredAttributes).to.have.members(names);
      expect(JSON.stringify(entry)).to.not.contain("SECRETRED");
    });

    it("ignore: a PATCH deactivates although an attribute beside active is unknown", async () => {
      const { id } = await newUser();
      const value = { active: "False", "name.nick": "x", 'emails[type eq "work"].verified': true, "a@example.com": 1 };
      const response = await patch(`Users/${id}`, { op: "Replace", value }).expect(200);
      expect(response.body.active).to.equal(false);
      const entry = await logged(response.headers["x-request-id"] ?? "");
      expect(entry.ignoredAttributes).to.have.members(["name.nick", "***"]);
    });

    it("ignore: a path to an unknown attribute is an error, and changes nothing", async () => {
      const { id } = await newUser();
      const operations = [
        { op: "replace", path: "favoriteColor", value: null },
        { op: "replace", path: "active", value: false },
      ];
      const { body } = await patch(`Users/${id}`, ...operations).expect(400);
      expect(body.scimType).to.equal("invalidPath");
      expect((await scim.get(`/scim/v2/Users/${id}`)).body.active).to.equal(true);
    });

    it("reject: an unknown attribute is an error by name, in bodies, values and elements; null never is", async () => {
      const { id } = await newUser();
      await configure({ unknownAttributes: "reject" });
      for (const [more, named] of [
        [{ favoriteColor: "red" }, "favoriteColor"],
        [{ name: { nick: "x" } }, "name.nick"],
        [{ emails: { value: "a@x", verified: true } }, "emails.verified"],
        [{ [enterpriseUrn]: { shoeSize: 44 } }, "shoeSize"],
      ] as const) {
        const created = await scim.post("/scim/v2/Users").send({ userName: unique(), ...more });
        expect([created.status, created.body.scimType]).to.deep.equal([400, "invalidSyntax"]);
        expect(created.body.detail).to.contain(named).and.contain("is not an attribute of User");
        const patched = await patch(`Users/${id}`, { op: "add", value: more });
        expect([patched.status, patched.body.scimType]).to.deep.equal([400, "invalidPath"]);
      }
      await scim.post("/scim/v2/Groups").send({ displayName: unique(), color: "red" }).expect(400);
      await scim.post("/scim/v2/Users").send({ userName: unique(), favoriteColor: null }).expect(201);
      await patch(`Users/${id}`, { op: "replace", value: { favoriteColor: null, title: "Dr" } }).expect(200);
    });

    it("are those of the caller's organization", async () => {
      await configure({ unknownAttributes: "reject" });
      const other = await service.clientWithScopes(
        ["admin:scim"],
        await service.createOrganization(`${unique()}-other`),
      );
      await other.post("/scim/v2/Users").send({ userName: "x", favoriteColor: "red" }).expect(201);
      await scim.post("/scim/v2/Users").send({ userName: unique(), favoriteColor: "red" }).expect(400);
    });
  });

  describe("unknownMembers", () => {
    const stale = "usr_00000000000000000000000000";

    it("reject: the whole request fails", async () => {
      await configure(null);
      const { id } = await newUser();
      const members = [{ value: id }, { value: stale }];
      await scim.post("/scim/v2/Groups").send({ displayName: unique(), members }).expect(400);
    });

    it("ignore: the other members are added, and log and audit event show it", async () => {
      const { id } = await newUser();
      await configure({ unknownMembers: "ignore" });
      const members = [{ value: id }, { value: stale }, { value: "bob@example.com" }];
      const created = await scim.post("/scim/v2/Groups").send({ displayName: unique(), members }).expect(201);
      expect(created.body.members).to.have.length(1);
      expect((await logged(created.headers["x-request-id"] ?? "")).ignoredAttributes).to.deep.equal(["members.value"]);
      const another = (await newUser()).id;
      await patch(`Groups/${created.body.id}`, {
        op: "add",
        path: "members",
        value: [{ value: another }, { value: stale }],
      }).expect(204);
      await scim
        .put(`/scim/v2/Groups/${created.body.id}`)
        .send({ displayName: unique(), members: [...members, { value: another }] })
        .expect(200);
      expect((await scim.get(`/scim/v2/Groups/${created.body.id}`)).body.members).to.have.length(2);
      const events = await admin.get("/api/audit-events").query({ targetId: created.body.id }).expect(200);
      const byAction = Object.fromEntries(events.body.data.map((event: { action: string }) => [event.action, event]));
      expect(byAction["group.create"].details).to.deep.equal({
        members: [id],
        ignoredMembers: ["bob@example.com", stale],
      });
      expect(byAction["group.members.change"].details).to.deep.include({ added: [another], ignoredMembers: [stale] });
    });

    it("ignore: a group is never its own member, and /api stays strict", async () => {
      await configure({ unknownMembers: "ignore" });
      const { id } = (await scim.post("/scim/v2/Groups").send({ displayName: unique() }).expect(201)).body;
      await patch(`Groups/${id}`, { op: "add", path: "members", value: [{ value: id }] }).expect(400);
      const { id: own } = (await admin.put(`/api/groups/${unique()}`).send({}).expect(201)).body;
      await admin
        .post(`/api/groups/${own}/members`)
        .send({ members: [stale] })
        .expect(400);
    });
  });

  describe("replaceWithoutMatch", () => {
    const replace = { op: "replace", path: 'emails[type eq "work"].value', value: "a@x" };

    it("reject: noTarget", async () => {
      await configure(null);
      const { id } = await newUser();
      expect((await patch(`Users/${id}`, replace).expect(400)).body.scimType).to.equal("noTarget");
    });

    it("add: the element is added, also with a path as a key; a filter that describes none stays an error", async () => {
      await configure({ replaceWithoutMatch: "add" });
      const { id } = await newUser();
      expect((await patch(`Users/${id}`, replace).expect(200)).body.emails).to.deep.equal([
        { type: "work", value: "a@x" },
      ]);
      const value = { 'phoneNumbers[type eq "work"].value': "1" };
      expect((await patch(`Users/${id}`, { op: "replace", value }).expect(200)).body.phoneNumbers).to.deep.equal([
        { type: "work", value: "1" },
      ]);
      const path = 'ims[type ne "work"].value';
      expect((await patch(`Users/${id}`, { op: "replace", path, value: "x" }).expect(400)).body.scimType).to.equal(
        "noTarget",
      );
    });
  });
});
