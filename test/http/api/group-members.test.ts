import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";
import { createGroupHelpers } from "./groups.fixture.ts";
import { errorPointers } from "./pointers.fixture.ts";

/** The members of groups, and the groups of users. */
describeOnEngines("/api/groups/{id}/members", (open) => {
  let service: Service;
  let admin: Agent;
  before(async () => {
    service = await startService({ open });
    admin = await service.clientWithScopes(["admin:write"]);
  });
  after(() => service.dispose());

  const { createUser, createUsers, createGroup, listMembers, getVersion, toUnknownId, listEvents } = createGroupHelpers(
    () => ({
      service,
      admin,
    }),
  );

  describe("members", () => {
    it("are users and groups, with their display names", async () => {
      const named = await createUser({ displayName: "Ada" });
      const nameless = await createUser({ userName: "grace" });
      const inner = await createGroup([], { displayName: "Inner" });
      const outer = await createGroup();
      const response = await admin
        .post(`/api/groups/${outer.id}/members`)
        .send({ members: [named, nameless, inner.id, named] })
        .expect(200);
      expect(response.body).to.deep.equal({ added: 3 });
      const { body } = await admin.get(`/api/groups/${outer.id}/members`).expect(200);
      const memberResponses = [
        { id: inner.id, type: "group", name: "Inner" },
        { id: named, type: "user", name: "Ada" },
        { id: nameless, type: "user", name: "grace" },
      ];
      expect(body).to.deep.equal({
        data: memberResponses,
        pagination: { limit: 50, nextCursor: null, hasMore: false },
      });
      for (const member of memberResponses) {
        const one = await admin.get(`/api/groups/${outer.id}/members/${member.id}`).expect(200);
        expect(one.body).to.deep.equal(member);
      }
    });

    it("are added once; adding an existing member changes nothing", async () => {
      const [one = "", two = ""] = await createUsers(2);
      const group = await createGroup([one]);
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

    it("are added one at a time: 201, or 200 for a member, and 400 for what cannot be one", async () => {
      const [one = "", two = ""] = await createUsers(2);
      const group = await createGroup([one]);
      const put = (id: string) => admin.put(`/api/groups/${group.id}/members/${id}`);
      const added = await put(two).set("If-Match", '"2"').expect(201);
      expect(added.body).to.include({ id: two, type: "user" });
      expect(added.headers["etag"]).to.equal('"3"');
      const again = await put(two).expect(200);
      expect([again.body, again.headers["etag"]]).to.deep.equal([added.body, '"3"']);
      await put(one).set("If-Match", '"1"').expect(412);
      for (const id of [group.id, toUnknownId(one), "__proto__", "ada@example.com"]) {
        const { body } = await put(id).expect(400);
        expect(body.detail).to.match(/^A member cannot be added: /);
        expect(body.errors).to.equal(undefined);
      }
      await admin.put(`/api/groups/${toUnknownId(group.id)}/members/${one}`).expect(404);
      expect(await listMembers(group.id)).to.have.members([one, two]);
    });

    it("are replaced as a whole", async () => {
      const [one = "", two = "", three = ""] = await createUsers(3);
      const group = await createGroup([one, two]);
      const url = `/api/groups/${group.id}/members`;
      const put = await admin
        .put(url)
        .send({ members: [two, three] })
        .expect(200);
      expect(put.body).to.deep.equal({ added: 1, removed: 1 });
      expect(await listMembers(group.id)).to.have.members([two, three]);
      const same = await admin
        .put(url)
        .send({ members: [three, two] })
        .expect(200);
      expect(same.body).to.deep.equal({ added: 0, removed: 0 });
      expect(same.headers["etag"]).to.equal(put.headers["etag"]);
      expect((await admin.put(url).send({ members: [] }).expect(200)).body).to.deep.equal({ added: 0, removed: 2 });
    });

    it("are removed one at a time; returns 404 for a nested or unknown member", async () => {
      const [one = "", two = ""] = await createUsers(2);
      const inner = await createGroup([two]);
      const outer = await createGroup([one, inner.id]);
      const url = `/api/groups/${outer.id}/members`;
      await admin.get(`${url}/${two}`).expect(404);
      await admin.delete(`${url}/${two}`).expect(404);
      await admin.delete(`${url}/${one}`).expect(204);
      await admin.delete(`${url}/${one}`).expect(404);
      await admin.get(`${url}/${one}`).expect(404);
      expect(await listMembers(outer.id)).to.deep.equal([inner.id]);
      for (const id of ["__proto__", "constructor", "%00", "x".repeat(500)]) {
        await admin.get(`${url}/${id}`).expect(404);
        await admin.delete(`${url}/${id}`).expect(404);
      }
    });

    it("change the version of the group, and honor If-Match", async () => {
      const [one = "", two = ""] = await createUsers(2);
      const group = await createGroup();
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
      expect(await listMembers(group.id)).to.deep.equal([one]);
      await admin.delete(`${url}/${one}`).set("If-Match", '"2"').expect(204);
      expect(await getVersion(group.id)).to.equal(3);
    });

    it("400: points at an invalid member, and adds none", async () => {
      const [one = ""] = await createUsers(1);
      const group = await createGroup();
      const url = `/api/groups/${group.id}/members`;
      for (const [members, pointer] of [
        [[one, one, one, toUnknownId(one)], "/members/3"],
        [[one, toUnknownId(group.id)], "/members/1"],
        [[one, group.id], "/members/1"],
        [["ada@example.com"], "/members/0"],
        [[one, "__proto__"], "/members/1"],
        [[one, { value: one }], "/members/1"],
        [[null], "/members/0"],
        [one, "/members"],
        [undefined, "/members"],
      ] as const) {
        for (const request of [admin.post(url), admin.put(url)]) {
          expect(errorPointers(await request.send({ members }).expect(400))).to.deep.equal([pointer]);
        }
      }
      expect(
        errorPointers(
          await admin
            .post(url)
            .send({ members: [one], color: "red" })
            .expect(400),
        ),
      ).to.deep.equal(["/color"]);
      expect(await listMembers(group.id)).to.deep.equal([]);
      expect(await getVersion(group.id)).to.equal(1);
    });

    it("400: limits one request to 1000 members to add or 10,000 to replace", async () => {
      const group = await createGroup();
      const url = `/api/groups/${group.id}/members`;
      const ids = (count: number): string[] => Array.from({ length: count }, () => toUnknownId(group.id));
      expect(
        errorPointers(
          await admin
            .post(url)
            .send({ members: ids(1001) })
            .expect(400),
        ),
      ).to.deep.equal(["/members"]);
      expect(
        errorPointers(
          await admin
            .put(url)
            .send({ members: ids(10_001) })
            .expect(400),
        ),
      ).to.deep.equal(["/members"]);
    });

    it("are paged by id without loss or repetition during concurrent changes", async () => {
      const ids = (await createUsers(60)).sort();
      const stay = ids.filter((_, at) => at % 3 !== 0);
      const go = ids.filter((_, at) => at % 3 === 0);
      const group = await createGroup(ids);
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
          .send({ members: await createUsers(1) })
          .expect(200);
      }
      expect(seen).to.deep.equal([...new Set(seen)].sort());
      expect(seen).to.include.members(stay);
    });

    it("are all added by concurrent requests", async () => {
      const ids = await createUsers(20);
      const group = await createGroup();
      await Promise.all(
        ids.map((id) =>
          admin
            .post(`/api/groups/${group.id}/members`)
            .send({ members: [id] })
            .expect(200),
        ),
      );
      expect(await listMembers(group.id)).to.have.members(ids);
      expect(await getVersion(group.id)).to.equal(21);
    });

    it("record an audit event for each change, with the added and removed members", async () => {
      const [one = "", two = ""] = await createUsers(2);
      const group = await createGroup([one]);
      await admin
        .put(`/api/groups/${group.id}/members`)
        .send({ members: [two] })
        .expect(200);
      const events = (await listEvents(group.id)).map(({ action, details }) => ({ action, details }));
      expect(events).to.deep.equal([
        { action: "group.create", details: undefined },
        { action: "group.members.change", details: { added: [one], removed: [] } },
        { action: "group.members.change", details: { added: [two], removed: [one] } },
      ]);
    });

    it("a removed member appears in no list", async () => {
      const [one = "", two = ""] = await createUsers(2);
      const group = await createGroup([one, two]);
      await admin.delete(`/api/users/${one}`).expect(204);
      expect(await listMembers(group.id)).to.deep.equal([two]);
      await admin.get(`/api/groups/${group.id}/members/${one}`).expect(404);
    });
  });

  describe("the groups of a user", () => {
    it("lists direct and inherited groups, marks direct ones, and pages", async () => {
      const user = await createUser({ userName: "nested" });
      const inner = await createGroup([user]);
      const middle = await createGroup([inner.id]);
      const outer = await createGroup([middle.id]);
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
        .get(`/api/users/${await createUser()}/groups`)
        .query({ cursor })
        .expect(400);
      expect((await admin.get(`/api/users/${await createUser()}/groups`).expect(200)).body.data).to.deep.equal([]);
    });
  });
});
