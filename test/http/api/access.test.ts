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
    expect(body.data[0].tools).to.deep.equal([{ name: "search", verdict: "allowed" }]);
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

interface Verdict {
  readonly slug: string;
  readonly verdict: string;
}
