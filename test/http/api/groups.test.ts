import { expect } from "chai";
import { engines } from "../../store/engines.ts";
import { type Agent, patchUrn, type Service, startService } from "../../support/service.ts";
import { grouped } from "./grouped.ts";
import { pointers } from "./pointers.ts";

/** What groups, and who is in them, promise besides what every resource does. */
for (const { name: engine, open } of engines) {
  describe(`/api/groups on ${engine}`, () => {
    let service: Service;
    let admin: Agent;
    let scim: Agent;
    before(async () => {
      service = await startService({ open });
      admin = await service.as(["admin:write"]);
      scim = await service.as(["admin:scim"]);
    });
    after(() => service.dispose());

    const { aUser, usersOf, aGroup, membersOf, versionOf, never, eventsOf } = grouped(() => ({ service, admin }));

    describe("attributes", () => {
      it("are displayName and externalId; members are a list of their own", async () => {
        const group = await aGroup(await usersOf(1), { externalId: "e" });
        const { body } = await admin.get(`/api/groups/${group.id}`).expect(200);
        expect(Object.keys(body).sort()).to.deep.equal(
          ["id", "version", "createdAt", "updatedAt", "displayName", "externalId"].sort(),
        );
        const { displayName } = group;
        for (const request of [
          admin.post("/api/groups"),
          admin.put(`/api/groups/${encodeURIComponent(displayName)}`),
        ]) {
          expect(pointers(await request.send({ displayName, members: [] }).expect(400))).to.deep.equal(["/members"]);
        }
        expect(pointers(await admin.patch(`/api/groups/${group.id}`).send({ members: [] }).expect(400))).to.deep.equal([
          "/members",
        ]);
        await admin.patch(`/api/groups/${group.id}`).send({ externalId: null }).expect(200);
        expect(await membersOf(group.id)).to.have.length(1);
      });

      it("400 names the field that is wrong", async () => {
        for (const [body, pointer] of [
          [{}, "/displayName"],
          [{ displayName: " " }, "/displayName"],
          [{ displayName: null }, "/displayName"],
          [{ displayName: "x".repeat(1025) }, "/displayName"],
          [{ displayName: "x", externalId: 5 }, "/externalId"],
          [{ displayName: "x", externalId: null }, "/externalId"],
        ] as const) {
          expect(pointers(await admin.post("/api/groups").send(body).expect(400))).to.deep.equal([pointer]);
        }
      });

      it("displayName is taken once, and names the group in a path, in any letter case", async () => {
        const { body } = await admin.post("/api/groups").send({ displayName: "R&D / Labs" }).expect(201);
        const taken = await admin.post("/api/groups").send({ displayName: "r&d / LABS" }).expect(409);
        expect(pointers(taken)).to.deep.equal(["/displayName"]);
        const url = `/api/groups/${encodeURIComponent("R&D / LABS")}`;
        expect((await admin.get(url).expect(200)).body).to.deep.equal(body);
        await admin
          .post(`${url}/members`)
          .send({ members: await usersOf(1) })
          .expect(200);
        expect(await membersOf(body.id)).to.have.length(1);
        await admin.delete(url).expect(204);
      });
    });

    it("lists are asked by displayName, externalId and member, alone or together", async () => {
      const [inside = "", outside = ""] = await usersOf(2);
      const one = await aGroup([inside], { displayName: "Asked", externalId: "Asked-1" });
      const other = await aGroup([inside, one.id]);
      const found = async (query: object): Promise<string[]> =>
        (await admin.get("/api/groups").query(query).expect(200)).body.data.map(({ id }: { id: string }) => id);
      expect(await found({ displayName: "ASKED" })).to.deep.equal([one.id]);
      expect(await found({ externalId: "Asked-1" })).to.deep.equal([one.id]);
      expect(await found({ member: inside })).to.deep.equal([one.id, other.id]);
      expect(await found({ member: one.id })).to.deep.equal([other.id]);
      expect(await found({ member: inside, displayName: "asked", externalId: "Asked-1" })).to.deep.equal([one.id]);
      for (const query of [{ member: outside }, { member: "x" }, { member: inside, externalId: "asked-1" }]) {
        expect(await found(query)).to.deep.equal([]);
      }
      expect(pointers(await admin.get("/api/groups").query({ members: inside }).expect(400))).to.deep.equal([
        "/members",
      ]);
    });

    describe("groups of the identity provider", () => {
      let number = 0;
      const provisioned = async (members: readonly string[] = []): Promise<string> => {
        const body = { displayName: `Team ${++number}`, members: members.map((value) => ({ value })) };
        return (await scim.post("/scim/v2/Groups").send(body).expect(201)).body.id;
      };

      it("409: an admin leaves them and their members alone, unless it is to be", async () => {
        const [one = "", two = ""] = await usersOf(2);
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
        expect(await versionOf(id)).to.equal(1);
        for (const change of changes) expect((await change().query({ override: true })).status).to.be.below(300);
        const told = (await eventsOf(id)).slice(1).map(({ details }) => details?.["override"]);
        expect(told).to.deep.equal(changes.map(() => true));
      });

      it("become so by any write of the provider, of members too", async () => {
        const [one = ""] = await usersOf(1);
        const group = await aGroup([one]);
        const Operations = [{ op: "add", path: "members", value: [{ value: one }] }];
        const patch = () => scim.patch(`/scim/v2/Groups/${group.id}`).send({ schemas: [patchUrn], Operations });
        await patch().expect(204);
        const taken = await admin.get(`/api/groups/${group.id}`).expect(200);
        expect(taken.body).to.deep.include({ managedBy: "scim", version: 3 });
        await patch().expect(204);
        expect(await versionOf(group.id)).to.equal(3);
        expect((await scim.get(`/scim/v2/Groups/${group.id}`).expect(200)).text).to.not.contain("managed");
      });

      it("are removed by the provider whatever of the catalogue names them", async () => {
        const id = await provisioned();
        await admin
          .put("/api/skills/for-a-team")
          .send({ name: "For a team", content: "", assignment: { groups: [id] } })
          .expect(201);
        const { body } = await admin.delete(`/api/groups/${id}`).query({ override: true }).expect(409);
        expect(body.blockers.map(({ kind, name }: { kind: string; name: string }) => [kind, name])).to.deep.equal([
          ["skill", "For a team"],
        ]);
        await scim.delete(`/scim/v2/Groups/${id}`).expect(204);
      });

      it("tell the first twenty that name one, of however many", async () => {
        const group = await aGroup();
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

    describe("another organisation's", () => {
      it("are answered to the byte as what was never there, in every place that names one", async () => {
        const user = await aUser();
        const group = await aGroup([user]);
        const stranger = await service.as(["admin:write"], await service.organization("stranger"));
        const own = (await stranger.post("/api/groups").send({ displayName: "Own" }).expect(201)).body.id;
        const touches: Record<string, (userId: string, groupId: string) => ReturnType<Agent["get"]>> = {
          members: (_, id) => stranger.get(`/api/groups/${id}/members`),
          "a member": (u, g) => stranger.get(`/api/groups/${g}/members/${u}`),
          "a member of one's own": (u) => stranger.get(`/api/groups/${own}/members/${u}`),
          "adding to it": (u, g) => stranger.post(`/api/groups/${g}/members`).send({ members: [u] }),
          "adding to one's own": (u) => stranger.post(`/api/groups/${own}/members`).send({ members: [u] }),
          "adding it to one's own": (_, g) => stranger.put(`/api/groups/${own}/members`).send({ members: [g] }),
          "replacing its members": (_, g) => stranger.put(`/api/groups/${g}/members`).send({ members: [] }),
          "taking out": (u, g) => stranger.delete(`/api/groups/${g}/members/${u}`),
          "groups of a user": (u) => stranger.get(`/api/users/${u}/groups`),
          "groups by member": (u) => stranger.get("/api/groups").query({ member: u }),
        };
        for (const [what, touch] of Object.entries(touches)) {
          const [theirs, missing] = await Promise.all([
            touch(user, group.id).set("X-Request-Id", "same"),
            touch(never(user), never(group.id)).set("X-Request-Id", "same"),
          ]);
          const told = ({ text }: { text: string }) =>
            [never(user), never(group.id), user, group.id].reduce((all, id) => all.replaceAll(id, "ID"), text);
          expect(theirs.status, what).to.equal(missing.status);
          expect(told(theirs), what).to.equal(told(missing));
        }
        expect(await membersOf(group.id)).to.deep.equal([user]);
        await stranger.get("/api/groups/Own").expect(200);
        await admin.get("/api/groups/Own").expect(404);
      });
    });
  });
}
