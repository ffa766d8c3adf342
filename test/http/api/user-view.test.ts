import { expect } from "chai";
import { engines } from "../../store/engines.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";
import { type Peopled, peopled, slugsOf as slugs } from "./peopled.ts";

/** What one user may use: the user view of `/api`. */
for (const { name: engine, open } of engines) {
  describe(`The user view on ${engine}`, () => {
    let service: Service;
    let admin: Agent;
    let plugin: Agent;
    let ada: string;
    let as: Peopled["as"];
    before(async () => {
      service = await startService({ open });
      ({ admin, plugin, ada, as } = await peopled(service));
    });
    after(() => service.dispose());

    describe("whose view it is", () => {
      it("is that of the user with this userName or primary e-mail, in any letter case", async () => {
        for (const name of ["ada", "ADA", "ada.lovelace@example.com", " Ada.Lovelace@EXAMPLE.com "]) {
          expect(slugs(await as(name).get("/api/mcp-servers").expect(200))).to.deep.equal(["github", "jira"]);
        }
      });

      it("is refused alike for a user who is not there, inactive, or of another organisation", async () => {
        const elsewhere = await service.organization("elsewhere");
        const others = await service.as(["admin:write"], elsewhere);
        await others.post("/api/users").send({ userName: "theirs" }).expect(201);
        await admin.post("/api/users").send({ userName: "asleep", active: false }).expect(201);
        const told = [];
        for (const name of ["nobody", "asleep", "theirs", "x".repeat(5000)]) {
          const answer = await as(name).get("/api/skills").set("X-Request-Id", "same").expect(403);
          told.push(answer.text);
        }
        expect(new Set(told).size).to.equal(1);
      });

      it("is needed: a token with connect scopes only is told to name a user", async () => {
        for (const path of ["/api/skills", "/api/mcp-servers/github"]) {
          expect((await plugin.get(path).expect(400)).body.type).to.match(/:user-required$/);
        }
        expect((await plugin.get("/api/skills").set("x-user-email", " ").expect(400)).body.type).to.match(
          /:user-required$/,
        );
      });

      it("is the token's own with a personal token, whose holder can be nobody else", async () => {
        const { secret } = await service.issue({ scopes: ["connect:read"], userId: ada });
        const personal = service.with(secret);
        expect(slugs(await personal.get("/api/mcp-servers").expect(200))).to.deep.equal(["github", "jira"]);
        await personal.get("/api/mcp-servers").set("x-user-email", "ada").expect(200);
        await personal.get("/api/mcp-servers").set("x-user-email", "grace").expect(403);
        await personal.get("/api/users").expect(403);
      });

      it("is what a credential with connect scopes only has to name, whatever it asks of what users have", async () => {
        const reader = await service.as(["connect:read"]);
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

      it("names the acting user in whoami, to whoever may read as that user", async () => {
        expect((await as("ada").get("/api/whoami").expect(200)).body.userId).to.equal(ada);
        const exchanger = await service.as(["connect:exchange-auth"]);
        await exchanger.get("/api/whoami").set("x-user-email", "ada").expect(403);
      });

      it("opens with connect scopes only; what is not for users says so", async () => {
        await admin.get("/api/skills").set("x-user-email", "ada").expect(403);
        const all = await service.as(["all"]);
        expect((await all.get("/api/policies").set("x-user-email", "ada").expect(403)).body.type).to.match(
          /:forbidden$/,
        );
        const reader = await service.as(["connect:read"]);
        await reader
          .post("/api/skills")
          .set("x-user-email", "ada")
          .send({ slug: "s", name: "S", content: "" })
          .expect(403);
      });
    });

    describe("what is seen", () => {
      it("shows servers that are active and theirs, without who else has them", async () => {
        const { body: server } = await as("ada").get("/api/mcp-servers/github").expect(200);
        expect(server).to.not.have.property("assignment");
        expect(slugs(await as("grace").get("/api/mcp-servers").expect(200))).to.deep.equal(["jira", "payroll"]);
      });

      it("hides tools that are disabled or denied by a policy", async () => {
        const { body: server } = await as("ada").get("/api/mcp-servers/github").expect(200);
        expect(server.tools.map(({ name }: { name: string }) => name)).to.deep.equal(["search"]);
      });

      it("shows skills through groups of groups, active commands, and toolkits with what of them is theirs", async () => {
        expect(slugs(await as("ada").get("/api/skills").expect(200))).to.deep.equal(["review"]);
        expect(slugs(await as("grace").get("/api/skills").expect(200))).to.deep.equal([]);
        expect(slugs(await as("ada").get("/api/commands").expect(200))).to.deep.equal(["greet"]);
        const { body: seen } = await as("ada").get("/api/toolkits/work").expect(200);
        expect(seen.entries).to.deep.equal([
          { mcpServer: "github", tools: ["search"] },
          { mcpServer: "jira", tools: "all" },
        ]);
        const { body: other } = await as("grace").get("/api/toolkits/work").expect(200);
        expect(other.entries.map(({ mcpServer }: { mcpServer: string }) => mcpServer)).to.deep.equal([
          "payroll",
          "jira",
        ]);
        expect(other.skills).to.deep.equal([]);
      });

      it("narrows with the token's restriction: an environment, a list of servers", async () => {
        const seen = async (restriction: object): Promise<string[]> => {
          const { secret } = await service.issue({ scopes: ["connect:read"], ...restriction });
          const agent = service.with(secret);
          const { body: toolkit } = await agent.get("/api/toolkits/work").set("x-user-email", "ada").expect(200);
          const servers = slugs(await agent.get("/api/mcp-servers").set("x-user-email", "ada").expect(200));
          expect(toolkit.entries.map(({ mcpServer }: { mcpServer: string }) => mcpServer)).to.deep.equal(servers);
          return servers;
        };
        expect(await seen({ environment: "staging" })).to.deep.equal(["jira"]);
        expect(await seen({ mcpServers: ["github", "payroll"] })).to.deep.equal(["github"]);
        expect(await seen({ environment: "staging", mcpServers: ["github"] })).to.deep.equal([]);
      });

      it("answers 304 only while the user's own view of a thing stays the same", async () => {
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
}
