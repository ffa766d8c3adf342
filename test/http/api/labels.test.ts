import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, groupUrn, patchUrn, type Service, startService } from "../../support/service.ts";
import { type ResourceFixture, resourceFixtures } from "./resources.fixture.ts";

const labeledFixtures = resourceFixtures.filter(({ path }) => path !== "/api/users");

/** What labels promise on every resource that has them. */
describeOnEngines("Labels", (open) => {
  let service: Service;
  let admin: Agent;
  before(async () => {
    service = await startService({ open });
    admin = await service.clientWithScopes(["all"]);
  });
  after(() => service.dispose());

  const tokens: Pick<ResourceFixture, "path" | "body"> = {
    path: "/api/tokens",
    body: (at) => ({ name: `Token ${at}`, scopes: ["admin:read"] }),
  };
  for (const resource of [...labeledFixtures, tokens]) describe(resource.path, () => labelsOf(resource));

  function labelsOf({ path, body }: Pick<ResourceFixture, "path" | "body">): void {
    let number = 0;
    const create = async (labels?: object): Promise<{ id: string; labels: object; version: number }> => {
      const content = { ...body(number++), ...(labels && { labels }) };
      return (await admin.post(path).send(content).expect(201)).body;
    };
    const at = ({ id }: { id: string }): string => `${path}/${id}`;
    const listIds = async (label: readonly string[]): Promise<string[]> => {
      const { body: page } = await admin.get(path).query({ label }).expect(200);
      return page.data.map(({ id }: { id: string }) => id);
    };

    it("are an empty map by default, and GET returns what was sent", async () => {
      expect((await create()).labels).to.deep.equal({});
      const labels = { team: "payments", "example.com/cost-center": "4711", empty: "" };
      const item = await create(labels);
      expect(item.labels).to.deep.equal(labels);
      expect((await admin.get(at(item)).expect(200)).body.labels).to.deep.equal(labels);
    });

    it("filter the list by the longest value, of 256 characters", async () => {
      const longest = "🔐".repeat(256);
      const { id } = await create({ longest });
      expect(await listIds([`longest:${longest}`])).to.deep.equal([id]);
    });

    it("are merged by PATCH: null removes one, or all", async () => {
      const item = await create({ team: "payments", stage: "test" });
      const patch = async (labels: object | null): Promise<unknown> =>
        (await admin.patch(at(item)).send({ labels }).expect(200)).body.labels;
      expect(await patch({ stage: null, owner: "ada" })).to.deep.equal({ team: "payments", owner: "ada" });
      expect(await patch({})).to.deep.equal({ team: "payments", owner: "ada" });
      expect(await patch(null)).to.deep.equal({});
      expect((await admin.get(at(item)).expect(200)).body.version).to.equal(3);
    });

    it("keep the version if nothing changes, and are in the audit event if something does", async () => {
      const item = await create({ team: "payments" });
      const { body: read } = await admin.get(at(item)).expect(200);
      expect((await admin.patch(at(item)).send(read).expect(200)).body.version).to.equal(1);
      await admin
        .patch(at(item))
        .send({ labels: { team: "search" } })
        .expect(200);
      const { body: events } = await admin.get("/api/audit-events").query({ targetId: item.id, limit: 1 }).expect(200);
      expect(events.data[0].before.labels).to.deep.equal({ team: "payments" });
      expect(events.data[0].after.labels).to.deep.equal({ team: "search" });
      expect(JSON.stringify(events.data[0])).to.not.contain("labelTerms");
    });

    it("filter the list by key, by key and value, and by several at once", async () => {
      const [one, both, other] = [
        await create({ area: "a" }),
        await create({ area: "a", tier: "1:2" }),
        await create({ area: "b", tier: "1" }),
      ];
      expect(await listIds(["area"])).to.deep.equal([one.id, both.id, other.id]);
      expect(await listIds(["area:a"])).to.deep.equal([one.id, both.id]);
      expect(await listIds(["area:a", "tier"])).to.deep.equal([both.id]);
      expect(await listIds(["tier:1:2"])).to.deep.equal([both.id]);
      for (const none of [["area:A"], ["area:"], ["are"], ["area:a", "area:b"]])
        expect(await listIds(none), none.join()).to.deep.equal([]);
      await admin
        .patch(at(both))
        .send({ labels: { area: null } })
        .expect(200);
      expect(await listIds(["area:a"])).to.deep.equal([one.id]);
    });

    it("bind the cursor of a list to the filter", async () => {
      await Promise.all([create({ paged: "1" }), create({ paged: "1" }), create({ paged: "2" })]);
      const query = { label: "paged", limit: 2 };
      const { nextCursor: cursor } = (await admin.get(path).query(query).expect(200)).body.pagination;
      expect(
        (
          await admin
            .get(path)
            .query({ ...query, cursor })
            .expect(200)
        ).body.data,
      ).to.have.length(1);
      await admin
        .get(path)
        .query({ ...query, label: "paged:1", cursor })
        .expect(400);
    });

    it("400: rejects invalid keys and values by their pointer, and changes nothing", async () => {
      const item = await create();
      const tooMany = Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`k${index}`, ""]));
      for (const [labels, pointer] of [
        [{ Team: "x" }, "/labels/Team"],
        [{ "a:b": "x" }, "/labels/a:b"],
        [{ "": "x" }, "/labels/"],
        [{ ["k".repeat(64)]: "x" }, `/labels/${"k".repeat(64)}`],
        [{ team: "x".repeat(257) }, "/labels/team"],
        [{ team: 5 }, "/labels/team"],
        [tooMany, "/labels"],
        [["team"], "/labels"],
      ] as const) {
        const { body: problem } = await admin.patch(at(item)).send({ labels }).expect(400);
        expect(problem.errors[0].pointer, JSON.stringify(labels).slice(0, 80)).to.equal(pointer);
        await admin
          .post(path)
          .send({ ...body(number), labels })
          .expect(400);
      }
      for (const key of ["__proto__", "constructor", "prototype"]) {
        const send = (json: string) => admin.patch(at(item)).set("Content-Type", "application/json").send(json);
        await send(`{"labels":{"${key}":"x"}}`).expect(400);
      }
      expect(Object.prototype).to.not.have.property("x");
      expect((await admin.get(at(item)).expect(200)).body).to.deep.include({ version: 1, labels: {} });
      for (const label of ["Team", "", ":x", "__proto__", `team:${"x".repeat(257)}`])
        expect((await admin.get(path).query({ label }).expect(400)).body.errors[0].pointer).to.match(/^\/label/);
      const eleven = Array.from({ length: 11 }, () => "team");
      await admin.get(path).query({ label: eleven }).expect(400);
    });
  }

  it("of a group belong to admins: SCIM does not show them, and never removes them", async () => {
    const scim = await service.clientWithScopes(["admin:scim"]);
    const { body: created } = await scim
      .post("/scim/v2/Groups")
      .send({ schemas: [groupUrn], displayName: "Provisioned" })
      .expect(201);
    const labels = { team: "payments" };
    const { body: labeled } = await admin.patch(`/api/groups/${created.id}`).send({ labels }).expect(200);
    expect(labeled).to.deep.include({ labels, managedBy: "scim" });
    await admin.patch(`/api/groups/${created.id}`).send({ labels, displayName: "Mine" }).expect(409);
    const url = `/scim/v2/Groups/${created.id}`;
    expect((await scim.get(url).expect(200)).body).to.not.have.property("labels");
    const put = { schemas: [groupUrn], displayName: "Renamed", labels: { team: "none" } };
    expect((await scim.put(url).send(put).expect(200)).body).to.not.have.property("labels");
    const operations = [{ op: "replace", path: "displayName", value: "Again" }];
    await scim
      .patch(url)
      .send({ schemas: [patchUrn], Operations: operations })
      .expect(204);
    await scim
      .patch(url)
      .send({ schemas: [patchUrn], Operations: [{ op: "remove", path: "labels" }] })
      .expect(400);
    await scim.get("/scim/v2/Groups").query({ filter: "labels pr" }).expect(400);
    expect((await admin.get(`/api/groups/${created.id}`).expect(200)).body).to.deep.include({
      labels,
      displayName: "Again",
    });
    const { body: page } = await admin.get("/api/groups").query({ label: "team:payments" }).expect(200);
    expect(page.data.map(({ id }: { id: string }) => id)).to.deep.equal([created.id]);
  });

  it("of one organization match nothing in the list of another", async () => {
    const stranger = await service.clientWithScopes(["all"], await service.createOrganization("labels-elsewhere"));
    await admin.post("/api/skills").send({ slug: "secret", name: "S", content: "x", labels: { only: "here" } });
    expect((await stranger.get("/api/skills").query({ label: "only" }).expect(200)).body.data).to.deep.equal([]);
  });
});
