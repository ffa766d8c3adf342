import { expect } from "chai";
import { toolkits } from "../../../src/store/collections.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Agent, type Service, startService } from "../../support/service.ts";

/** The entries of toolkits, in the form of today and of earlier releases. */
describeOnEngines("Entries of toolkits", (open) => {
  let service: Service;
  let admin: Agent;
  before(async () => {
    service = await startService({ open });
    admin = await service.clientWithScopes(["admin:write"]);
    const tools = [{ name: "search" }, { name: "remove", enabled: false }];
    for (const slug of ["one", "two"]) {
      const server = { name: slug, transport: "http", url: "https://mcp.example", tools };
      await admin.put(`/api/mcp-servers/${slug}`).send(server).expect(201);
    }
  });
  after(() => service.dispose());

  let number = 0;
  const put = (entries: readonly object[], slug = `kit-${++number}`) =>
    admin.put(`/api/toolkits/${slug}`).send({ name: "Kit", entries });

  it("are read with and without tools for all tools, and returned without", async () => {
    const shown = [{ mcpServer: "one" }, { mcpServer: "two", tools: ["search"] }];
    for (const all of [{}, { tools: "all" }, { tools: null }]) {
      const created = await put([{ mcpServer: "one", ...all }, shown[1] as object]).expect(201);
      expect(created.body.entries, JSON.stringify(all)).to.deep.equal(shown);
      expect((await admin.get(`/api/toolkits/${created.body.id}`).expect(200)).body.entries).to.deep.equal(shown);
    }
    const { body: page } = await admin
      .get("/api/toolkits")
      .query({ slug: `kit-${number}` })
      .expect(200);
    expect(page.data[0].entries).to.deep.equal(shown);
  });

  it("keep the version when a client sends the other form of the same entry", async () => {
    const { body: created } = await put([{ mcpServer: "one" }]).expect(201);
    for (const entries of [[{ mcpServer: "one", tools: "all" }], [{ mcpServer: "one" }]]) {
      expect((await put(entries, created.slug).expect(200)).body.version).to.equal(1);
      const patched = await admin.patch(`/api/toolkits/${created.slug}`).send({ entries }).expect(200);
      expect(patched.body.version).to.equal(1);
    }
    expect((await put([{ mcpServer: "one", tools: [] }], created.slug).expect(200)).body.entries).to.deep.equal([
      { mcpServer: "one", tools: [] },
    ]);
  });

  it("are stored as earlier releases read them", async () => {
    const { body: created } = await put([{ mcpServer: "one" }, { mcpServer: "two", tools: ["search"] }]).expect(201);
    const record = await service.store.for(service.organizationId).open(toolkits).get(created.id);
    expect(record?.entries).to.deep.equal([
      { mcpServer: "one", tools: "all" },
      { mcpServer: "two", tools: ["search"] },
    ]);
    expect(record).to.not.have.any.keys("labels", "warnings");
  });

  it("400: reject another string than all, by its pointer", async () => {
    const { body: problem } = await put([{ mcpServer: "one", tools: "some" }]).expect(400);
    expect(problem.errors[0].pointer).to.equal("/entries/0/tools");
  });

  it("warn about tools that the server does not have, and the response can be sent back", async () => {
    const entries = [{ mcpServer: "one" }, { mcpServer: "two", tools: ["remove", "gone", "search"] }];
    const { body: created } = await put(entries).expect(201);
    expect(created.warnings).to.deep.equal([
      {
        pointer: "/entries/1/tools/1",
        code: "unknown-tool",
        detail: "The MCP server two has no tool gone now.",
      },
    ]);
    const url = `/api/toolkits/${created.id}`;
    expect((await admin.put(url).send(created).expect(200)).body).to.deep.equal(created);
    expect((await admin.patch(url).send({ warnings: [] }).expect(200)).body.version).to.equal(1);
    expect((await admin.get(url).expect(200)).body).to.not.have.property("warnings");
    await admin
      .patch("/api/mcp-servers/two")
      .send({ tools: [{ name: "search" }, { name: "remove" }, { name: "gone" }] })
      .expect(200);
    expect((await admin.put(url).send(created).expect(200)).body).to.not.have.property("warnings");
  });

  it("have at most 20 warnings", async () => {
    const tools = Array.from({ length: 30 }, (_, at) => `t${at}`);
    const { body } = await put([{ mcpServer: "one", tools }]).expect(201);
    expect(body.warnings).to.have.length(20);
  });

  it("are the same in a user's view", async () => {
    await admin.post("/api/users").send({ userName: "kim" }).expect(201);
    for (const slug of ["one", "two"])
      await admin
        .patch(`/api/mcp-servers/${slug}`)
        .send({ status: "active", assignment: { everyone: true } })
        .expect(200);
    const plugin = (await service.clientWithScopes(["connect:write"])).set("x-user-email", "kim");
    const entries = [{ mcpServer: "one", tools: "all" }];
    const { body: own } = await plugin.post("/api/toolkits").send({ slug: "own", name: "Own", entries }).expect(201);
    expect(own.entries).to.deep.equal([{ mcpServer: "one" }]);
    expect((await plugin.put("/api/toolkits/own").send(own).expect(200)).body.version).to.equal(1);
  });
});

describeOnEngines("Fields of the other transport of MCP servers", (open) => {
  let service: Service;
  let admin: Agent;
  before(async () => {
    service = await startService({ open });
    admin = await service.clientWithScopes(["admin:write"]);
  });
  after(() => service.dispose());

  it("are ignored if they are empty or null, as generated clients send them", async () => {
    const http = { name: "H", transport: "http", url: "https://mcp.example" };
    const stdio = { name: "S", transport: "stdio", command: "npx" };
    for (const [slug, body] of [
      ["a", { ...http, args: [], command: "" }],
      ["b", { ...http, args: null, command: null }],
      ["c", { ...stdio, args: [], url: "", timeoutSeconds: null }],
    ] as const) {
      const { body: created } = await admin
        .post("/api/mcp-servers")
        .send({ slug, ...body })
        .expect(201);
      expect(created, slug).to.not.have.any.keys(
        body.transport === "http" ? ["args", "command"] : ["url", "timeoutSeconds"],
      );
      expect((await admin.put(`/api/mcp-servers/${slug}`).send(body).expect(200)).body.version).to.equal(1);
      const patched = await admin.patch(`/api/mcp-servers/${slug}`).send({ args: body.args }).expect(200);
      expect(patched.body.version).to.equal(1);
    }
    expect((await admin.get("/api/mcp-servers/c").expect(200)).body.args).to.deep.equal([]);
  });

  it("400: are rejected with a value, and required ones must have one", async () => {
    const pointerOf = async (body: object): Promise<string> =>
      (
        await admin
          .put("/api/mcp-servers/wrong")
          .send({ name: "W", ...body })
          .expect(400)
      ).body.errors[0].pointer;
    const http = { transport: "http", url: "https://mcp.example" };
    expect(await pointerOf({ ...http, args: ["x"] })).to.equal("/args");
    expect(await pointerOf({ ...http, command: "npx" })).to.equal("/command");
    expect(await pointerOf({ transport: "http", url: "" })).to.equal("/url");
    expect(await pointerOf({ transport: "stdio", command: "npx", timeoutSeconds: 5 })).to.equal("/timeoutSeconds");
    expect(await pointerOf({ transport: "ftp", args: [] })).to.equal("/transport");
  });
});
