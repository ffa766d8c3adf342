import { expect } from "chai";
import { mcpServerType, withLookup } from "../../../src/domain/catalog/resource-types.ts";
import { mcpServers } from "../../../src/store/collections.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Gateway, rpc, startGateway } from "./gateway.fixture.ts";

describeOnEngines("Lists of /mcp", (open) => {
  let gateway: Gateway;
  let secret: string;
  let reader: string;
  before(async () => {
    gateway = await startGateway({ open });
    const ada = await gateway.createUser("ada@example.com");
    secret = await gateway.createToken(ada);
    reader = await gateway.createToken(ada, { type: "mcp", scopes: ["connect:read"] });
    await gateway.putServer("files", [{ name: "echo", description: "Returns its arguments." }, { name: "sum" }]);
    await gateway.putServer("other", [{ name: "echo" }], { environment: "staging" });
    const everyone = { assignment: { everyone: true, groups: [], users: [] } };
    for (const slug of ["greet", "part"])
      await gateway.admin
        .put(`/api/commands/${slug}`)
        .send({ name: slug, template: "Say {{word}}.", arguments: [{ name: "word" }], ...everyone })
        .expect(201);
    await gateway.admin
      .put("/api/toolkits/kit")
      .send({ name: "Kit", entries: [{ mcpServer: "files", tools: ["sum"] }], commands: ["part"], ...everyone })
      .expect(201);
  });
  after(() => gateway.dispose());

  const namesIn = async (path: string, token = secret): Promise<readonly string[]> => {
    const { body } = await gateway.post(token, rpc("tools/list"), { path });
    return body.result.tools.map(({ name }: { name: string }) => name);
  };
  const call = async (name: string, values: object = {}, path = "") =>
    (await gateway.post(secret, rpc("tools/call", { name, arguments: values }), { path })).body.result;
  /** Reads all pages of a list of tools of servers. */
  const readPages = async (path: string) => {
    const names: string[] = [];
    const pageSizes: number[] = [];
    for (let cursor: string | undefined; ; ) {
      const { body } = await gateway.post(secret, rpc("tools/list", cursor === undefined ? {} : { cursor }), { path });
      const page = serverTools(body.result.tools.map(({ name }: { name: string }) => name));
      names.push(...page);
      pageSizes.push(page.length);
      cursor = body.result.nextCursor;
      if (cursor === undefined) return { names, pageSizes };
    }
  };
  const serverTools = (names: readonly string[]): readonly string[] => names.filter((each) => each.includes("__"));

  describe("endpoints", () => {
    it("/mcp serves every server, /mcp/servers/{slug} one, and /mcp/toolkits/{slug} what the toolkit names", async () => {
      expect(serverTools(await namesIn(""))).to.deep.equal(["files__echo", "files__sum", "other__echo"]);
      expect(serverTools(await namesIn("/servers/other"))).to.deep.equal(["other__echo"]);
      expect(serverTools(await namesIn("/toolkits/kit"))).to.deep.equal(["files__sum"]);
    });

    it("call only the tools that they list", async () => {
      for (const path of ["/toolkits/kit", "/servers/other"]) {
        const { body } = await gateway.post(secret, rpc("tools/call", { name: "files__echo" }), { path });
        expect(body.error.code, path).to.equal(-32602);
      }
      expect(await call("files__sum", { a: 1, b: 1 }, "/toolkits/kit")).to.deep.include({
        structuredContent: { sum: 2 },
      });
    });

    it("of a toolkit serve its commands as prompts, those of a server none", async () => {
      const promptsIn = async (path: string) =>
        (await gateway.post(secret, rpc("prompts/list"), { path })).body.result.prompts.map(
          ({ name }: { name: string }) => name,
        );
      expect(await promptsIn("")).to.deep.equal(["greet", "part"]);
      expect(await promptsIn("/toolkits/kit")).to.deep.equal(["part"]);
      expect(await promptsIn("/servers/files")).to.deep.equal([]);
    });

    it("return 404 with the id for a server or toolkit that does not exist or is not assigned", async () => {
      await gateway.putServer("hidden", [{ name: "echo" }], { assignment: { everyone: false, groups: [], users: [] } });
      for (const path of ["/servers/unknown", "/servers/hidden", "/toolkits/unknown"]) {
        const { status, body } = await gateway.post(secret, rpc("initialize"), { path });
        expect(status).to.equal(404);
        expect(body.id).to.equal(7);
        expect(body.error.message.replace(/"[a-z]+"/, "NAME")).to.match(/^There is no (MCP server|toolkit) NAME that/);
      }
    });

    it("serve a restricted token only its servers", async () => {
      const { secret: staging } = await gateway.service.issueToken({
        ...{ scopes: ["connect:read"], environment: "staging" },
      });
      const { body } = await gateway.post(staging, rpc("tools/list"), {
        headers: { "x-user-email": "ada@example.com" },
      });
      expect(serverTools(body.result.tools.map(({ name }: { name: string }) => name))).to.deep.equal(["other__echo"]);
    });
  });

  describe("tools of the service", () => {
    it("are whoami and list_connections, and with connect:write those that manage toolkits", async () => {
      const isOwn = (name: string): boolean => !name.includes("__");
      expect((await namesIn("", reader)).filter(isOwn)).to.deep.equal(["whoami", "list_connections"]);
      expect((await namesIn("")).filter(isOwn)).to.deep.equal([
        ...["whoami", "list_connections", "list_toolkits", "create_toolkit", "update_toolkit", "delete_toolkit"],
      ]);
    });

    it("create, change and delete a toolkit of the user, which is served at once", async () => {
      const toolkit = { slug: "mine", name: "Mine", entries: [{ mcpServer: "files", tools: ["echo"] }] };
      expect((await call("create_toolkit", toolkit)).structuredContent).to.deep.include({ slug: "mine" });
      expect(serverTools(await namesIn("/toolkits/mine"))).to.deep.equal(["files__echo"]);
      await call("update_toolkit", { slug: "mine", entries: [{ mcpServer: "other" }] });
      expect(serverTools(await namesIn("/toolkits/mine"))).to.deep.equal(["other__echo"]);
      const { toolkits } = { toolkits: (await call("list_toolkits")).structuredContent.data };
      expect(toolkits.map(({ slug }: { slug: string }) => slug)).to.have.members(["kit", "mine"]);
      expect(await call("delete_toolkit", { slug: "mine" })).to.not.have.property("isError");
      expect((await gateway.post(secret, rpc("ping"), { path: "/toolkits/mine" })).status).to.equal(404);
    });

    it("return errors of the arguments as a text", async () => {
      for (const [values, message] of [
        [{ slug: "x" }, /name is required/],
        [{ slug: "x", name: "X", ownerId: "usr_1" }, /Unknown argument "ownerId"/],
        [{ slug: "X!", name: "X" }, /slug must be/],
        [{ slug: "x", name: "X", entries: [{ mcpServer: "unknown" }] }, /unknown/],
      ] as const) {
        const result = await call("create_toolkit", values);
        expect(result.isError).to.equal(true);
        expect(result.content[0].text).to.match(message);
      }
      expect((await call("update_toolkit", { slug: "kit", name: "Taken" })).content[0].text).to.match(/belongs to the/);
    });

    it("that change toolkits are unknown without connect:write", async () => {
      const { body } = await gateway.post(
        reader,
        rpc("tools/call", { name: "delete_toolkit", arguments: { slug: "kit" } }),
      );
      expect(body.error.code).to.equal(-32602);
    });
  });

  describe("prompts and skills of the user with the slug of one of the organization", () => {
    const everyone = { assignment: { everyone: true, groups: [], users: [] } };
    const ownClient = () => gateway.service.clientWithSecret(secret);
    const list = async (method: string, path: string) => {
      const { result } = (await gateway.post(secret, rpc(method), { path })).body;
      return method === "prompts/list"
        ? result.prompts
            .filter(({ name }: { name: string }) => name === "same")
            .map((each: { title: string }) => each.title)
        : result.skills
            .filter(({ uri }: { uri: string }) => uri === "skill://same/SKILL.md")
            .map((each: { frontmatter: { description: string } }) => each.frontmatter.description);
    };
    const textOfPrompt = async (path: string) =>
      (await gateway.post(secret, rpc("prompts/get", { name: "same" }), { path })).body.result.messages[0].content.text;
    const textOfSkill = async (path: string) =>
      (await gateway.post(secret, rpc("resources/read", { uri: "skill://same/SKILL.md" }), { path })).body.result
        .contents[0].text;
    before(async () => {
      const common = { command: { name: "Organization", template: "Organization" } };
      await gateway.admin
        .put("/api/commands/same")
        .send({ ...common.command, ...everyone })
        .expect(201);
      await gateway.admin
        .put("/api/skills/same")
        .send({ name: "Same", description: "Organization", content: "Organization", ...everyone })
        .expect(201);
      const content = { name: "Kit", entries: [], skills: ["same"], commands: ["same"] };
      await gateway.admin
        .put("/api/toolkits/same-kit")
        .send({ ...content, ...everyone })
        .expect(201);
      await ownClient().put("/api/commands/same").send({ name: "Own", template: "Own" }).expect(201);
      await ownClient().put("/api/skills/same").send({ name: "Same", description: "Own", content: "Own" }).expect(201);
      await ownClient().put("/api/toolkits/own-kit").send(content).expect(201);
    });
    after(async () => {
      for (const client of [ownClient(), gateway.admin])
        for (const path of ["commands/same", "skills/same"])
          await client.delete(`/api/${path}`).query({ detach: true }).expect(204);
    });

    for (const [path, served] of [
      ["", "Own"],
      ["/toolkits/own-kit", "Own"],
      ["/toolkits/same-kit", "Organization"],
    ] as const) {
      it(`are those of ${served === "Own" ? "the user" : "the organization"} at /mcp${path}`, async () => {
        expect(await list("prompts/list", path)).to.deep.equal([served]);
        expect(await list("skills/list", path)).to.deep.equal([served]);
        expect(await textOfPrompt(path)).to.equal(served);
        expect(await textOfSkill(path)).to.contain(served);
      });
    }

    it("are those of the organization while the user's own command is not active", async () => {
      await ownClient().patch("/api/commands/same").send({ active: false }).expect(200);
      for (const path of ["", "/toolkits/own-kit"]) {
        expect(await list("prompts/list", path)).to.deep.equal(["Organization"]);
        expect(await textOfPrompt(path)).to.equal("Organization");
      }
      await ownClient().put("/api/commands/off").send({ name: "Off", template: "Off", active: false }).expect(201);
      expect((await gateway.post(secret, rpc("prompts/get", { name: "off" }))).body.error.code).to.equal(-32602);
      expect((await ownClient().get("/api/commands/off").expect(200)).body.active).to.equal(false);
      await ownClient().delete("/api/commands/off").expect(204);
      await ownClient().patch("/api/commands/same").send({ active: true }).expect(200);
    });
  });

  describe("prompts", () => {
    it("replace only the arguments of the command, once", async () => {
      const get = async (values: object) =>
        (await gateway.post(secret, rpc("prompts/get", { name: "greet", arguments: values }))).body;
      const { result } = await get({ word: "{{word}} $& {{other}}" });
      expect(result.messages[0].content.text).to.equal("Say {{word}} $& {{other}}.");
      expect((await get({})).result.messages[0].content.text).to.equal("Say .");
      expect((await get({ unknown: "x" })).error.code).to.equal(-32602);
    });
  });

  describe("with many tools", () => {
    before(async () => {
      const numbered = (from: number): { name: string }[] =>
        Array.from({ length: 400 }, (_, at) => ({ name: `tool_${from + at}` }));
      for (const [at, slug] of ["many-a", "many-b", "many-c"].entries())
        await gateway.putServer(slug, numbered(at * 400), { environment: "large" });
    });

    it("have tools that search, describe and call instead", async () => {
      const names = await namesIn("");
      expect(serverTools(names)).to.deep.equal([]);
      expect(names).to.include.members(["whoami", "search_tools", "describe_tool", "call_tool"]);
      const found = await call("search_tools", { query: "echo arguments", limit: 3 });
      expect(found.structuredContent.tools[0]).to.deep.include({ name: "files__echo" });
      const described = await call("describe_tool", { name: "files__echo" });
      expect(described.structuredContent).to.deep.include({ description: "Returns its arguments." });
      const called = await call("call_tool", { name: "files__echo", arguments: { a: 1 } });
      expect(called.content[0].text).to.equal('{"a":1}');
    });

    it("call tools by their names, too", async () => {
      expect((await call("files__echo", { a: 1 })).content[0].text).to.equal('{"a":1}');
    });

    it("still have few tools as themselves at an endpoint with few", async () => {
      expect(serverTools(await namesIn("/servers/files"))).to.have.length(2);
    });

    it("have pages with mode=tools, the first with 1,000 tools, and none twice", async () => {
      const { names, pageSizes } = await readPages("?mode=tools");
      expect(pageSizes).to.deep.equal([1000, 203]);
      expect(new Set(names).size).to.equal(1203);
    });

    it("have pages of a million characters at most, in order, and none twice", async () => {
      const schema = { type: "object", properties: { text: { type: "string", description: "x".repeat(60_000) } } };
      const toolsOf = (name: string) =>
        Array.from({ length: 12 }, (_, at) => ({ name: `${name}${at}`, inputSchema: schema }));
      for (const name of ["long-a", "long-b"]) await gateway.putServer(name, toolsOf(name));
      await gateway.admin
        .put("/api/toolkits/long")
        .send({
          name: "Long",
          entries: ["long-a", "long-b"].map((mcpServer) => ({ mcpServer, tools: "all" })),
          assignment: { everyone: true, groups: [], users: [] },
        })
        .expect(201);
      const { names, pageSizes } = await readPages("/toolkits/long?mode=tools");
      for (const name of ["long-a", "long-b"]) await gateway.admin.delete(`/api/mcp-servers/${name}?detach=true`);
      expect(pageSizes).to.deep.equal([16, 8]);
      expect(names).to.deep.equal([...names].sort());
      expect(new Set(names).size).to.equal(24);
    });

    it("are searched with mode=search at any endpoint, and another mode is an error", async () => {
      expect(await namesIn("/servers/files?mode=search")).to.include("call_tool");
      expect((await gateway.post(secret, rpc("tools/list"), { path: "?mode=none" })).status).to.equal(400);
    });
  });

  describe("with a stored tool that clients reject", () => {
    it("leave out a stored tool that would break clients, and log it", async () => {
      const { store, organizationId } = gateway.service;
      await gateway.putServer("broken", [{ name: "good" }, { name: "bad" }]);
      const { body } = await gateway.admin.get("/api/mcp-servers/broken").expect(200);
      await store.transaction(async (transaction) => {
        const writer = transaction.for(organizationId).open(mcpServers);
        const stored = await writer.get(body.id);
        if (!stored) throw new Error("The server is missing.");
        const tools = stored.tools.map((tool) =>
          tool.name === "bad" ? { ...tool, inputSchema: { type: "array" } } : tool,
        );
        await writer.replace(
          withLookup({ ...stored, tools, version: stored.version + 1 }, mcpServerType),
          stored.version,
        );
      });
      expect(serverTools(await namesIn("/servers/broken"))).to.deep.equal(["broken__good"]);
      const { body: called } = await gateway.post(secret, rpc("tools/call", { name: "broken__bad" }));
      expect(called.error.code).to.equal(-32602);
      const { body: served } = await gateway.admin.get("/api/mcp-servers/broken/served-tools").expect(200);
      expect(served.data).to.deep.equal([
        { name: "good", mcpName: "broken__good" },
        { name: "bad", problem: 'inputSchema.type must be "object", because arguments are an object' },
      ]);
      await gateway.admin.get("/api/mcp-servers/unknown/served-tools").expect(404);
      expect(gateway.service.log()).to.match(/tools cannot be served by \/mcp.*inputSchema\.type must be.*broken/);
    });
  });
});
