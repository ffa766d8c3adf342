import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";

describeOnEngines("GET /api/users/{id}/access", (open) => {
  let service: Service;
  let admin: Agent;
  let ada: string;
  let engineers: string;
  before(async () => {
    service = await startService({ open });
    admin = await service.clientWithScopes(["admin:write"]);
    ada = (await admin.post("/api/users").send({ userName: "Ada@example.com" }).expect(201)).body.id;
    const { body: group } = await admin.post("/api/groups").send({ displayName: "Engineers" }).expect(201);
    engineers = group.id;
    await admin
      .post(`/api/groups/${engineers}/members`)
      .send({ members: [ada] })
      .expect(200);
    const assignment = { groups: [engineers] };
    const server = { transport: "http", url: "https://mcp.example", status: "active", tools: [{ name: "search" }] };
    await admin
      .post("/api/mcp-servers")
      .send({ slug: "github", name: "GitHub", ...server, assignment })
      .expect(201);
    await admin
      .post("/api/mcp-servers")
      .send({ slug: "draft", name: "Draft", ...server, status: "draft", assignment })
      .expect(201);
    await admin
      .post("/api/mcp-servers")
      .send({ slug: "secret", name: "Secret", ...server })
      .expect(201);
    await admin
      .post("/api/skills")
      .send({ slug: "review", name: "Review", content: "", assignment: { everyone: true } })
      .expect(201);
    await admin
      .post("/api/policies")
      .send({
        ...{ slug: "no-review", name: "No review", effect: "deny" },
        ...{ subjects: { users: [ada] }, resources: { skills: ["review"] } },
      })
      .expect(201);
  });
  after(() => service.dispose());

  const path = (kind: string, of = ada): string => `/api/users/${encodeURIComponent(of)}/access?kind=${kind}`;

  it("lists what is assigned or denied to a user, with the reasons", async () => {
    const { body } = await admin.get(path("mcp-servers")).expect(200);
    expect(body.user).to.deep.equal({ id: ada, userName: "Ada@example.com", active: true });
    expect(body.data.map(({ slug, verdict }: Verdict) => ({ slug, verdict }))).to.deep.equal([
      { slug: "github", verdict: "allowed" },
      { slug: "draft", verdict: "inactive" },
    ]);
    expect(body.data[0].assignments).to.deep.equal([
      { by: "group", path: [{ id: engineers, displayName: "Engineers" }] },
    ]);
    expect(body.data[0].tools).to.deep.equal([{ name: "search", risk: "write", verdict: "allowed" }]);
    const { body: skills } = await admin.get(path("skills")).expect(200);
    expect(skills.data[0]).to.deep.include({ slug: "review", verdict: "denied", assignments: [{ by: "everyone" }] });
    expect(skills.data[0].policies[0]).to.deep.include({ slug: "no-review", through: { by: "user" } });
  });

  it("accepts the userName instead of the id, case-insensitively", async () => {
    const { body } = await admin.get(path("mcp-servers", "ADA@EXAMPLE.COM")).expect(200);
    expect(body.user.id).to.equal(ada);
  });

  it("pages by cursor, and rejects the cursor of another kind or user", async () => {
    const { body: first } = await admin.get(`${path("mcp-servers")}&limit=1`).expect(200);
    expect(first.pagination).to.deep.include({ limit: 1, hasMore: true });
    const cursor = encodeURIComponent(first.pagination.nextCursor);
    const { body: second } = await admin.get(`${path("mcp-servers")}&limit=1&cursor=${cursor}`).expect(200);
    expect(second.data.map(({ slug }: Verdict) => slug)).to.deep.equal(["draft"]);
    expect(second.pagination).to.deep.include({ nextCursor: null, hasMore: false });
    await admin.get(`${path("skills")}&cursor=${cursor}`).expect(400);
    const { body: other } = await admin.post("/api/users").send({ userName: "other" }).expect(201);
    await admin.get(`${path("mcp-servers", other.id)}&cursor=${cursor}`).expect(400);
  });

  it("explains the access of an inactive user", async () => {
    const { body: asleep } = await admin.post("/api/users").send({ userName: "asleep", active: false }).expect(201);
    const { body } = await admin.get(path("skills", asleep.id)).expect(200);
    expect(body.user).to.include({ active: false });
    expect(body.data.map(({ verdict }: Verdict) => verdict)).to.deep.equal(["allowed"]);
  });

  it("returns the same 404 for an unknown user and for a user of another organization", async () => {
    const others = await service.clientWithScopes(["admin:write"], await service.createOrganization("elsewhere"));
    const { body: theirs } = await others.post("/api/users").send({ userName: "theirs" }).expect(201);
    const bodies = [];
    for (const of of [theirs.id, "theirs", theirs.id.replace(/.{8}$/, "00000000"), "no\0body"]) {
      bodies.push((await admin.get(path("skills", of)).set("X-Request-Id", "same").expect(404)).text);
    }
    expect(new Set(bodies).size).to.equal(1);
  });

  it("requires a known kind and rejects unknown parameters", async () => {
    const pointer = async (query: string): Promise<string> =>
      (await admin.get(`/api/users/${ada}/access${query}`).expect(400)).body.errors[0].pointer;
    expect(await pointer("")).to.equal("/kind");
    expect(await pointer("?kind=policies")).to.equal("/kind");
    expect(await pointer("?kind=skills&kind=commands")).to.equal("/kind");
    expect(await pointer("?kind=skills&limit=0")).to.equal("/limit");
    expect(await pointer("?kind=skills&user=x")).to.equal("/user");
  });

  it("requires admin:read, and has no user's view", async () => {
    await (await service.clientWithScopes(["admin:read"])).get(path("skills")).expect(200);
    await (await service.clientWithScopes(["connect:write"])).get(path("skills")).expect(403);
    const all = await service.clientWithScopes(["all"]);
    await all.get(path("skills")).set("x-user-email", "ada@example.com").expect(403);
    const { secret } = await service.issueToken({ scopes: ["connect:read"], userId: ada });
    await service.clientWithSecret(secret).get(path("skills")).expect(403);
  });
});

describeOnEngines("GET /api/users/{id}/access/decision", (open) => {
  let service: Service;
  let admin: Agent;
  let ada: string;
  let engineers: string;
  before(async () => {
    service = await startService({ open });
    admin = await service.clientWithScopes(["all"]);
    ada = (await admin.post("/api/users").send({ userName: "Ada" }).expect(201)).body.id;
    engineers = (await admin.post("/api/groups").send({ displayName: "Engineers" }).expect(201)).body.id;
    const assignment = { groups: [engineers] };
    const tools = [{ name: "search", risk: "read" }, { name: "drop" }];
    const server = { transport: "http", url: "https://mcp.example", status: "active", environment: "production" };
    await admin
      .post("/api/mcp-servers")
      .send({ slug: "github", name: "GitHub", ...server, tools, assignment })
      .expect(201);
    await admin
      .post("/api/policies")
      .send({
        slug: "no-drop",
        name: "No drop",
        effect: "deny",
        subjects: { everyone: true },
        resources: { tools: ["drop"] },
      })
      .expect(201);
  });
  after(() => service.dispose());

  const get = (query: object, client: Agent = admin) =>
    client.get(`/api/users/${ada}/access/decision`).query({ kind: "mcp-servers", resource: "github", ...query });
  const failuresOf = async (query: object): Promise<readonly string[]> =>
    (await get(query).expect(200)).body.steps
      .filter(({ outcome }: { outcome: string }) => outcome === "failed")
      .map(({ check }: { check: string }) => check);

  it("returns each check, now and under an assumption that is not written", async () => {
    const { body } = await get({ tool: "drop", memberOf: "engineers" }).expect(200);
    expect(body.user).to.deep.equal({ id: ada, userName: "Ada", active: true });
    expect(body.resource).to.deep.include({ kind: "mcp-servers", slug: "github", name: "GitHub" });
    expect(body).to.deep.include({ tool: { name: "drop", risk: "write" }, verdict: "not-allowed" });
    expect(body.steps.map(({ check }: { check: string }) => check)).to.deep.equal([
      ...["user", "resource", "grant", "denial", "tool"],
    ]);
    expect(body.steps[2].assignments).to.deep.equal([
      { by: "group", path: [{ id: engineers, displayName: "Engineers" }] },
    ]);
    expect(await failuresOf({ memberOf: engineers, withoutPolicy: "no-drop", tool: "drop" })).to.deep.equal([]);
    expect(await failuresOf({ assigned: true, tool: "github__search" })).to.deep.equal([]);
    expect(await failuresOf({})).to.deep.equal(["grant"]);
    const { body: list } = await admin.get(`/api/users/${ada}/access?kind=mcp-servers`).expect(200);
    expect(list.data).to.deep.equal([]);
    const { body: assumed } = await admin
      .get(`/api/users/${ada}/access?kind=mcp-servers&memberOf=Engineers&name=HUB`)
      .expect(200);
    expect(assumed.data[0]).to.deep.include({ slug: "github", verdict: "allowed" });
  });

  it("considers a token, which requires admin:tokens", async () => {
    const { id } = await service.issueToken({
      ...{ type: "agent", scopes: ["connect:write"], userId: ada, environment: "staging", maxRisk: "read" },
    });
    const { body } = await get({ tool: "drop", tokenId: id }).expect(200);
    expect(body.steps.at(-1)).to.deep.equal({ check: "token", outcome: "failed", obstacles: ["environment", "risk"] });
    const reader = await service.clientWithScopes(["admin:read"]);
    await get({}, reader).expect(200);
    await get({ tokenId: id }, reader).expect(403);
  });

  it("names the parameter of what does not exist, also of another organization", async () => {
    const others = await service.createOrganization("elsewhere");
    const stranger = await service.clientWithScopes(["all"], others);
    const { body: group } = await stranger.post("/api/groups").send({ displayName: "Theirs" }).expect(201);
    const { id: token } = await service.issueToken({ scopes: ["all"] }, others);
    const server = { slug: "theirs", name: "Theirs", transport: "http", url: "https://mcp.example" };
    const { body: foreign } = await stranger.post("/api/mcp-servers").send(server).expect(201);
    for (const [query, pointer] of [
      [{ resource: "theirs" }, "/resource"],
      [{ resource: foreign.id }, "/resource"],
      [{ resource: "" }, "/resource"],
      [{ tool: "none" }, "/tool"],
      [{ tokenId: token }, "/tokenId"],
      [{ memberOf: group.id }, "/memberOf"],
      [{ memberOf: "no\0group" }, "/memberOf"],
      [{ withoutPolicy: "none" }, "/withoutPolicy"],
      [{ kind: "policies" }, "/kind"],
      [{ assigned: "maybe" }, "/assigned"],
    ] as const)
      expect((await get(query).expect(400)).body.errors?.[0].pointer, JSON.stringify(query)).to.equal(pointer);
    await stranger.get(`/api/users/${ada}/access/decision?kind=skills&resource=x`).expect(404);
  });

  it("requires admin:read, and has no user's view", async () => {
    await get({}, await service.clientWithScopes(["connect:write"])).expect(403);
    const { secret } = await service.issueToken({ scopes: ["connect:read"], userId: ada });
    await get({}, service.clientWithSecret(secret)).expect(403);
  });
});

interface Verdict {
  readonly slug: string;
  readonly verdict: string;
}
