import { expect } from "chai";
import { auditEvents } from "../../../src/store/collections.ts";
import { engines } from "../../store/engines.ts";
import { type Agent, patchUrn, type Service, startService } from "../../support/service.ts";
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

    let number = 0;
    const aUser = async (more: object = {}): Promise<string> =>
      (
        await admin
          .post("/api/users")
          .send({ userName: `user${++number}`, ...more })
          .expect(201)
      ).body.id;
    const usersOf = (count: number) => Promise.all(Array.from({ length: count }, () => aUser()));
    const aGroup = async (members: readonly string[] = [], more: object = {}) => {
      const { body } = await admin
        .post("/api/groups")
        .send({ displayName: `Group ${++number}`, ...more })
        .expect(201);
      if (members.length > 0) await admin.post(`/api/groups/${body.id}/members`).send({ members }).expect(200);
      return body as { readonly id: string; readonly displayName: string };
    };
    const membersOf = async (id: string, limit = 100): Promise<string[]> => {
      const found: string[] = [];
      for (let cursor: string | undefined; ; ) {
        const query = { limit, ...(cursor !== undefined && { cursor }) };
        const { body } = await admin.get(`/api/groups/${id}/members`).query(query).expect(200);
        found.push(...body.data.map((member: { id: string }) => member.id));
        if (body.pagination.nextCursor === null) return found;
        cursor = body.pagination.nextCursor;
      }
    };
    const versionOf = async (id: string): Promise<number> =>
      (await admin.get(`/api/groups/${id}`).expect(200)).body.version;
    const never = (id: string): string => id.replace(/.{10}$/, "0000000000");
    const eventsOf = async (id: string) => {
      const { items } = await service.store.for(service.organizationId).open(auditEvents).list({ limit: 10_000 });
      return items.filter(({ target }) => target?.id === id);
    };

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

    describe("members", () => {
      it("are users and groups, told with the names by which people know them", async () => {
        const named = await aUser({ displayName: "Ada" });
        const nameless = await aUser({ userName: "grace" });
        const inner = await aGroup([], { displayName: "Inner" });
        const outer = await aGroup();
        const answer = await admin
          .post(`/api/groups/${outer.id}/members`)
          .send({ members: [named, nameless, inner.id, named] })
          .expect(200);
        expect(answer.body).to.deep.equal({ added: 3 });
        const { body } = await admin.get(`/api/groups/${outer.id}/members`).expect(200);
        const told = [
          { id: inner.id, type: "group", name: "Inner" },
          { id: named, type: "user", name: "Ada" },
          { id: nameless, type: "user", name: "grace" },
        ];
        expect(body).to.deep.equal({ data: told, pagination: { limit: 50, nextCursor: null, hasMore: false } });
        for (const member of told) {
          const one = await admin.get(`/api/groups/${outer.id}/members/${member.id}`).expect(200);
          expect(one.body).to.deep.equal(member);
        }
      });

      it("are added once: who is a member stays one, and nothing changes then", async () => {
        const [one = "", two = ""] = await usersOf(2);
        const group = await aGroup([one]);
        const url = `/api/groups/${group.id}/members`;
        const both = await admin
          .post(url)
          .send({ members: [one, two] })
          .expect(200);
        expect(both.body).to.deep.equal({ added: 1 });
        const again = await admin
          .post(url)
          .send({ members: [one, two] })
          .expect(200);
        expect(again.body).to.deep.equal({ added: 0 });
        expect(again.headers["etag"]).to.equal(both.headers["etag"]);
      });

      it("are replaced as a whole", async () => {
        const [one = "", two = "", three = ""] = await usersOf(3);
        const group = await aGroup([one, two]);
        const url = `/api/groups/${group.id}/members`;
        const put = await admin
          .put(url)
          .send({ members: [two, three] })
          .expect(200);
        expect(put.body).to.deep.equal({ added: 1, removed: 1 });
        expect(await membersOf(group.id)).to.have.members([two, three]);
        const same = await admin
          .put(url)
          .send({ members: [three, two] })
          .expect(200);
        expect(same.body).to.deep.equal({ added: 0, removed: 0 });
        expect(same.headers["etag"]).to.equal(put.headers["etag"]);
        expect((await admin.put(url).send({ members: [] }).expect(200)).body).to.deep.equal({ added: 0, removed: 2 });
      });

      it("are taken out one by one; who is no member is 404, also as a member of a group in it", async () => {
        const [one = "", two = ""] = await usersOf(2);
        const inner = await aGroup([two]);
        const outer = await aGroup([one, inner.id]);
        const url = `/api/groups/${outer.id}/members`;
        await admin.get(`${url}/${two}`).expect(404);
        await admin.delete(`${url}/${two}`).expect(404);
        await admin.delete(`${url}/${one}`).expect(204);
        await admin.delete(`${url}/${one}`).expect(404);
        await admin.get(`${url}/${one}`).expect(404);
        expect(await membersOf(outer.id)).to.deep.equal([inner.id]);
        for (const id of ["__proto__", "constructor", "%00", "x".repeat(500)]) {
          await admin.get(`${url}/${id}`).expect(404);
          await admin.delete(`${url}/${id}`).expect(404);
        }
      });

      it("change the version of their group, and If-Match holds them to it", async () => {
        const [one = "", two = ""] = await usersOf(2);
        const group = await aGroup();
        const url = `/api/groups/${group.id}/members`;
        const first = await admin
          .post(url)
          .set("If-Match", '"1"')
          .send({ members: [one] })
          .expect(200);
        expect(first.headers["etag"]).to.equal('"2"');
        const members = [two];
        await admin.post(url).set("If-Match", '"1"').send({ members }).expect(412);
        await admin.put(url).set("If-Match", '"1"').send({ members }).expect(412);
        await admin.delete(`${url}/${one}`).set("If-Match", '"1"').expect(412);
        expect(await membersOf(group.id)).to.deep.equal([one]);
        await admin.delete(`${url}/${one}`).set("If-Match", '"2"').expect(204);
        expect(await versionOf(group.id)).to.equal(3);
      });

      it("400 points at the member that cannot be one; nobody is added then", async () => {
        const [one = ""] = await usersOf(1);
        const group = await aGroup();
        const url = `/api/groups/${group.id}/members`;
        for (const [members, pointer] of [
          [[one, one, one, never(one)], "/members/3"],
          [[one, never(group.id)], "/members/1"],
          [[one, group.id], "/members/1"],
          [["ada@example.com"], "/members/0"],
          [[one, "__proto__"], "/members/1"],
          [[one, { value: one }], "/members/1"],
          [[null], "/members/0"],
          [one, "/members"],
          [undefined, "/members"],
        ] as const) {
          for (const request of [admin.post(url), admin.put(url)]) {
            expect(pointers(await request.send({ members }).expect(400))).to.deep.equal([pointer]);
          }
        }
        expect(
          pointers(
            await admin
              .post(url)
              .send({ members: [one], colour: "red" })
              .expect(400),
          ),
        ).to.deep.equal(["/colour"]);
        expect(await membersOf(group.id)).to.deep.equal([]);
        expect(await versionOf(group.id)).to.equal(1);
      });

      it("400 for more than one request may bring: 1000 to add, 10,000 to replace", async () => {
        const group = await aGroup();
        const url = `/api/groups/${group.id}/members`;
        const ids = (count: number): string[] => Array.from({ length: count }, () => never(group.id));
        expect(
          pointers(
            await admin
              .post(url)
              .send({ members: ids(1001) })
              .expect(400),
          ),
        ).to.deep.equal(["/members"]);
        expect(
          pointers(
            await admin
              .put(url)
              .send({ members: ids(10_001) })
              .expect(400),
          ),
        ).to.deep.equal(["/members"]);
      });

      it("page by id to the end while others come and go: who stays is told once", async () => {
        const ids = (await usersOf(60)).sort();
        const stay = ids.filter((_, at) => at % 3 !== 0);
        const go = ids.filter((_, at) => at % 3 === 0);
        const group = await aGroup(ids);
        const url = `/api/groups/${group.id}/members`;
        const seen: string[] = [];
        for (let cursor: string | undefined; ; ) {
          const query = { limit: 7, ...(cursor !== undefined && { cursor }) };
          const { body } = await admin.get(url).query(query).expect(200);
          seen.push(...body.data.map(({ id }: { id: string }) => id));
          if (body.pagination.nextCursor === null) break;
          cursor = body.pagination.nextCursor;
          const leaving = go.pop();
          if (leaving !== undefined) await admin.delete(`${url}/${leaving}`).expect(204);
          await admin
            .post(url)
            .send({ members: await usersOf(1) })
            .expect(200);
        }
        expect(seen).to.deep.equal([...new Set(seen)].sort());
        expect(seen).to.include.members(stay);
      });

      it("of many who are added at once, each is there", async () => {
        const ids = await usersOf(20);
        const group = await aGroup();
        await Promise.all(
          ids.map((id) =>
            admin
              .post(`/api/groups/${group.id}/members`)
              .send({ members: [id] })
              .expect(200),
          ),
        );
        expect(await membersOf(group.id)).to.have.members(ids);
        expect(await versionOf(group.id)).to.equal(21);
      });

      it("leave an audit event for each change, with who came and who went", async () => {
        const [one = "", two = ""] = await usersOf(2);
        const group = await aGroup([one]);
        await admin
          .put(`/api/groups/${group.id}/members`)
          .send({ members: [two] })
          .expect(200);
        const events = (await eventsOf(group.id)).map(({ action, details }) => ({ action, details }));
        expect(events).to.deep.equal([
          { action: "group.create", details: undefined },
          { action: "group.members.change", details: { added: [one], removed: [] } },
          { action: "group.members.change", details: { added: [two], removed: [one] } },
        ]);
      });

      it("who is removed is in no list any more", async () => {
        const [one = "", two = ""] = await usersOf(2);
        const group = await aGroup([one, two]);
        await admin.delete(`/api/users/${one}`).expect(204);
        expect(await membersOf(group.id)).to.deep.equal([two]);
        await admin.get(`/api/groups/${group.id}/members/${one}`).expect(404);
      });
    });

    describe("the groups of a user", () => {
      it("are told directly and through other groups, with which of both, a page at a time", async () => {
        const user = await aUser({ userName: "nested" });
        const inner = await aGroup([user]);
        const middle = await aGroup([inner.id]);
        const outer = await aGroup([middle.id]);
        await admin
          .post(`/api/groups/${inner.id}/members`)
          .send({ members: [outer.id] })
          .expect(200);
        const all = [
          { ...inner, direct: true },
          { ...middle, direct: false },
          { ...outer, direct: false },
        ].map(({ id, displayName, direct }) => ({ id, displayName, direct }));
        const { body } = await admin.get("/api/users/NESTED/groups").expect(200);
        expect(body.data).to.deep.equal(all);
        const first = await admin.get(`/api/users/${user}/groups`).query({ limit: 2 }).expect(200);
        expect(first.body.data).to.deep.equal(all.slice(0, 2));
        const { nextCursor: cursor } = first.body.pagination;
        const last = await admin.get(`/api/users/${user}/groups`).query({ limit: 2, cursor }).expect(200);
        expect(last.body).to.deep.equal({
          data: all.slice(2),
          pagination: { limit: 2, nextCursor: null, hasMore: false },
        });
        await admin
          .get(`/api/users/${await aUser()}/groups`)
          .query({ cursor })
          .expect(400);
        expect((await admin.get(`/api/users/${await aUser()}/groups`).expect(200)).body.data).to.deep.equal([]);
      });
    });

    describe("groups of the identity provider", () => {
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
