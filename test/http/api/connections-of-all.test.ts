import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type ConnectionsFixture, startConnectionsFixture, toServerSlugs } from "./connections.fixture.ts";
import { errorPointers } from "./pointers.fixture.ts";

describeOnEngines("/api/connections in the organization's view", (open) => {
  let world: ConnectionsFixture;
  before(async () => {
    world = await startConnectionsFixture(open);
  });
  after(() => world.service.dispose());
  afterEach(() => world.deleteAll());

  const as: ConnectionsFixture["as"] = (userName, agent) => world.as(userName, agent);

  beforeEach(async () => {
    await as("ada").put("/jira").send({}).expect(201);
    await as("ada").put("/github").send({}).expect(201);
    await as("grace").put("/github").send({}).expect(201);
  });

  it("filters by user, by server, or both", async () => {
    const listServerSlugs = async (query: object): Promise<string[]> =>
      (await world.admin.get("/api/connections").query(query).expect(200)).body.data.map(
        (each: { userId: string; mcpServer: string }) =>
          `${each.userId === world.ids["ada"] ? "ada" : "grace"} ${each.mcpServer}`,
      );
    expect(await listServerSlugs({})).to.deep.equal(["ada jira", "ada github", "grace github"]);
    expect(await listServerSlugs({ user: world.ids["ada"] })).to.deep.equal(["ada jira", "ada github"]);
    expect(await listServerSlugs({ mcpServer: "github" })).to.deep.equal(["ada github", "grace github"]);
    expect(await listServerSlugs({ mcpServer: world.ids["github"], user: world.ids["grace"] })).to.deep.equal([
      "grace github",
    ]);
    for (const nobody of ["nowhere", "usr_none", "srv_none", "", "*"]) {
      expect(await listServerSlugs({ mcpServer: nobody }), nobody).to.deep.equal([]);
      expect(await listServerSlugs({ user: nobody }), nobody).to.deep.equal([]);
    }
    for (const name of ["user", "mcpServer"]) {
      await world.admin
        .get("/api/connections")
        .query({ [name]: "\0" })
        .expect(400);
    }
    const paged = await world.admin.get("/api/connections").query({ limit: 2 }).expect(200);
    const { nextCursor: cursor } = paged.body.pagination;
    expect(await listServerSlugs({ limit: 2, cursor })).to.deep.equal(["grace github"]);
    await world.admin.get("/api/connections").query({ cursor, mcpServer: "github" }).expect(400);
    expect(errorPointers(await world.admin.get("/api/connections").query({ status: "x" }).expect(400))).to.deep.equal([
      "/status",
    ]);
  });

  it("reads and deletes by id, and has no PUT", async () => {
    const { body } = await world.admin.get("/api/connections").query({ user: world.ids["grace"] }).expect(200);
    const address = `/api/connections/${body.data[0].id}`;
    const { headers } = await world.admin.get(address).expect(200);
    await world.admin.get("/api/connections/github").expect(404);
    await world.admin.put(address).send({}).expect(403);
    const reader = await world.service.clientWithScopes(["admin:read"]);
    await reader.delete(address).expect(403);
    await world.admin.delete(address).set("If-Match", '"7"').expect(412);
    await world.admin
      .delete(address)
      .set("If-Match", headers["etag"] ?? "")
      .expect(204);
    await world.admin.get(address).expect(404);
    expect(await world.listServers("grace")).to.deep.equal([]);
  });

  it("returns the same response for another organization's connection as for an unknown one", async () => {
    const { body } = await world.admin.get("/api/connections").expect(200);
    const { id } = body.data[0];
    const stranger = await world.service.clientWithScopes(["admin:write"], world.ids["elsewhere"]);
    for (const method of ["get", "delete"] as const) {
      const bodies = [];
      for (const each of [id, id.replace(/.{10}$/, "0000000000")]) {
        bodies.push((await stranger[method](`/api/connections/${each}`).set("X-Request-Id", "same").expect(404)).text);
      }
      expect(new Set(bodies).size).to.equal(1);
    }
    for (const query of [{}, { user: world.ids["ada"] }, { mcpServer: world.ids["github"] }, { mcpServer: "github" }]) {
      expect(toServerSlugs(await stranger.get("/api/connections").query(query).expect(200))).to.deep.equal([]);
    }
    await world.admin.get(`/api/connections/${id}`).expect(200);
  });

  it("deletes connections with their server or user, and does not attach them to a new server with the same slug", async () => {
    await world.server("short");
    await as("ada").put("/short").send({}).expect(201);
    await world.admin.delete("/api/mcp-servers/short").expect(204);
    expect(
      toServerSlugs(await world.admin.get("/api/connections").query({ user: world.ids["ada"] }).expect(200)),
    ).to.deep.equal(["jira", "github"]);
    await world.server("short");
    expect((await as("ada").get("/short").expect(200)).body.status).to.equal("not-connected");
    const { body: leaver } = await world.admin.post("/api/users").send({ userName: "leaver" }).expect(201);
    await as("leaver").put("/jira").send({}).expect(201);
    await world.admin.delete(`/api/users/${leaver.id}`).expect(204);
    const query = { user: leaver.id };
    expect(toServerSlugs(await world.admin.get("/api/connections").query(query).expect(200))).to.deep.equal([]);
  });
});
