import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type ConnectionsFixture, startConnectionsFixture, toServerSlugs } from "./connections.fixture.ts";
import { errorPointers } from "./pointers.fixture.ts";

describeOnEngines("/api/connections in the user's view", (open) => {
  let world: ConnectionsFixture;
  before(async () => {
    world = await startConnectionsFixture(open);
  });
  after(() => world.service.dispose());
  afterEach(() => world.deleteAll());

  const as: ConnectionsFixture["as"] = (userName, agent) => world.as(userName, agent);

  it("creates and replaces by PUT; the same content again changes nothing", async () => {
    const content = { status: "connected", account: "ada@example.com", expiresAt: "2030-01-01T00:00:00.000Z" };
    const created = await as("ada").put("/jira").send(content).expect(201);
    expect(created.body).to.deep.include({ ...content, userId: world.ids["ada"], mcpServer: "jira", version: 1 });
    expect(created.body.connectedAt).to.equal(created.body.createdAt);
    expect(created.headers["location"]).to.equal("https://gatehouse.example/api/connections/jira");
    const same = await as("ada").put("/jira").send(created.body).expect(200);
    expect(same.body).to.deep.equal(created.body);
    expect(same.headers["etag"]).to.equal(created.headers["etag"]);
    const replaced = await as("ada").put(`/${world.ids["jira"]}`).send({ status: "error" }).expect(200);
    expect(replaced.body).to.deep.include({ id: created.body.id, status: "error", version: 2 });
    expect(replaced.body).to.not.have.any.keys("account", "expiresAt");
    expect(replaced.body.connectedAt).to.equal(created.body.connectedAt);
    const again = await as("ada").put("/jira").send({}).expect(200);
    expect(again.body).to.deep.include({ status: "connected", connectedAt: again.body.updatedAt });
    const read = await as("ada").get("/jira").expect(200);
    expect(read.body).to.deep.equal(again.body);
    expect(read.headers["etag"]).to.equal(again.headers["etag"]);
  });

  it("returns not-connected with a version for an accessible server without a connection", async () => {
    const { body, headers } = await as("ada").get("/jira").expect(200);
    expect(body).to.deep.equal({ mcpServer: "jira", status: "not-connected" });
    await as("ada")
      .get("/jira")
      .set("If-None-Match", headers["etag"] ?? "")
      .expect(304);
    await as("ada").put("/jira").set("If-Match", '"1"').send({}).expect(412);
    await as("ada")
      .put("/jira")
      .set("If-Match", headers["etag"] ?? "")
      .send({})
      .expect(201);
    await as("ada")
      .put("/jira")
      .set("If-Match", headers["etag"] ?? "")
      .send({ status: "error" })
      .expect(412);
    await as("ada")
      .get("/jira")
      .set("If-None-Match", headers["etag"] ?? "")
      .expect(200);
  });

  it("honors If-Match and If-None-Match", async () => {
    const { headers } = await as("ada").put("/jira").set("If-None-Match", "*").send({}).expect(201);
    await as("ada").put("/jira").set("If-None-Match", "*").send({}).expect(412);
    await as("ada")
      .put("/jira")
      .set("If-Match", headers["etag"] ?? "")
      .send({ status: "expired" })
      .expect(200);
    await as("ada")
      .delete("/jira")
      .set("If-Match", headers["etag"] ?? "")
      .expect(412);
    await as("ada").delete("/jira").expect(204);
    await as("ada").delete("/jira").expect(404);
    expect((await as("ada").get("/jira").expect(200)).body.status).to.equal("not-connected");
  });

  it("creates once when many PUTs are concurrent", async () => {
    const responses = await Promise.all(Array.from({ length: 10 }, () => as("ada").put("/jira").send({})));
    const statuses = responses.map(({ status }) => status).sort();
    expect(statuses).to.deep.equal([...Array.from({ length: 9 }, () => 200), 201]);
    expect(new Set(responses.map(({ body }) => body.id)).size).to.equal(1);
  });

  it("returns only the user's own connections", async () => {
    await as("ada").put("/jira").send({}).expect(201);
    await as("grace").put("/jira").send({ account: "g" }).expect(201);
    await as("grace").put("/payroll").send({}).expect(201);
    expect([await world.listServers("ada"), await world.listServers("grace")]).to.deep.equal([
      ["jira"],
      ["jira", "payroll"],
    ]);
    const query = { user: world.ids["grace"] };
    expect(toServerSlugs(await as("ada").get("").query(query).expect(200))).to.deep.equal([]);
    await as("ada").delete("/jira").expect(204);
    expect(await world.listServers("grace")).to.deep.equal(["jira", "payroll"]);
  });

  it("pages across connections to inaccessible servers", async () => {
    for (let at = 0; at < 7; at++) {
      if (!world.ids[`s${at}`]) await world.server(`s${at}`);
      await as("ada").put(`/s${at}`).send({}).expect(201);
    }
    const hide = (slug: string, status: string) =>
      world.admin.patch(`/api/mcp-servers/${slug}`).send({ status }).expect(200);
    for (const at of [0, 2, 3, 4]) await hide(`s${at}`, "draft");
    const first = await as("ada").get("").query({ limit: 2 }).expect(200);
    expect(toServerSlugs(first)).to.deep.equal(["s1", "s5"]);
    const { nextCursor: cursor } = first.body.pagination;
    const second = await as("ada").get("").query({ limit: 2, cursor }).expect(200);
    expect(toServerSlugs(second)).to.deep.equal(["s6"]);
    expect(second.body.pagination.hasMore).to.equal(false);
    await as("grace").get("").query({ limit: 2, cursor }).expect(400);
    for (const at of [0, 2, 3, 4]) await hide(`s${at}`, "active");
  });

  it("hides connections to a server that becomes inaccessible, and shows them again later", async () => {
    await as("ada").put("/jira").send({}).expect(201);
    await world.admin.patch("/api/mcp-servers/jira").send({ status: "draft" }).expect(200);
    expect(await world.listServers("ada")).to.deep.equal([]);
    for (const method of ["get", "put", "delete"] as const) await as("ada")[method]("/jira").send({}).expect(404);
    expect(toServerSlugs(await world.admin.get("/api/connections").expect(200))).to.deep.equal(["jira"]);
    await world.admin.patch("/api/mcp-servers/jira").send({ status: "active" }).expect(200);
    expect(await world.listServers("ada")).to.deep.equal(["jira"]);
  });

  it("returns the same response for inaccessible, draft, foreign and unknown servers", async () => {
    await as("grace").put("/payroll").send({}).expect(201);
    const hidden = [
      "payroll",
      "draft",
      "theirs",
      "nowhere",
      world.ids["payroll"],
      world.ids["draft"],
      world.ids["theirs"],
    ];
    const strange = ["%00", "..%2Fjira", "srv_", "usr_1", "%F0%9F%92%A5", "__proto__"];
    for (const [method, suffix] of [
      ["get", ""],
      ["put", ""],
      ["delete", ""],
      ["post", "/auth-url"],
    ] as const) {
      const bodies = [];
      for (const name of [...hidden, ...strange]) {
        const response = await as("ada")
          [method](`/${name}${suffix}`)
          .set("X-Request-Id", "same")
          .send(method === "put" ? {} : undefined);
        bodies.push(`${response.status} ${response.text}`);
      }
      expect(new Set(bodies).size, bodies.join("\n")).to.equal(1);
      expect(bodies[0]).to.match(/^404 /);
    }
    expect(toServerSlugs(await world.admin.get("/api/connections").expect(200))).to.deep.equal(["payroll"]);
  });

  it("applies the restriction of the token", async () => {
    const { secret } = await world.service.issueToken({ scopes: ["connect:write"], mcpServers: ["jira"] });
    await as("ada").put("/github").send({}).expect(201);
    const restricted = as("ada", world.service.clientWithSecret(secret));
    await restricted.put("/jira").send({}).expect(201);
    expect(toServerSlugs(await restricted.get("").expect(200))).to.deep.equal(["jira"]);
    for (const method of ["get", "put", "delete"] as const) await restricted[method]("/github").send({}).expect(404);
    await restricted.post("/github/auth-url").expect(404);
    expect(await world.listServers("ada")).to.deep.equal(["github", "jira"]);
  });

  it("requires connect:write, and a personal token writes only for its own user", async () => {
    const reader = as("ada", await world.service.clientWithScopes(["connect:read"]));
    await reader.get("").expect(200);
    expect((await reader.put("/jira").send({}).expect(403)).body.scopes).to.deep.equal(["connect:write"]);
    expect((await reader.post("/github/auth-url").expect(403)).body.scopes).to.deep.equal(["connect:write"]);
    await reader.delete("/jira").expect(403);
    const { secret } = await world.service.issueToken({ scopes: ["connect:write"], userId: world.ids["ada"] ?? "" });
    const personal = world.service.clientWithSecret(secret);
    await personal.put("/api/connections/jira").send({}).expect(201);
    for (const method of ["get", "put", "delete"] as const) {
      await as("grace", personal)[method]("/jira").send({}).expect(403);
    }
    await as("grace", personal).post("/github/auth-url").expect(403);
    expect(await world.listServers("grace")).to.deep.equal([]);
    await world.plugin.put("/api/connections/jira").send({}).expect(400);
  });

  it("rejects fields that only the service sets", async () => {
    const wrong = async (body: object) => errorPointers(await as("ada").put("/jira").send(body).expect(400));
    expect(await wrong({ color: "red" })).to.deep.equal(["/color"]);
    expect(await wrong({ accessToken: "x" })).to.deep.equal(["/accessToken"]);
    expect(await wrong({ status: "not-connected" })).to.deep.equal(["/status"]);
    expect(await wrong({ account: "" })).to.deep.equal(["/account"]);
    expect(await wrong({ expiresAt: "tomorrow" })).to.deep.equal(["/expiresAt"]);
    const forged = {
      userId: world.ids["grace"],
      mcpServer: "payroll",
      connectedAt: "2001-01-01T00:00:00.000Z",
      id: "con_1",
    };
    const { body } = await as("ada").put("/jira").send(forged).expect(201);
    expect(body).to.deep.include({ userId: world.ids["ada"], mcpServer: "jira", connectedAt: body.createdAt });
    expect(body.id).to.not.equal("con_1");
  });

  it("records one audit event for each change, with before and after and without the state", async () => {
    const { state } = (await as("ada").post("/github/auth-url").expect(200)).body;
    const { body } = await as("ada").put("/github").send({ state, account: "a" }).expect(201);
    await as("ada").put("/github").send({ account: "a" }).expect(200);
    await as("ada").put("/github").send({ account: "b" }).expect(200);
    await as("ada").delete("/github").expect(204);
    const { text, body: page } = await world.admin.get("/api/audit-events").query({ targetId: body.id }).expect(200);
    const changes = page.data.map((event: Record<string, { account?: string }>) => [
      event["action"],
      event["before"]?.account,
      event["after"]?.account,
    ]);
    expect(changes).to.deep.equal([
      ["connection.delete", "b", undefined],
      ["connection.update", "a", "b"],
      ["connection.create", undefined, "a"],
    ]);
    expect(page.data[0].before).to.deep.include({ userId: world.ids["ada"], mcpServer: "github" });
    expect(text).to.not.include(state);
  });
});
