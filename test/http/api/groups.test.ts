import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, patchUrn, type Service, startService } from "../../support/service.ts";
import { createGroupHelpers } from "./groups.fixture.ts";
import { errorPointers } from "./pointers.fixture.ts";

/** What groups and their members promise beyond the contract of every resource. */
describeOnEngines("/api/groups", (open) => {
  let service: Service;
  let admin: Agent;
  let scim: Agent;
  before(async () => {
    service = await startService({ open });
    admin = await service.clientWithScopes(["admin:write"]);
    scim = await service.clientWithScopes(["admin:scim"]);
  });
  after(() => service.dispose());

  const { createUser, createUsers, createGroup, listMembers, getVersion, toUnknownId, listEvents } = createGroupHelpers(
    () => ({
      service,
      admin,
    }),
  );

  describe("attributes", () => {
    it("are displayName and externalId; members have their own path", async () => {
      const group = await createGroup(await createUsers(1), { externalId: "e" });
      const { body } = await admin.get(`/api/groups/${group.id}`).expect(200);
      expect(Object.keys(body).sort()).to.deep.equal(
        ["id", "version", "createdAt", "updatedAt", "displayName", "externalId", "labels"].sort(),
      );
      const { displayName } = group;
      for (const request of [admin.post("/api/groups"), admin.put(`/api/groups/${encodeURIComponent(displayName)}`)]) {
        expect(errorPointers(await request.send({ displayName, members: [] }).expect(400))).to.deep.equal(["/members"]);
      }
      expect(
        errorPointers(await admin.patch(`/api/groups/${group.id}`).send({ members: [] }).expect(400)),
      ).to.deep.equal(["/members"]);
      await admin.patch(`/api/groups/${group.id}`).send({ externalId: null }).expect(200);
      expect(await listMembers(group.id)).to.have.length(1);
    });

    it("400: names the invalid field", async () => {
      for (const [body, pointer] of [
        [{}, "/displayName"],
        [{ displayName: " " }, "/displayName"],
        [{ displayName: null }, "/displayName"],
        [{ displayName: "x".repeat(1025) }, "/displayName"],
        [{ displayName: "x", externalId: 5 }, "/externalId"],
        [{ displayName: "x", externalId: null }, "/externalId"],
      ] as const) {
        expect(errorPointers(await admin.post("/api/groups").send(body).expect(400))).to.deep.equal([pointer]);
      }
    });

    it("displayName is unique and identifies the group in a path, case-insensitively", async () => {
      const { body } = await admin.post("/api/groups").send({ displayName: "R&D / Labs" }).expect(201);
      const taken = await admin.post("/api/groups").send({ displayName: "r&d / LABS" }).expect(409);
      expect(errorPointers(taken)).to.deep.equal(["/displayName"]);
      const url = `/api/groups/${encodeURIComponent("R&D / LABS")}`;
      expect((await admin.get(url).expect(200)).body).to.deep.equal(body);
      await admin
        .post(`${url}/members`)
        .send({ members: await createUsers(1) })
        .expect(200);
      expect(await listMembers(body.id)).to.have.length(1);
      await admin.delete(url).expect(204);
    });
  });

  it("filters by displayName, externalId and member, alone and combined", async () => {
    const [inside = "", outside = ""] = await createUsers(2);
    const one = await createGroup([inside], { displayName: "Filtered", externalId: "Filtered-1" });
    const other = await createGroup([inside, one.id]);
    const listIds = async (query: object): Promise<string[]> =>
      (await admin.get("/api/groups").query(query).expect(200)).body.data.map(({ id }: { id: string }) => id);
    expect(await listIds({ displayName: "FILTERED" })).to.deep.equal([one.id]);
    expect(await listIds({ externalId: "Filtered-1" })).to.deep.equal([one.id]);
    expect(await listIds({ member: inside })).to.deep.equal([one.id, other.id]);
    expect(await listIds({ member: one.id })).to.deep.equal([other.id]);
    expect(await listIds({ member: inside, displayName: "filtered", externalId: "Filtered-1" })).to.deep.equal([
      one.id,
    ]);
    for (const query of [{ member: outside }, { member: "x" }, { member: inside, externalId: "filtered-1" }]) {
      expect(await listIds(query)).to.deep.equal([]);
    }
    expect(errorPointers(await admin.get("/api/groups").query({ members: inside }).expect(400))).to.deep.equal([
      "/members",
    ]);
  });

  describe("groups that the identity provider manages", () => {
    let number = 0;
    const provisioned = async (members: readonly string[] = []): Promise<string> => {
      const body = { displayName: `Team ${++number}`, members: members.map((value) => ({ value })) };
      return (await scim.post("/scim/v2/Groups").send(body).expect(201)).body.id;
    };

    it("409: rejects changes to them and their members without override=true", async () => {
      const [one = "", two = ""] = await createUsers(2);
      const id = await provisioned([one]);
      const changes: readonly (() => ReturnType<Agent["get"]>)[] = [
        () => admin.put(`/api/groups/${id}`).send({ displayName: `Renamed ${++number}` }),
        () => admin.patch(`/api/groups/${id}`).send({ externalId: `e${++number}` }),
        () => admin.post(`/api/groups/${id}/members`).send({ members: [two] }),
        () => admin.delete(`/api/groups/${id}/members/${one}`),
        () => admin.put(`/api/groups/${id}/members`).send({ members: [] }),
        () => admin.delete(`/api/groups/${id}`),
      ];
      for (const change of changes) expect((await change().expect(409)).body.type).to.match(/:managed$/);
      expect(await getVersion(id)).to.equal(1);
      for (const change of changes) expect((await change().query({ override: true })).status).to.be.below(300);
      const overrides = (await listEvents(id)).slice(1).map(({ details }) => details?.["override"]);
      expect(overrides).to.deep.equal(changes.map(() => true));
    });

    it("become managed by any SCIM write, also of members", async () => {
      const [one = ""] = await createUsers(1);
      const group = await createGroup([one]);
      const Operations = [{ op: "add", path: "members", value: [{ value: one }] }];
      const patch = () => scim.patch(`/scim/v2/Groups/${group.id}`).send({ schemas: [patchUrn], Operations });
      await patch().expect(204);
      const taken = await admin.get(`/api/groups/${group.id}`).expect(200);
      expect(taken.body).to.deep.include({ managedBy: "scim", version: 3 });
      await patch().expect(204);
      expect(await getVersion(group.id)).to.equal(3);
      expect((await scim.get(`/scim/v2/Groups/${group.id}`).expect(200)).text).to.not.contain("managed");
    });

    it("can be deleted by SCIM even if the catalog references them", async () => {
      const id = await provisioned();
      await admin
        .put("/api/skills/for-a-team")
        .send({ name: "For a team", content: "", assignment: { groups: [id] } })
        .expect(201);
      const { body } = await admin.delete(`/api/groups/${id}`).query({ override: true }).expect(409);
      expect(body.blockers.map(({ type, name }: { type: string; name: string }) => [type, name])).to.deep.equal([
        ["skill", "For a team"],
      ]);
      await scim.delete(`/scim/v2/Groups/${id}`).expect(204);
    });

    it("409: lists at most twenty blockers", async () => {
      const group = await createGroup();
      for (let at = 0; at < 22; at++) {
        await admin
          .put(`/api/${at % 2 ? "skills" : "commands"}/many-${at}`)
          .send({
            name: `Many ${at}`,
            assignment: { groups: [group.id] },
            ...(at % 2 ? { content: "" } : { template: "x" }),
          })
          .expect(201);
      }
      const { body } = await admin.delete(`/api/groups/${group.id}`).expect(409);
      expect(body.blockers).to.have.length(20);
    });
  });

  describe("isolation", () => {
    it("returns the same response for a foreign group as for an unknown one, in every place that names one", async () => {
      const user = await createUser();
      const group = await createGroup([user]);
      const stranger = await service.clientWithScopes(["admin:write"], await service.createOrganization("stranger"));
      const own = (await stranger.post("/api/groups").send({ displayName: "Own" }).expect(201)).body.id;
      const touches: Record<string, (userId: string, groupId: string) => ReturnType<Agent["get"]>> = {
        members: (_, id) => stranger.get(`/api/groups/${id}/members`),
        "a member": (u, g) => stranger.get(`/api/groups/${g}/members/${u}`),
        "a member of one's own": (u) => stranger.get(`/api/groups/${own}/members/${u}`),
        "adding to it": (u, g) => stranger.post(`/api/groups/${g}/members`).send({ members: [u] }),
        "adding to one's own": (u) => stranger.post(`/api/groups/${own}/members`).send({ members: [u] }),
        "adding it to one's own": (_, g) => stranger.put(`/api/groups/${own}/members`).send({ members: [g] }),
        "replacing its members": (_, g) => stranger.put(`/api/groups/${g}/members`).send({ members: [] }),
        "removing a member": (u, g) => stranger.delete(`/api/groups/${g}/members/${u}`),
        "groups of a user": (u) => stranger.get(`/api/users/${u}/groups`),
        "groups by member": (u) => stranger.get("/api/groups").query({ member: u }),
      };
      for (const [what, touch] of Object.entries(touches)) {
        const [theirs, missing] = await Promise.all([
          touch(user, group.id).set("X-Request-Id", "same"),
          touch(toUnknownId(user), toUnknownId(group.id)).set("X-Request-Id", "same"),
        ]);
        const withoutIds = ({ text }: { text: string }) =>
          [toUnknownId(user), toUnknownId(group.id), user, group.id].reduce(
            (all, id) => all.replaceAll(id, "ID"),
            text,
          );
        expect(theirs.status, what).to.equal(missing.status);
        expect(withoutIds(theirs), what).to.equal(withoutIds(missing));
      }
      expect(await listMembers(group.id)).to.deep.equal([user]);
      await stranger.get("/api/groups/Own").expect(200);
      await admin.get("/api/groups/Own").expect(404);
    });
  });
});
