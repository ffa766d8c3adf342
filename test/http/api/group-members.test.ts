import { expect } from "chai";
import { engines } from "../../store/engines.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";
import { grouped } from "./grouped.ts";
import { pointers } from "./pointers.ts";

/** Who is in groups, and in which groups somebody is. */
for (const { name: engine, open } of engines) {
  describe(`/api/groups/{id}/members on ${engine}`, () => {
    let service: Service;
    let admin: Agent;
    before(async () => {
      service = await startService({ open });
      admin = await service.as(["admin:write"]);
    });
    after(() => service.dispose());

    const { aUser, usersOf, aGroup, membersOf, versionOf, never, eventsOf } = grouped(() => ({ service, admin }));

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
  });
}
