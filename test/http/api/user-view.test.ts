import { expect } from "chai";
import { engines } from "../../store/engines.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";

/** What one user may use: the user view of `/api`. */
for (const { name: engine, open } of engines) {
  describe(`The user view on ${engine}`, () => {
    let service: Service;
    let admin: Agent;
    let plugin: Agent;
    let ada: string;
    let grace: string;
    before(async () => {
      service = await startService({ open });
      admin = await service.as(["admin:write"]);
      plugin = await service.as(["connect:write"]);
      const person = async (userName: string, email: string): Promise<string> =>
        (
          await admin
            .post("/api/users")
            .send({ userName, emails: [{ value: email, primary: true }] })
            .expect(201)
        ).body.id;
      ada = await person("ada", "Ada.Lovelace@example.com");
      grace = await person("grace", "grace@example.com");
      const group = (displayName: string) => admin.post("/api/groups").send({ displayName }).expect(201);
      const engineers = (await group("engineers")).body.id;
      const everybody = (await group("everybody")).body.id;
      await admin
        .post(`/api/groups/${engineers}/members`)
        .send({ members: [ada] })
        .expect(200);
      await admin
        .post(`/api/groups/${everybody}/members`)
        .send({ members: [engineers] })
        .expect(200);
      const server = (slug: string, more: object) =>
        admin
          .post("/api/mcp-servers")
          .send({ slug, name: slug, transport: "http", url: "https://mcp.example", status: "active", ...more })
          .expect(201);
      const tools = [
        { name: "search", risk: "read" },
        { name: "delete_repo", risk: "destructive" },
        { name: "old", enabled: false },
      ];
      await server("github", { environment: "production", assignment: { groups: [everybody] }, tools });
      await server("jira", { environment: "staging", assignment: { everyone: true } });
      await server("draft", { status: "draft", assignment: { everyone: true } });
      await server("payroll", { assignment: { users: [grace] } });
      await server("secret", {});
      await admin
        .post("/api/policies")
        .send({
          slug: "no-deletes",
          name: "No deletes",
          effect: "deny",
          subjects: { everyone: true },
          resources: { tools: ["*__delete_*"] },
        })
        .expect(201);
      await admin
        .post("/api/skills")
        .send({ slug: "review", name: "Review", content: "# Review", assignment: { groups: [engineers] } })
        .expect(201);
      await admin
        .post("/api/commands")
        .send({ slug: "greet", name: "Greet", template: "Hi", assignment: { everyone: true } })
        .expect(201);
      await admin
        .post("/api/commands")
        .send({ slug: "off", name: "Off", template: "Hi", active: false, assignment: { everyone: true } })
        .expect(201);
      await admin
        .post("/api/toolkits")
        .send({
          slug: "work",
          name: "Work",
          entries: [{ mcpServer: "github" }, { mcpServer: "payroll" }, { mcpServer: "jira" }],
          skills: ["review"],
          commands: ["greet"],
          assignment: { everyone: true },
        })
        .expect(201);
    });
    after(() => service.dispose());

    const slugs = ({ body }: { body: { data: { slug: string }[] } }): string[] => body.data.map(({ slug }) => slug);
    const as = (email: string) => ({
      get: (path: string) => plugin.get(path).set("x-user-email", email),
      post: (path: string) => plugin.post(path).set("x-user-email", email),
      put: (path: string) => plugin.put(path).set("x-user-email", email),
      patch: (path: string) => plugin.patch(path).set("x-user-email", email),
      delete: (path: string) => plugin.delete(path).set("x-user-email", email),
    });

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

    describe("what is never learnt", () => {
      const bodies: Readonly<Record<string, object>> = {
        toolkits: { name: "Mine" },
        skills: { name: "Mine", content: "mine" },
        commands: { name: "Mine", template: "mine" },
      };

      it("a draft or another's server is answered to the byte like one that is not there", async () => {
        const { body: list } = await admin.get("/api/mcp-servers").expect(200);
        const idOf = (slug: string): string => list.data.find((each: { slug: string }) => each.slug === slug).id;
        for (const slug of ["draft", "payroll", "secret"]) {
          for (const name of [slug, idOf(slug)]) {
            const hidden = await as("ada").get(`/api/mcp-servers/${name}`).set("X-Request-Id", "same");
            const missing = await as("ada").get("/api/mcp-servers/never-made").set("X-Request-Id", "same");
            expect([hidden.status, hidden.text]).to.deep.equal([404, missing.text]);
          }
        }
      });

      for (const [kind, body] of Object.entries(bodies)) {
        it(`another user's private ${kind.slice(0, -1)}: not by get, list, change, deletion or a slug that is taken`, async () => {
          const path = `/api/${kind}`;
          const own = (
            await as("grace")
              .post(path)
              .send({ slug: "mine", ...body })
              .expect(201)
          ).body;
          expect(own.ownerId).to.equal(grace);
          const tries = (id: string) => [
            as("ada").get(`${path}/${id}`),
            as("ada").patch(`${path}/${id}`).send({ name: "Theirs" }),
            as("ada").delete(`${path}/${id}`),
          ];
          const never = own.id.replace(/.{10}$/, "0000000000");
          for (const [at] of tries(own.id).entries()) {
            const hidden = await tries(own.id)[at]?.set("X-Request-Id", "same");
            const missing = await tries(never)[at]?.set("X-Request-Id", "same");
            expect([hidden?.status, hidden?.text]).to.deep.equal([404, missing?.text]);
          }
          expect(slugs(await as("ada").get(path).expect(200))).to.not.include("mine");
          await as("ada")
            .get(path)
            .query({ ownerId: grace })
            .expect(200, /"data":\[\]/);
          const made = await as("ada")
            .post(path)
            .send({ slug: "mine", ...body })
            .expect(201);
          expect(made.body.ownerId).to.equal(ada);
          expect((await as("grace").get(`${path}/mine`).expect(200)).body.id).to.equal(own.id);
          for (const name of ["ada", "grace"]) await as(name).delete(`${path}/mine`).expect(204);
        });

        it(`an own ${kind.slice(0, -1)} is made, read, changed, put again and deleted by its user; assigned to nobody`, async () => {
          const path = `/api/${kind}`;
          await as("ada").put(`${path}/own`).send(body).expect(201);
          const read = await as("ada").get(`${path}/own`).expect(200);
          expect((await as("ada").put(`${path}/own`).send(read.body).expect(200)).body).to.deep.equal(read.body);
          await as("ada")
            .patch(`${path}/own`)
            .set("If-Match", String(read.headers["etag"]))
            .send({ name: "New" })
            .expect(200);
          await as("ada")
            .patch(`${path}/own`)
            .set("If-Match", String(read.headers["etag"]))
            .send({ name: "Newer" })
            .expect(412);
          const { body: problem } = await as("ada")
            .patch(`${path}/own`)
            .send({ assignment: { everyone: true } })
            .expect(400);
          expect(problem.errors[0].pointer).to.equal("/assignment");
          await as("ada").delete(`${path}/own`).expect(204);
          await as("ada").get(`${path}/own`).expect(404);
        });
      }

      it("what is the organisation's can be seen and not changed; an own one of the same slug comes before it", async () => {
        await as("ada").patch("/api/skills/review").send({ name: "Mine" }).expect(403);
        await as("ada").delete("/api/skills/review").expect(403);
        await as("grace").delete("/api/skills/review").expect(404);
        await as("ada").post("/api/skills").send({ slug: "review", name: "Mine", content: "" }).expect(201);
        expect((await as("ada").get("/api/skills/review").expect(200)).body.name).to.equal("Mine");
        expect((await admin.get("/api/skills/review").expect(200)).body.name).to.equal("Review");
        await as("ada").delete("/api/skills/review").expect(204);
        expect((await as("ada").get("/api/skills/review").expect(200)).body.name).to.equal("Review");
      });

      it("an own toolkit names only what its user can reach; others are answered like what is not there", async () => {
        const told = [];
        for (const mcpServer of ["payroll", "draft", "secret", "never-made"]) {
          const answer = await as("ada")
            .post("/api/toolkits")
            .set("X-Request-Id", "same")
            .send({ slug: "t", name: "T", entries: [{ mcpServer }] })
            .expect(400);
          told.push(answer.text.replaceAll(mcpServer, "SLUG"));
        }
        expect(new Set(told).size).to.equal(1);
        await as("ada")
          .post("/api/toolkits")
          .send({ slug: "t", name: "T", entries: [{ mcpServer: "github" }] })
          .expect(201);
      });

      it("whoever names the organisation's things in an own toolkit keeps nobody from deleting them", async () => {
        await admin
          .put("/api/skills/passing")
          .send({ name: "Passing", content: "", assignment: { everyone: true } })
          .expect(201);
        await as("ada")
          .post("/api/toolkits")
          .send({ slug: "holder", name: "T", skills: ["passing"] })
          .expect(201);
        await admin.delete("/api/skills/passing").expect(204);
        const held = await as("ada").get("/api/toolkits/holder").expect(200);
        expect(held.body.skills, "as its owner wrote it").to.deep.equal(["passing"]);
        const again = await as("ada").put("/api/toolkits/holder").send(held.body).expect(200);
        expect(again.body).to.deep.equal(held.body);
      });
    });
  });
}
