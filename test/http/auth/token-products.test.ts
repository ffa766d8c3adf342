import { expect } from "chai";
import { type Agent, type Service, startService, userUrn } from "../../support/service.ts";

/** The features that the token pages of five products document, row by row, in this service. */
describe("Token features of comparable products:", () => {
  let service: Service;
  let admin: Agent;
  before(async () => {
    service = await startService({ environment: { RATE_LIMIT: "connect=100/60", AUTH_SECRET: authSecret } });
    admin = await service.clientWithScopes(["all"]);
    await admin.post("/api/users").send({ userName: "ada@example.com" }).expect(201);
    for (const [slug, environment] of [
      ["github", "production"],
      ["jira", "production"],
      ["sandbox", "staging"],
    ]) {
      const server = { name: slug, transport: "http", url: "https://mcp.example", status: "active", environment };
      await admin
        .put(`/api/mcp-servers/${slug}`)
        .send({ ...server, assignment: { everyone: true } })
        .expect(201);
    }
  });
  after(() => service.dispose());

  const make = async (body: object): Promise<Readonly<Record<string, never>>> =>
    (await admin.post("/api/tokens").send(body).expect(201)).body;
  const asAda = (secret: string): Agent =>
    service.clientWithSecret(secret).set("x-user-email", "ada@example.com") as Agent;
  const serversOf = async (agent: Agent): Promise<readonly string[]> =>
    (await agent.get("/api/mcp-servers").expect(200)).body.data.map(({ slug }: { slug: string }) => slug);
  const shown = async (id: string): Promise<Readonly<Record<string, unknown>>> =>
    (await admin.get(`/api/tokens/${id}`).expect(200)).body;

  describe("Webrix", () => {
    it("a token has a name and scopes, is wxt_ with 39 characters, and is shown once", async () => {
      const created = await make({ name: "Okta SCIM Integration", scopes: ["admin:scim"] });
      expect(created["token"]).to.match(/^wxt_[0-9A-Za-z]{39}$/);
      expect(JSON.stringify(await shown(created["id"] ?? ""))).to.not.contain(created["token"]);
    });

    const includes: Readonly<Record<string, readonly string[]>> = {
      "admin:write": ["admin:read", "admin:scim", "admin:write"],
      "connect:write": ["connect:call", "connect:exchange-auth", "connect:read", "connect:write"],
      "admin:read": ["admin:read"],
    };
    for (const [scope, all] of Object.entries(includes)) {
      it(`${scope} includes ${all.join(", ")} and nothing else`, async () => {
        const { token = "" } = await make({ name: "scopes", scopes: [scope] });
        expect((await service.clientWithSecret(token).get("/api/whoami").expect(200)).body.scopes).to.deep.equal(all);
      });
    }

    it("admin:read grants admin resources and not SCIM; admin:scim grants only SCIM", async () => {
      const reader = await service.clientWithScopes(["admin:read"]);
      await reader.get("/api/users").expect(200);
      await reader.get("/scim/v2/Users").expect(403);
      const scim = await service.clientWithScopes(["admin:scim"]);
      await scim.get("/scim/v2/Users").expect(200);
      await scim.get("/api/users").expect(403);
    });

    it("the user API accepts x-user-email with the token", async () => {
      const { token = "" } = await make({ name: "plugin", scopes: ["connect:read"] });
      await asAda(token).get("/api/skills").expect(200);
    });

    it("a token belongs to one organization", async () => {
      const elsewhere = await service.clientWithScopes(["all"], await service.createOrganization("elsewhere"));
      expect((await elsewhere.get("/api/users").expect(200)).body.data).to.deep.equal([]);
    });

    it("a revoked token is rejected immediately", async () => {
      const { id = "", token = "" } = await make({ name: "gone", scopes: ["admin:read"] });
      await service.clientWithSecret(token).get("/api/users").expect(200);
      await admin.delete(`/api/tokens/${id}`).expect(204);
      await service.clientWithSecret(token).get("/api/users").expect(401);
    });

    it("AUTH_SECRET has the scope all", async () => {
      const onPremises = service.clientWithSecret(authSecret);
      await onPremises
        .post("/scim/v2/Users")
        .send({ schemas: [userUrn], userName: "grace" })
        .expect(201);
      expect((await onPremises.get("/api/whoami").expect(200)).body.scopes).to.include.members(["all", "admin:tokens"]);
    });
  });

  describe("mctx", () => {
    for (const days of [7, 30, 90]) {
      it(`a token can expire in ${days} days`, async () => {
        const { expiresAt } = await make({ name: "ci-pipeline", type: "mcp", expiresInDays: days });
        expect(Date.parse(expiresAt ?? "") - Date.now()).to.be.closeTo(days * 86_400_000, 60_000);
      });
    }

    it("a token can be restricted to servers, which never change", async () => {
      const { id, token = "" } = await make({ name: "weather-agent-prod", type: "mcp", mcpServers: ["github"] });
      expect(await serversOf(asAda(token))).to.deep.equal(["github"]);
      await asAda(token).get("/api/mcp-servers/jira").expect(404);
      const { body } = await admin
        .patch(`/api/tokens/${id}`)
        .send({ mcpServers: ["jira"] })
        .expect(400);
      expect(body.errors).to.have.nested.property("[0].pointer", "/mcpServers");
    });

    it("a token can be restricted to tools up to a risk, and creates no token with a higher one", async () => {
      const tools = ["read", "write", "destructive"].map((risk) => ({ name: `may_${risk}`, risk }));
      await admin
        .put("/api/mcp-servers/risky")
        .send({
          ...{ name: "Risky", status: "active", transport: "http", url: "https://risky.example/mcp", tools },
          assignment: { everyone: true, groups: [], users: [] },
        })
        .expect(201);
      const { id, token = "" } = await make({ name: "careful", type: "agent", maxRisk: "write" });
      const { body } = await asAda(token).get("/api/mcp-servers/risky").expect(200);
      expect(body.tools.map(({ name }: { name: string }) => name)).to.deep.equal(["may_read", "may_write"]);
      const created = (maxRisk?: string) =>
        asAda(token)
          .post("/api/tokens")
          .send({ name: "own", type: "mcp", ...(maxRisk && { maxRisk }) });
      await created("read").expect(201);
      for (const each of [undefined, "destructive"]) {
        expect((await created(each).expect(403)).body.errors[0].pointer, each).to.equal("/maxRisk");
      }
      await admin.patch(`/api/tokens/${id}`).send({ maxRisk: "destructive" }).expect(400);
      await admin.delete("/api/mcp-servers/risky").expect(204);
    });

    it("a token can be restricted to addresses and CIDR ranges; from others it returns 403", async () => {
      const here = await make({ name: "here", type: "mcp", allowedIps: ["127.0.0.0/8", "2001:db8::1"] });
      await service.clientWithSecret(here["token"]).get("/api/whoami").expect(200);
      const away = await make({ name: "away", type: "mcp", allowedIps: ["203.0.113.7"] });
      const { body } = await service.clientWithSecret(away["token"]).get("/api/whoami").expect(403);
      expect(body.type).to.match(/:ip-not-allowed$/);
    });

    it("a token rotates itself by a POST without a body, and keeps id, name, scopes, expiry and addresses", async () => {
      const before = await make({
        ...{ name: "ci-pipeline", type: "mcp", mcpServers: ["github"] },
        ...{ expiresInDays: 30, allowedIps: ["127.0.0.1"] },
      });
      const ci = service.clientWithSecret(before["token"]);
      const { body: after } = await ci.post(`/api/tokens/${before["id"]}/rotate`).expect(200);
      for (const field of ["id", "name", "scopes", "mcpServers", "expiresAt", "allowedIps", "createdAt"]) {
        expect(after[field], field).to.deep.equal(before[field]);
      }
      expect(after.prefix).to.equal(after.token.slice(0, 12)).and.not.equal(before["prefix"]);
      await ci.get("/api/whoami").expect(401);
      await service.clientWithSecret(after.token).get("/api/whoami").expect(200);
    });

    it("a token cannot rotate another one", async () => {
      const [one, other] = [await make({ name: "one", type: "mcp" }), await make({ name: "other", type: "mcp" })];
      await service.clientWithSecret(one["token"]).post(`/api/tokens/${other["id"]}/rotate`).expect(403);
    });

    it("name, expiry and addresses can be changed", async () => {
      const { id } = await make({ name: "before", type: "mcp", expiresInDays: 7 });
      const change = { name: "after", expiresAt: "2099-01-01T00:00:00.000Z", allowedIps: ["10.0.0.0/8"] };
      const { body } = await admin.patch(`/api/tokens/${id}`).send(change).expect(200);
      expect(body).to.deep.include(change);
    });

    it("the list has name, prefix, servers, expiry and last use", async () => {
      const { id = "", token = "" } = await make({ name: "listed", type: "mcp", mcpServers: ["jira"] });
      expect(await shown(id)).to.deep.include({
        ...{ name: "listed", prefix: token.slice(0, 12), mcpServers: ["jira"], expiresAt: null, lastUsedAt: null },
      });
    });
  });

  describe("NOFire", () => {
    it("accepts the token as X-API-Key", async () => {
      const { token = "" } = await make({ name: "sarah-claude-desktop", type: "mcp" });
      const { body } = await service.clientWithSecret().get("/api/whoami").set("X-API-Key", token).expect(200);
      expect(body.scopes).to.deep.equal(["connect:read"]);
    });

    it("a token of type mcp is read-only by construction", async () => {
      await admin
        .post("/api/tokens")
        .send({ name: "x", type: "mcp", scopes: ["connect:write"] })
        .expect(400);
    });

    it("the error for a token of the wrong type says so", async () => {
      const { token = "" } = await make({ name: "reader", type: "mcp" });
      const { body } = await asAda(token).post("/api/skills").send({ slug: "s", name: "S" }).expect(403);
      expect(body.detail).to.equal(
        "This operation requires the scope connect:write, which a token of type mcp cannot have.",
      );
      const agent = await make({ name: "agent", type: "agent" });
      const mine = { slug: "mine", name: "Mine", content: "" };
      await asAda(agent["token"] ?? "")
        .post("/api/skills")
        .send(mine)
        .expect(201);
    });

    it("a token can be disabled and enabled again", async () => {
      const { id, token = "" } = await make({ name: "toggled", type: "mcp" });
      const enable = (enabled: boolean) => admin.patch(`/api/tokens/${id}`).send({ enabled }).expect(200);
      expect((await enable(false)).body.status).to.equal("disabled");
      await service.clientWithSecret(token).get("/api/whoami").expect(401);
      expect((await enable(true)).body.status).to.equal("active");
      await service.clientWithSecret(token).get("/api/whoami").expect(200);
    });

    it("a deleted token is permanently revoked", async () => {
      const { id } = await make({ name: "deleted", type: "mcp" });
      await admin.delete(`/api/tokens/${id}`).expect(204);
      await admin.patch(`/api/tokens/${id}`).send({ enabled: true }).expect(409);
      expect((await shown(id ?? ""))["status"]).to.equal("revoked");
    });

    it("a token has no expiry by default", async () => {
      expect((await make({ name: "forever", type: "mcp" }))["expiresAt"]).to.equal(null);
    });

    it("the 101st request of a minute returns 429 with Retry-After", async () => {
      const { token = "" } = await make({ name: "eager", type: "mcp" });
      const statuses = new Set<number>();
      let rejected = await asAda(token).get("/api/skills");
      for (let count = 1; count < 250 && rejected.status !== 429; count++) {
        statuses.add(rejected.status);
        rejected = await asAda(token).get("/api/skills");
      }
      expect([...statuses]).to.deep.equal([200]);
      expect(Number(rejected.headers["retry-after"])).to.be.within(1, 60);
    });

    it("unused tokens can be listed", async () => {
      const { id } = await make({ name: "idle", type: "mcp" });
      const { body } = await admin
        .get("/api/tokens")
        .query({ unusedSince: new Date(Date.now() - 30 * 86_400_000).toISOString(), type: "mcp", limit: 100 })
        .expect(200);
      expect(body.data.map((each: { id: string }) => each.id)).to.include(id);
    });
  });

  describe("FSProtect", () => {
    it("accepts the token as Authorization: Api-Token", async () => {
      const { token = "" } = await make({ name: "Cursor MCP", type: "mcp" });
      await service.clientWithSecret().get("/api/whoami").set("Authorization", `Api-Token ${token}`).expect(200);
    });

    it("the expiry is a number of days, or none", async () => {
      expect((await make({ name: "Automation Client", type: "mcp", expiresInDays: 12 }))["expiresAt"]).to.be.a(
        "string",
      );
    });

    it("the list has name, prefix, creation, expiry, last use and status", async () => {
      const { id = "" } = await make({ name: "Claude Desktop MCP", type: "mcp" });
      expect(await shown(id)).to.include.keys("name", "prefix", "createdAt", "expiresAt", "lastUsedAt", "status");
    });

    it("managing tokens requires its own scope", async () => {
      const writer = await service.clientWithScopes(["admin:write"]);
      await writer.get("/api/tokens").expect(403);
      const manager = await service.clientWithScopes(["admin:tokens"]);
      await manager.get("/api/tokens").expect(200);
    });
  });

  describe("ApiTraffic", () => {
    it("a token can be restricted to an environment, to all of its servers or to some", async () => {
      const all = await make({ name: "Claude Desktop - Production", type: "mcp", environment: "production" });
      expect(await serversOf(asAda(all["token"] ?? ""))).to.deep.equal(["github", "jira"]);
      const some = await make({ ...{ name: "some", type: "mcp", environment: "production" }, mcpServers: ["jira"] });
      expect(await serversOf(asAda(some["token"] ?? ""))).to.deep.equal(["jira"]);
    });

    it("the list reports whether there are more, and masks tokens", async () => {
      const { body } = await admin.get("/api/tokens").query({ limit: 1 }).expect(200);
      expect(body.pagination.hasMore).to.equal(true);
      expect(body.data[0].masked).to.equal(`${body.data[0].prefix}*******`);
    });

    it("times are ISO 8601 in UTC with milliseconds, and null if nothing happened", async () => {
      const created = await make({ name: "times", type: "mcp" });
      expect(created["createdAt"]).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      expect(created).to.deep.include({ lastUsedAt: null, revokedAt: null });
    });
  });
});

const authSecret = "an-on-premises-secret-of-this-test";
