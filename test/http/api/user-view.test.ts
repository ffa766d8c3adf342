import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";
import { createDirectoryFixture, type DirectoryFixture, toSlugs as slugs } from "./directory.fixture.ts";

/** What one user may use. */
describeOnEngines("The user's view of /api", (open) => {
  let service: Service;
  let admin: Agent;
  let plugin: Agent;
  let ada: string;
  let as: DirectoryFixture["as"];
  before(async () => {
    service = await startService({ open });
    ({ admin, plugin, ada, as } = await createDirectoryFixture(service));
  });
  after(() => service.dispose());

  describe("the acting user", () => {
    it("is found by userName or primary email address, case-insensitively", async () => {
      for (const name of ["ada", "ADA", "ada.lovelace@example.com", " Ada.Lovelace@EXAMPLE.com "]) {
        expect(slugs(await as(name).get("/api/mcp-servers").expect(200))).to.deep.equal(["github", "jira"]);
      }
    });

    it("is found by its only address, also without primary, unless two users have it", async () => {
      const emails = [{ value: "only@example.com", type: "work" }];
      await admin.post("/api/users").send({ userName: "only-one", emails }).expect(201);
      const { body } = await as("Only@Example.com").get("/api/whoami").expect(200);
      await as("second@example.com").get("/api/whoami").expect(403);
      expect((await admin.get(`/api/users/${body.userId}`).expect(200)).body.userName).to.equal("only-one");
      const several = [{ value: "first@example.com" }, { value: "second@example.com" }];
      await admin.post("/api/users").send({ userName: "several", emails: several }).expect(201);
      await as("second@example.com").get("/api/whoami").expect(403);
      const primary = [{ value: "only@example.com", primary: true }];
      await admin.post("/api/users").send({ userName: "only-two", emails: primary }).expect(201);
      await as("only@example.com").get("/api/whoami").expect(403);
    });

    it("is found by UTF-8, Latin-1 and percent-encoded bytes", async () => {
      const { id } = (await admin.post("/api/users").send({ userName: "jürgen@example.com" }).expect(201)).body;
      const headers = [
        Buffer.from("jürgen@example.com", "utf8").toString("latin1"),
        "jürgen@example.com",
        "j%C3%BCrgen@example.com",
        encodeURIComponent("jürgen@example.com"),
      ];
      for (const header of headers)
        expect((await as(header).get("/api/whoami").expect(200)).body.userId, header).to.equal(id);
      for (const header of ["j%FCrgen@example.com", "j%ZZrgen@example.com", "%00", "%"])
        await as(header).get("/api/whoami").expect(403);
    });

    it("is the user whose name literally is the header, even if it is inactive, before any decoding", async () => {
      const create = async (userName: string): Promise<string> =>
        (await admin.post("/api/users").send({ userName }).expect(201)).body.id;
      const [literal, decoded] = [await create("eve%40example.com"), await create("eve@example.com")];
      expect((await as("eve%40example.com").get("/api/whoami").expect(200)).body.userId).to.equal(literal);
      expect((await as("eve@example.com").get("/api/whoami").expect(200)).body.userId).to.equal(decoded);
      await admin.patch(`/api/users/${literal}`).send({ active: false }).expect(200);
      await as("eve%40example.com").get("/api/whoami").expect(403);
    });

    it("is rejected with the same response if unknown, inactive or of another organization", async () => {
      const elsewhere = await service.createOrganization("elsewhere");
      const others = await service.clientWithScopes(["admin:write"], elsewhere);
      await others.post("/api/users").send({ userName: "theirs" }).expect(201);
      await admin.post("/api/users").send({ userName: "asleep", active: false }).expect(201);
      const bodies = [];
      for (const name of ["nobody", "asleep", "theirs", "x".repeat(5000)]) {
        const response = await as(name).get("/api/skills").set("X-Request-Id", "same").expect(403);
        bodies.push(response.text);
      }
      expect(new Set(bodies).size).to.equal(1);
    });

    it("is required for a token with only connect scopes", async () => {
      for (const path of ["/api/skills", "/api/mcp-servers/github"]) {
        expect((await plugin.get(path).expect(400)).body.type).to.match(/:user-required$/);
      }
      expect((await plugin.get("/api/skills").set("x-user-email", " ").expect(400)).body.type).to.match(
        /:user-required$/,
      );
    });

    it("is the user of a personal token, which cannot act as another", async () => {
      const { secret } = await service.issueToken({ scopes: ["connect:read"], userId: ada });
      const personal = service.clientWithSecret(secret);
      expect(slugs(await personal.get("/api/mcp-servers").expect(200))).to.deep.equal(["github", "jira"]);
      await personal.get("/api/mcp-servers").set("x-user-email", "ada").expect(200);
      await personal.get("/api/mcp-servers").set("x-user-email", "grace").expect(403);
      await personal.get("/api/users").expect(403);
    });

    it("is required for every operation that has a user's view", async () => {
      const reader = await service.clientWithScopes(["connect:read"]);
      for (const [method, path] of [
        ["get", "/api/skills"],
        ["post", "/api/skills"],
        ["get", "/api/connections/github"],
      ] as const) {
        const { body } = await reader[method](path)
          .send(method === "post" ? { slug: "s", name: "S" } : undefined)
          .expect(400);
        expect(body.type, path).to.match(/:user-required$/);
      }
      expect((await reader.get("/api/policies").expect(403)).body.type).to.match(/:insufficient-scope$/);
    });

    it("is returned by whoami", async () => {
      expect((await as("ada").get("/api/whoami").expect(200)).body.userId).to.equal(ada);
      const exchanger = await service.clientWithScopes(["connect:exchange-auth"]);
      await exchanger.get("/api/whoami").set("x-user-email", "ada").expect(403);
    });

    it("requires connect scopes, and rejects operations without a user's view", async () => {
      await admin.get("/api/skills").set("x-user-email", "ada").expect(403);
      const all = await service.clientWithScopes(["all"]);
      expect((await all.get("/api/policies").set("x-user-email", "ada").expect(403)).body.type).to.match(/:forbidden$/);
      const reader = await service.clientWithScopes(["connect:read"]);
      await reader
        .post("/api/skills")
        .set("x-user-email", "ada")
        .send({ slug: "s", name: "S", content: "" })
        .expect(403);
    });
  });

  describe("visible resources", () => {
    it("includes active, assigned servers, without their assignment", async () => {
      const { body: server } = await as("ada").get("/api/mcp-servers/github").expect(200);
      expect(server).to.not.have.property("assignment");
      expect(slugs(await as("grace").get("/api/mcp-servers").expect(200))).to.deep.equal(["jira", "payroll"]);
    });

    it("omits tools that are disabled or denied by a policy", async () => {
      const { body: server } = await as("ada").get("/api/mcp-servers/github").expect(200);
      expect(server.tools.map(({ name }: { name: string }) => name)).to.deep.equal(["search"]);
    });

    it("includes skills of nested groups, active commands, and toolkits with their accessible entries", async () => {
      expect(slugs(await as("ada").get("/api/skills").expect(200))).to.deep.equal(["review"]);
      expect(slugs(await as("grace").get("/api/skills").expect(200))).to.deep.equal([]);
      expect(slugs(await as("ada").get("/api/commands").expect(200))).to.deep.equal(["greet"]);
      const { body: seen } = await as("ada").get("/api/toolkits/work").expect(200);
      expect(seen.entries).to.deep.equal([{ mcpServer: "github", tools: ["search"] }, { mcpServer: "jira" }]);
      const { body: other } = await as("grace").get("/api/toolkits/work").expect(200);
      expect(other.entries.map(({ mcpServer }: { mcpServer: string }) => mcpServer)).to.deep.equal(["payroll", "jira"]);
      expect(other.skills).to.deep.equal([]);
    });

    it("applies the token's restriction to an environment or a list of servers", async () => {
      const seen = async (restriction: object): Promise<string[]> => {
        const { secret } = await service.issueToken({ scopes: ["connect:read"], ...restriction });
        const agent = service.clientWithSecret(secret);
        const { body: toolkit } = await agent.get("/api/toolkits/work").set("x-user-email", "ada").expect(200);
        const servers = slugs(await agent.get("/api/mcp-servers").set("x-user-email", "ada").expect(200));
        expect(toolkit.entries.map(({ mcpServer }: { mcpServer: string }) => mcpServer)).to.deep.equal(servers);
        return servers;
      };
      expect(await seen({ environment: "staging" })).to.deep.equal(["jira"]);
      expect(await seen({ mcpServers: ["github", "payroll"] })).to.deep.equal(["github"]);
      expect(await seen({ environment: "staging", mcpServers: ["github"] })).to.deep.equal([]);
    });

    it("returns 304 only while the user's representation stays the same", async () => {
      const first = await as("ada").get("/api/mcp-servers/github").expect(200);
      const etag = String(first.headers["etag"]);
      await as("ada").get("/api/mcp-servers/github").set("If-None-Match", etag).expect(304);
      const policy = {
        name: "No search",
        effect: "deny",
        subjects: { users: [ada] },
        resources: { tools: ["github__search"] },
      };
      await admin.put("/api/policies/no-search").send(policy).expect(201);
      const second = await as("ada").get("/api/mcp-servers/github").set("If-None-Match", etag).expect(200);
      expect(second.body.tools).to.deep.equal([]);
      await admin.delete("/api/policies/no-search").expect(204);
    });
  });
});
