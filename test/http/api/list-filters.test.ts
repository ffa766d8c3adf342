import { expect } from "chai";
import { skills } from "../../../src/store/collections.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";
import { resourceFixtures } from "./resources.fixture.ts";

/** The filters of lists that data sources of infrastructure tools look resources up by. */
describeOnEngines("Filters of lists", (open) => {
  let service: Service;
  let admin: Agent;
  before(async () => {
    service = await startService({ open });
    admin = await service.clientWithScopes(["admin:write"]);
  });
  after(() => service.dispose());

  const list = async (path: string, query: object): Promise<{ id: string; slug: string; name: string }[]> =>
    (await admin.get(path).query(query).expect(200)).body.data;

  for (const { path, body, keyAt } of resourceFixtures) {
    const nameField = { "/api/users": "userName", "/api/groups": "displayName" }[path] ?? "name";

    it(`${path}: name selects those whose ${nameField} begins with it, in any case`, async () => {
      const names = ["Straße One", "straSSe two", "Other straße"];
      for (const [at, name] of names.entries())
        await admin
          .post(path)
          .send({ ...body(100 + at), [nameField]: name })
          .expect(201);
      const found = await list(path, { name: "STRASSE T" });
      expect(found.map((each) => (each as unknown as Record<string, string>)[nameField])).to.deep.equal([names[1]]);
      expect(await list(path, { name: "Straße" })).to.have.length(1);
      expect(await list(path, { name: "%" })).to.deep.equal([]);
      await admin.get(path).query({ name: "" }).expect(400);
      const { nextCursor } = (await admin.get(path).query({ limit: 1 }).expect(200)).body.pagination;
      await admin.get(path).query({ limit: 1, name: "s", cursor: nextCursor }).expect(400);
    });

    if (nameField !== "name") continue;
    it(`${path}: slug selects one resource`, async () => {
      const { body: created } = await admin.post(path).send(body(200)).expect(201);
      const found = await list(path, { slug: keyAt(200) });
      expect(found.map(({ id }) => id)).to.deep.equal([created.id]);
      expect(await list(path, { slug: "unknown" })).to.deep.equal([]);
      await admin.get(path).query({ slug: "Not a slug" }).expect(400);
    });
  }

  it("find a resource of an earlier release by its name as it is, and in any case after its next change", async () => {
    const { body: created } = await admin
      .post("/api/skills")
      .send({ slug: "older", name: "Older Skill", content: "x" })
      .expect(201);
    await service.store.transaction(async (transaction) => {
      const writer = transaction.for(service.organizationId).open(skills);
      const record = await writer.get(created.id);
      if (!record) throw new Error("The skill is missing.");
      await writer.replace({ ...record, lookup: { key: "older", audience: [], references: [] } }, "any");
    });
    expect(await list("/api/skills", { name: "Older" })).to.have.length(1);
    expect(await list("/api/skills", { name: "older" })).to.have.length(0);
    await admin.patch("/api/skills/older").send({ description: "changed" }).expect(200);
    expect(await list("/api/skills", { name: "older" })).to.have.length(1);
  });

  it("match user-owned resources by slug in the view of their owner", async () => {
    const { body: user } = await admin.post("/api/users").send({ userName: "owner@example.com" }).expect(201);
    const plugin = await service.clientWithScopes(["connect:write"]);
    const own = { slug: "mine", name: "Mine", content: "x", labels: { of: "me" } };
    await plugin.post("/api/skills").set("x-user-email", user.userName).send(own).expect(201);
    for (const query of [{ slug: "mine" }, { name: "MI" }, { label: "of:me" }]) {
      const { body: page } = await plugin
        .get("/api/skills")
        .set("x-user-email", user.userName)
        .query(query)
        .expect(200);
      expect(page.data, JSON.stringify(query)).to.have.length(1);
      expect(page.data[0].labels).to.deep.equal({ of: "me" });
    }
  });

  it("select extension schemas by name and by resource type", async () => {
    const declare = (urn: string, content: object) =>
      admin
        .put(`/api/scim-extensions/${urn}`)
        .send({ attributes: [{ name: "x", type: "string" }], ...content })
        .expect(201);
    await declare("urn:example:one:2.0:User", { resourceType: "User", name: "Human resources" });
    await declare("urn:example:two:2.0:Group", { resourceType: "Group" });
    const urns = async (query: object): Promise<string[]> =>
      ((await list("/api/scim-extensions", query)) as unknown as { urn: string }[]).map(({ urn }) => urn);
    expect(await urns({ resourceType: "Group" })).to.deep.equal(["urn:example:two:2.0:Group"]);
    expect(await urns({ name: "HUMAN" })).to.deep.equal(["urn:example:one:2.0:User"]);
    expect(await urns({ name: "urn:EXAMPLE:t" })).to.deep.equal(["urn:example:two:2.0:Group"]);
    await admin.get("/api/scim-extensions").query({ resourceType: "Device" }).expect(400);
  });
});
