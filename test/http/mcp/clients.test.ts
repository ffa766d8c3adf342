import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from "@modelcontextprotocol/client";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Gateway, startGateway } from "./gateway.fixture.ts";

/** What the tests use of the clients. Both major versions have it. */
interface TestClient {
  listTools(): Promise<{ readonly tools: readonly { readonly name: string }[] }>;
  callTool(params: object, ...rest: unknown[]): Promise<unknown>;
  listPrompts(): Promise<{ readonly prompts: readonly { readonly name: string }[] }>;
  getPrompt(params: object): Promise<{ readonly messages: readonly unknown[] }>;
  listResources(): Promise<{ readonly resources: readonly { readonly uri: string }[] }>;
  readResource(params: object): Promise<{ readonly contents: readonly unknown[] }>;
  complete(params: object): Promise<{ readonly completion: { readonly values: readonly string[] } }>;
  close(): Promise<void>;
}

const info = { name: "test", version: "1.0.0" };

/** Connects with each client, in each era that it has. */
const connectors: Readonly<Record<string, (url: URL, secret: string) => Promise<TestClient>>> = {
  "TypeScript SDK v1": async (url, secret) => {
    const client = new ClientV1(info);
    await client.connect(
      new TransportV1(url, { requestInit: { headers: { Authorization: `Bearer ${secret}` } } }) as never,
    );
    return client as unknown as TestClient;
  },
  "TypeScript SDK v2, initialize era": async (url, secret) => {
    const client = new ClientV2(info);
    await client.connect(new TransportV2(url, { requestInit: { headers: { Authorization: `Bearer ${secret}` } } }));
    return client as unknown as TestClient;
  },
  "TypeScript SDK v2, 2026-07-28": async (url, secret) => {
    const client = new ClientV2(info, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
    await client.connect(new TransportV2(url, { requestInit: { headers: { "X-API-Key": secret } } }));
    return client as unknown as TestClient;
  },
};

describeOnEngines("MCP clients", (open) => {
  let gateway: Gateway;
  let ada: string;
  let secret: string;
  before(async () => {
    gateway = await startGateway({ open });
    ada = await gateway.createUser("ada@example.com");
    secret = await gateway.createToken(ada);
    await gateway.putServer("files", [
      { name: "echo", description: "Returns its arguments.", risk: "read" },
      { name: "sum", outputSchema: { type: "object", properties: { sum: { type: "number" } }, required: ["sum"] } },
      { name: "names", outputSchema: { type: "array", items: { type: "string" } } },
      { name: "fails", outputSchema: { type: "object", required: ["a"] } },
      { name: "count" },
    ]);
    await gateway.putGreetCommand();
  });
  after(() => gateway.dispose());

  for (const [name, connect] of Object.entries(connectors)) {
    describe(name, () => {
      let client: TestClient;
      before(async () => {
        client = await connect(gateway.url, secret);
      });
      after(() => client.close());

      it("lists the tools of the servers that the user may use, and the tools of the service", async () => {
        const { tools } = await client.listTools();
        expect(tools.map((each) => each.name)).to.include.members(["files__echo", "files__sum", "whoami"]);
        expect(tools.find((each) => each.name === "files__echo")).to.deep.include({
          description: "Returns its arguments.",
          inputSchema: { type: "object", properties: {} },
          annotations: { readOnlyHint: true, destructiveHint: false },
        });
      });

      it("calls a tool on the server that provides it", async () => {
        const result = await client.callTool({ name: "files__echo", arguments: { path: "/tmp", deep: [{ a: null }] } });
        expect(result).to.deep.include({ content: [{ type: "text", text: '{"path":"/tmp","deep":[{"a":null}]}' }] });
      });

      it("passes structured content on", async () => {
        const result = await client.callTool({ name: "files__sum", arguments: { a: 2, b: 3 } });
        expect(result).to.have.deep.property("structuredContent", { sum: 5 });
      });

      it("passes an array on as the list shows it, and as text", async () => {
        const listed = (await client.listTools()).tools.find((each) => each.name === "files__names");
        const result = await client.callTool({ name: "files__names" });
        const isOlder = !name.includes("2026");
        expect(listed).to.have.nested.property("outputSchema.type", isOlder ? "object" : "array");
        expect(result).to.deep.include({
          structuredContent: isOlder ? { result: ["a", "b"] } : ["a", "b"],
          content: [{ type: "text", text: '["a","b"]' }],
        });
      });

      it("passes an error of the tool on, without a check of its output", async () => {
        const result = await client.callTool({ name: "files__fails" });
        expect(result).to.deep.include({ isError: true, content: [{ type: "text", text: "no such file" }] });
      });

      it("relays progress", async () => {
        const received: number[] = [];
        const onprogress = ({ progress }: { progress: number }): void => void received.push(progress);
        const params = { name: "files__count" };
        const result = await (name.includes("v1")
          ? client.callTool(params, undefined, { onprogress })
          : client.callTool(params, { onprogress }));
        expect(result).to.have.nested.property("content[0].text", "counted");
        expect(received).to.deep.equal([1, 2]);
      });

      it("lists commands as prompts, and renders them", async () => {
        expect((await client.listPrompts()).prompts.map((each) => each.name)).to.deep.equal(["greet"]);
        const { messages } = await client.getPrompt({ name: "greet", arguments: { who: "Grace" } });
        expect(messages).to.deep.equal([{ role: "user", content: { type: "text", text: "Greet Grace." } }]);
      });

      it("lists servers and connections as resources, and completes their names", async () => {
        const { resources } = await client.listResources();
        expect(resources.map(({ uri }) => uri)).to.deep.equal([
          "gatehouse://connections/files",
          "gatehouse://mcp-servers/files",
        ]);
        const { contents } = await client.readResource({ uri: "gatehouse://connections/files" });
        expect(contents).to.have.nested.property("[0].text", '{"mcpServer":"files","status":"not-connected"}');
        const { completion } = await client.complete({
          ref: { type: "ref/resource", uri: "gatehouse://mcp-servers/{slug}" },
          argument: { name: "slug", value: "fi" },
        });
        expect(completion.values).to.deep.equal(["files"]);
      });

      it("rejects the next request once the token is revoked", async () => {
        const { id, secret: own } = await gateway.service.issueToken({
          ...{ scopes: ["connect:write"], type: "agent", userId: ada },
        });
        const session = await connect(gateway.url, own);
        await session.callTool({ name: "files__echo" });
        await gateway.admin.delete(`/api/tokens/${id}`).expect(204);
        const error = await session.callTool({ name: "files__echo" }).then(
          () => undefined,
          (each: unknown) => each,
        );
        expect(String(error)).to.match(/token is unknown, expired, disabled or revoked|401|Unauthorized/);
        await session.close();
      });
    });
  }
});
