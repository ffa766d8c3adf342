import { once } from "node:events";
import { get as httpGet } from "node:http";
import { expect } from "chai";
import { auditEvents } from "../../../src/store/collections.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, groupUrn, patchUrn, type Service, startService, userUrn } from "../../support/service.ts";

describeOnEngines("/scim/v2/Groups", (open) => {
  let service: Service;
  let scim: Agent;
  before(async () => {
    service = await startService({ open });
    scim = await service.clientWithScopes(["admin:scim"]);
  });
  after(() => service.dispose());

  let number = 0;
  const createUserId = async (): Promise<string> =>
    (
      await scim
        .post("/scim/v2/Users")
        .send({ schemas: [userUrn], userName: `u${++number}` })
        .expect(201)
    ).body.id;
  const createGroup = async (more: object = {}) =>
    (
      await scim
        .post("/scim/v2/Groups")
        .send({ schemas: [groupUrn], displayName: `g${++number}`, ...more })
        .expect(201)
    ).body;
  const patch = (id: string, ...Operations: object[]) =>
    scim.patch(`/scim/v2/Groups/${id}`).send({ schemas: [patchUrn], Operations });
  const read = async (id: string) => (await scim.get(`/scim/v2/Groups/${id}`).expect(200)).body;
  const memberIds = async (id: string): Promise<string[]> =>
    ((await read(id)).members ?? []).map(({ value }: { value: string }) => value);

  describe("RFC 7644 3.3: create", () => {
    it("returns 201 with the members, each with type and location", async () => {
      const user = await createUserId();
      const inner = await createGroup();
      const group = await createGroup({ members: [{ value: user }, { value: inner.id }, { value: user }] });
      expect(group.members).to.have.deep.members([
        { value: user, type: "User", $ref: `https://gatehouse.example/scim/v2/Users/${user}` },
        { value: inner.id, type: "Group", $ref: `https://gatehouse.example/scim/v2/Groups/${inner.id}` },
      ]);
      expect(await read(group.id)).to.deep.equal(group);
    });

    it("keeps displayName unique, case-insensitively", async () => {
      await createGroup({ displayName: "Engineers" });
      const rejection = await scim.post("/scim/v2/Groups").send({ displayName: "ENGINEERS" }).expect(409);
      expect(rejection.body.scimType).to.equal("uniqueness");
    });

    it("rejects an unknown member, names the attribute members, and creates no group", async () => {
      for (const value of ["usr_01ARZ3NDEKTSV4RRFFQ69G5FAV", "grp_01ARZ3NDEKTSV4RRFFQ69G5FAV", "x", 5, null, ""]) {
        const displayName = `incomplete ${++number}`;
        const rejection = await scim
          .post("/scim/v2/Groups")
          .send({ displayName, members: [{ value }] })
          .expect(400);
        expect(rejection.body.scimType).to.equal("invalidValue");
        expect(rejection.body.detail).to.match(/member/i);
        const list = await scim.get("/scim/v2/Groups").query({ filter: `displayName eq "${displayName}"` });
        expect(list.body.totalResults).to.equal(0);
      }
    });
  });

  describe("RFC 7644 3.4.1: read", () => {
    it("omits members if the request excludes them", async () => {
      const group = await createGroup({ members: [{ value: await createUserId() }] });
      const { body } = await scim.get(`/scim/v2/Groups/${group.id}?excludedAttributes=members`).expect(200);
      expect(body).to.not.have.property("members");
      const list = await scim
        .get("/scim/v2/Groups")
        .query({ filter: `displayName eq "${group.displayName}"`, excludedAttributes: "members" });
      expect(list.body.Resources).to.deep.equal([body]);
    });
  });

  describe("RFC 7644 3.5.2: patch members", () => {
    it("returns 204 with the new ETag, and 200 if the request has attributes", async () => {
      const { id } = await createGroup();
      const user = await createUserId();
      const response = await patch(id, { op: "add", path: "members", value: [{ value: user }] }).expect(204);
      expect(response.headers["etag"]).to.equal('W/"2"');
      const group = await scim
        .patch(`/scim/v2/Groups/${id}?attributes=displayName`)
        .send({ schemas: [patchUrn], Operations: [{ op: "replace", path: "externalId", value: "e" }] })
        .expect(200);
      expect(group.body).to.not.have.property("members");
      expect(await memberIds(id)).to.deep.equal([user]);
    });

    it("adds and removes members in every form that identity providers send", async () => {
      const [a, b, c, d] = await Promise.all([createUserId(), createUserId(), createUserId(), createUserId()]);
      const { id } = await createGroup();
      await patch(id, { op: "Add", path: "members", value: [{ value: a }, { value: b }] }).expect(204);
      await patch(id, { op: "add", value: { members: [{ value: c }] } }).expect(204);
      await patch(id, { op: "add", path: `${groupUrn}:members`, value: { value: d } }).expect(204);
      expect(await memberIds(id)).to.have.members([a, b, c, d]);
      await patch(id, { op: "remove", path: `members[value eq "${a}"]` }).expect(204);
      await patch(id, { op: "Remove", path: "members", value: [{ $ref: null, value: b }] }).expect(204);
      await patch(id, { op: "remove", path: "members", value: [c] }).expect(204);
      expect(await memberIds(id)).to.deep.equal([d]);
      await patch(id, { op: "replace", path: "members", value: [{ value: a }, { value: b }] }).expect(204);
      expect(await memberIds(id)).to.have.members([a, b]);
      await patch(id, { op: "replace", value: { id, displayName: "Renamed", members: [{ value: c }] } }).expect(204);
      expect(await memberIds(id)).to.deep.equal([c]);
      await patch(id, { op: "remove", path: "members" }).expect(204);
      expect(await memberIds(id)).to.deep.equal([]);
    });

    it("removes no member for a value that looks like a filter", async () => {
      const user = await createUserId();
      const { id } = await createGroup({ members: [{ value: user }] });
      const value = [{ value: 'zz" or value pr or value eq "yy' }];
      await patch(id, { op: "remove", path: "members", value }).expect(204);
      await patch(id, { op: "remove", path: 'members[value eq "x" or value pr]' }).expect(400);
      expect(await memberIds(id)).to.deep.equal([user]);
    });

    it("applies several operations in order, in one change", async () => {
      const [a, b] = await Promise.all([createUserId(), createUserId()]);
      const group = await createGroup({ members: [{ value: a }] });
      await patch(
        group.id,
        { op: "remove", path: "members", value: [{ value: a }] },
        { op: "add", path: "members", value: [{ value: b }] },
        { op: "replace", path: "displayName", value: `g${++number}` },
      ).expect(204);
      expect(await memberIds(group.id)).to.deep.equal([b]);
      expect((await read(group.id)).meta.version).to.equal('W/"2"');
    });

    it("changes nothing if one operation is invalid", async () => {
      const user = await createUserId();
      const group = await createGroup();
      const add = { op: "add", path: "members", value: [{ value: user }] };
      await patch(group.id, add, { op: "add", path: "members", value: [{ value: "usr_none" }] }).expect(400);
      await patch(group.id, add, { op: "replace", path: "shoeSize", value: 1 }).expect(400);
      expect(await read(group.id)).to.deep.equal(group);
    });

    it("keeps the version if the members do not change", async () => {
      const user = await createUserId();
      const group = await createGroup({ members: [{ value: user }] });
      await patch(group.id, { op: "add", path: "members", value: [{ value: user }] }).expect(204);
      await patch(group.id, { op: "remove", path: `members[value eq "${await createUserId()}"]` }).expect(204);
      expect(await read(group.id)).to.deep.equal(group);
    });

    it("rejects a group as its own member, and allows cycles of groups", async () => {
      const outer = await createGroup();
      await patch(outer.id, { op: "add", path: "members", value: [{ value: outer.id }] }).expect(400);
      const inner = await createGroup({ members: [{ value: outer.id }] });
      await patch(outer.id, { op: "add", path: "members", value: [{ value: inner.id }] }).expect(204);
      expect(await memberIds(outer.id)).to.deep.equal([inner.id]);
      await scim.delete(`/scim/v2/Groups/${inner.id}`).expect(204);
      expect(await memberIds(outer.id)).to.deep.equal([]);
    });

    it("returns 412 for a stale If-Match and keeps the members", async () => {
      const group = await createGroup({ members: [{ value: await createUserId() }] });
      await patch(group.id, { op: "remove", path: "members" }).set("If-Match", 'W/"5"').expect(412);
      expect(await read(group.id)).to.deep.equal(group);
    });

    it("keeps all 50 members of 50 concurrent requests", async () => {
      const { id } = await createGroup();
      const users = await Promise.all(Array.from({ length: 50 }, createUserId));
      await Promise.all(
        users.map((value) => patch(id, { op: "add", path: "members", value: [{ value }] }).expect(204)),
      );
      expect(await memberIds(id)).to.have.members(users);
      expect((await read(id)).meta.version).to.equal('W/"51"');
    });

    it("writes one audit event with the added and removed members", async () => {
      const user = await createUserId();
      const { id } = await createGroup();
      await patch(id, { op: "add", path: "members", value: [{ value: user }] }).expect(204);
      const { items } = await service.store
        .for(service.organizationId)
        .open(auditEvents)
        .list({
          where: { op: "eq", path: "target.id", value: id },
          sort: { path: "id", direction: "descending" },
          limit: 1,
        });
      expect(items[0]).to.deep.include({ action: "group.members.change", details: { added: [user], removed: [] } });
    });
  });

  describe("RFC 7644 3.5.1: replace", () => {
    it("replaces the name and the members", async () => {
      const [a, b] = await Promise.all([createUserId(), createUserId()]);
      const group = await createGroup({ externalId: "e1", members: [{ value: a }] });
      const { body } = await scim
        .put(`/scim/v2/Groups/${group.id}`)
        .send({ schemas: [groupUrn], displayName: "Replaced", members: [{ value: b }] })
        .expect(200);
      expect(body).to.deep.include({ id: group.id, displayName: "Replaced" });
      expect(body).to.not.have.property("externalId");
      expect(await memberIds(group.id)).to.deep.equal([b]);
    });
  });

  it("stops silently if the client disconnects while members are sent", async () => {
    const warnings: Error[] = [];
    const warned = (warning: Error) => warnings.push(warning);
    process.on("warning", warned);
    const { id } = await createGroup();
    await service.store.transaction((change) =>
      change.for(service.organizationId).memberships.add(
        id,
        Array.from({ length: 20_000 }, (_, at) => `usr_${at}`),
      ),
    );
    const { secret } = await service.issueToken({ scopes: ["admin:scim"] });
    const request = httpGet({
      port: service.port,
      path: `/scim/v2/Groups/${id}`,
      headers: { Authorization: `Bearer ${secret}` },
    });
    const [response] = await once(request, "response");
    await once(response, "data");
    response.destroy();
    expect((await read(id)).members).to.have.length(20_000);
    process.off("warning", warned);
    expect(warnings).to.deep.equal([]);
  });

  describe("a group of 2,500 members", () => {
    it("returns all members, and adds one member as one edge", async () => {
      const ids: string[] = [];
      await service.store.transaction(async (change) => {
        const tenant = change.for(service.organizationId);
        for (let at = 0; at < 2500; at++) ids.push(`usr_${String(at).padStart(26, "0")}`);
        const { id } = (await service.store.for(service.organizationId).open(groupsOnly).list({ limit: 1 }))
          .items[0] ?? { id: "" };
        await tenant.memberships.add(id, ids);
      });
      const { items } = await service.store.for(service.organizationId).open(groupsOnly).list({ limit: 1 });
      const group = items[0]?.id ?? "";
      expect(await memberIds(group)).to.include.members(ids);
      const another = await createUserId();
      await patch(group, { op: "add", path: "members", value: [{ value: another }] }).expect(204);
      expect(await memberIds(group)).to.include(another);
    });
  });
});

const groupsOnly = { name: "groups", indexes: [] };
