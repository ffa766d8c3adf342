import { expect } from "chai";
import { policyType, withLookup } from "../../../src/domain/catalog/resource-types.ts";
import { newEntity } from "../../../src/domain/entity.ts";
import { policies } from "../../../src/store/collections.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";

/** What catalog resources promise beyond the contract of every resource. */
describeOnEngines("The catalog", (open) => {
  let service: Service;
  let admin: Agent;
  before(async () => {
    service = await startService({ open });
    admin = await service.clientWithScopes(["admin:write"]);
  });
  after(() => service.dispose());

  const server = (more: object = {}): object => ({
    name: "S",
    transport: "http",
    url: "https://mcp.example",
    ...more,
  });
  const statuses = (responses: readonly { status: number }[]): number[] => responses.map(({ status }) => status).sort();

  it("creates once when many PUTs of a new slug are concurrent", async () => {
    const puts = await Promise.all(
      Array.from({ length: 12 }, () => admin.put("/api/mcp-servers/contested").send(server())),
    );
    expect(statuses(puts)).to.deep.equal([...Array.from({ length: 11 }, () => 200), 201]);
    expect(new Set(puts.map(({ body }) => body.id)).size).to.equal(1);
    expect(new Set(puts.map(({ body }) => body.version))).to.deep.equal(new Set([1]));
  });

  it("describes the valid values of an invalid field", async () => {
    const errorsOf = async (more: object): Promise<unknown> => {
      const { body } = await admin.put("/api/mcp-servers/wrong").send(server(more)).expect(400);
      return body.errors;
    };
    const oauth2 = { type: "oauth2", authorizationUrl: "https://a.example", tokenUrl: "https://a.example" };
    expect(await errorsOf({ auth: { type: "basic" } })).to.deep.equal([
      { pointer: "/auth/type", detail: "auth.type must be one of none, apiKey, oauth2." },
    ]);
    expect(await errorsOf({ auth: { type: "apiKey", header: "a b" } })).to.deep.equal([
      { pointer: "/auth/header", detail: "auth.header must be 1 to 64 letters, digits and hyphens." },
    ]);
    for (const url of ["https://mcp.example/\n", " https://mcp.example", "https://mcp.\texample"]) {
      expect(await errorsOf({ url }), JSON.stringify(url)).to.have.nested.property("[0].pointer", "/url");
    }
    const scopes = ["a b"];
    expect(
      await errorsOf({ auth: { ...oauth2, clientId: "c", redirectUri: "https://a.example", scopes } }),
    ).to.have.nested.property("[0].pointer", "/auth/scopes/0");
    expect((await admin.put("/api/mcp-servers/Not_a_slug").send(server()).expect(400)).body.detail).to.match(
      /^The slug in the path must be 1 to 63/,
    );
  });

  it("applies every concurrent change without If-Match, and one of those with the same version", async () => {
    const { headers } = await admin.put("/api/mcp-servers/busy").send(server()).expect(201);
    const kept = await Promise.all(
      ["description", "environment", "command"].map((field) =>
        admin.patch("/api/mcp-servers/busy").send(field === "command" ? { status: "active" } : { [field]: "x" }),
      ),
    );
    expect(statuses(kept)).to.deep.equal([200, 200, 200]);
    const now = await admin.get("/api/mcp-servers/busy").expect(200);
    expect(now.body).to.deep.include({ description: "x", environment: "x", status: "active", version: 4 });
    expect(headers["etag"]).to.not.equal(now.headers["etag"]);
    const races = await Promise.all(
      Array.from({ length: 8 }, (_, at) =>
        admin
          .patch("/api/mcp-servers/busy")
          .set("If-Match", String(now.headers["etag"]))
          .send({ name: `n${at}` }),
      ),
    );
    expect(statuses(races)).to.deep.equal([200, ...Array.from({ length: 7 }, () => 412)]);
  });

  it("rejects either a deletion or a concurrent change that references the resource", async () => {
    for (let round = 0; round < 15; round++) {
      await admin.put(`/api/skills/s${round}`).send({ name: "S", content: "" }).expect(201);
      const [deleted, named] = await Promise.all([
        admin.delete(`/api/skills/s${round}`),
        admin.put(`/api/toolkits/t${round}`).send({ name: "T", skills: [`s${round}`] }),
      ]);
      expect([`${deleted.status} ${named.status}`]).to.include.oneOf(["204 400", "409 201"]);
    }
  });

  it("accepts changes of a toolkit whose stored references no longer exist", async () => {
    const { body: group } = await admin.post("/api/groups").send({ displayName: "short-lived" }).expect(201);
    await admin
      .put("/api/toolkits/holds")
      .send({ name: "T", assignment: { groups: [group.id] } })
      .expect(201);
    const scim = await service.clientWithScopes(["admin:scim"]);
    await scim.delete(`/scim/v2/Groups/${group.id}`).expect(204);
    await admin.patch("/api/toolkits/holds").send({ name: "U" }).expect(200);
    const { body: problem } = await admin
      .put("/api/toolkits/other")
      .send({ name: "T", assignment: { groups: [group.id] } })
      .expect(400);
    expect(problem.errors[0].pointer).to.equal("/assignment/groups/0");
  });

  it("requires url for http servers and command for stdio servers, and rejects both", async () => {
    const pointers = async (body: object): Promise<string[]> => {
      const response = await admin
        .put("/api/mcp-servers/form")
        .send({ name: "S", ...body })
        .expect(400);
      return response.body.errors.map(({ pointer }: { pointer: string }) => pointer);
    };
    expect(await pointers({ transport: "http" })).to.deep.equal(["/url"]);
    expect(await pointers({ transport: "stdio", url: "https://mcp.example" })).to.deep.equal(["/command", "/url"]);
    expect(await pointers({ transport: "http", url: "javascript:alert(1)" })).to.deep.equal(["/url"]);
    expect(await pointers({ transport: "http", url: "https://user:secret@mcp.example" })).to.deep.equal(["/url"]);
    expect(await pointers({ transport: "http", url: "https://mcp.example", auth: { type: "oauth2" } })).to.deep.equal([
      "/auth/authorizationUrl",
      "/auth/tokenUrl",
      "/auth/clientId",
    ]);
  });

  it("rejects a changed slug, and a slug that differs from the path", async () => {
    const { body: created } = await admin.put("/api/commands/fixed").send({ name: "C", template: "t" }).expect(201);
    for (const [method, path] of [
      ["patch", "/api/commands/fixed"],
      ["put", "/api/commands/fixed"],
      ["put", `/api/commands/${created.id}`],
    ] as const) {
      const { body: problem } = await admin[method](path).send({ name: "C", template: "t", slug: "moved" }).expect(400);
      expect(problem.errors[0].pointer).to.equal("/slug");
    }
    for (const slug of ["UPPER", "a_b", "-a", "a".repeat(64), "%2e%2e", "__proto__"]) {
      await admin.put(`/api/commands/${slug}`).send({ name: "C", template: "t" }).expect(400);
    }
  });

  it("requires MCP servers in an allow policy for tools", async () => {
    const { body: problem } = await admin
      .put("/api/policies/vague")
      .send({ name: "P", effect: "allow", resources: { tools: ["*"] } })
      .expect(400);
    expect(problem.errors[0].pointer).to.equal("/resources/mcpServers");
  });

  it("409: rejects the 1001st policy, because all are evaluated for every user's view", async () => {
    const organizationId = await service.createOrganization("many-policies");
    const agent = await service.clientWithScopes(["admin:write"], organizationId);
    const policy = { name: "P", effect: "deny", resources: { tools: ["*"] } };
    const { body: first } = await agent.put("/api/policies/p-0").send(policy).expect(201);
    const stored = await service.store.for(organizationId).open(policies).get(first.id);
    if (!stored) throw new Error("it is not stored");
    await service.store.transaction(async (change) => {
      for (let at = 1; at < 1000; at++) {
        const more = { ...stored, ...newEntity("pol", organizationId), slug: `p-${at}` };
        await change.for(organizationId).open(policies).insert(withLookup(more, policyType));
      }
    });
    const { body: problem } = await agent.put("/api/policies/one-more").send(policy).expect(409);
    expect(problem.type).to.match(/:limit-reached$/);
    await agent.get("/api/policies/one-more").expect(404);
    await agent.delete("/api/policies/p-0").expect(204);
    await agent.put("/api/policies/one-more").send(policy).expect(201);
  });

  it("filters lists by fields, alone and combined", async () => {
    await admin
      .put("/api/mcp-servers/one")
      .send(server({ status: "active", environment: "blue" }))
      .expect(201);
    await admin
      .put("/api/mcp-servers/two")
      .send(server({ environment: "blue" }))
      .expect(201);
    const listSlugs = async (query: object): Promise<string[]> =>
      (await admin.get("/api/mcp-servers").query(query).expect(200)).body.data.map(
        ({ slug }: { slug: string }) => slug,
      );
    expect(await listSlugs({ environment: "blue" })).to.deep.equal(["one", "two"]);
    expect(await listSlugs({ environment: "blue", status: "active" })).to.deep.equal(["one"]);
    expect(await listSlugs({ environment: "green" })).to.deep.equal([]);
  });

  it("requires strict JSON of the declared types, and rejects prototype keys", async () => {
    const post = (text: string, type = "application/json") =>
      admin.post("/api/skills").set("Content-Type", type).send(text);
    await post("{").expect(400);
    await post("[]").expect(400);
    await post('"text"').expect(400);
    await post("slug=a", "application/x-www-form-urlencoded").expect(415);
    await post('{"slug":"p","name":"P","content":"c","__proto__":{"ownerId":"usr_1"}}').expect(400);
    await admin.post("/api/skills").expect(400);
    await post(JSON.stringify({ slug: "p", name: "P", content: "x".repeat(100_001) })).expect(400);
    await admin.get("/api/skills/p").expect(404);
    expect(({} as { ownerId?: string }).ownerId).to.equal(undefined);
  });
});
