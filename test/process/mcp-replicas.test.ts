import { once } from "node:events";
import { createServer, request, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from "@modelcontextprotocol/client";
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { expect } from "chai";
import { installClient, runProgram } from "../clients/client-cache.fixture.ts";
import { sendResult, startUpstream, type TestUpstream } from "../domain/upstream/upstream.fixture.ts";
import { withConnection, withDatabase } from "../store/mongodb/mongodb.fixture.ts";
import { describeOnMongod } from "../support/mongod.ts";
import { type ServiceProcess, startProcess } from "../support/process.ts";
import { root } from "../support/root.ts";
import { trackSecret } from "../support/secrets.ts";
import { userUrn } from "../support/service.ts";

const everyone = { assignment: { everyone: true, groups: [], users: [] } };
const info = { name: "test", version: "1.0.0" };

describeOnMongod("Two replicas that serve /mcp, with each request at the other one", (mongod) => {
  let uri: string;
  let replicas: readonly [ServiceProcess, ServiceProcess];
  let admin: string;
  let upstream: TestUpstream;
  let balancer: Server;
  let url: URL;
  /** The requests that each replica has served. */
  const served = [0, 0];
  /** The call of `wait` that runs. */
  let hasArrived = (): void => undefined;

  before(async () => {
    uri = withDatabase(mongod(), `gatehouse_mcp_replicas_${Date.now()}`);
    upstream = await startSessionServer(() => hasArrived());
    const environment = { MONGODB_URI: uri, UPSTREAM_ALLOW: "127.0.0.0/8" };
    replicas = await Promise.all([startProcess(environment), startProcess(environment)]);
    admin = replicas[0].firstSecret || replicas[1].firstSecret;
    const server = {
      ...{ name: "Files", status: "active", transport: "http", url: upstream.url, timeoutSeconds: 120 },
      ...{ tools: [{ name: "sum" }, { name: "wait" }], ...everyone },
    };
    await send(0, "PUT", "/api/mcp-servers/files", server);
    const command = { name: "Greet", template: "Greet {{who}}.", arguments: [{ name: "who", required: true }] };
    await send(1, "PUT", "/api/commands/greet", { ...command, ...everyone });
    balancer = createServer((req, res) => {
      const target = served[0] === served[1] ? 0 : 1;
      served[target] = (served[target] ?? 0) + 1;
      const { method, url: path, headers } = req;
      const forwarded = request(
        { port: replicas[target]?.port, host: "127.0.0.1", method, path, headers },
        (response) => {
          res.writeHead(response.statusCode ?? 502, response.headers);
          response.pipe(res);
        },
      );
      req.pipe(forwarded);
    }).listen(0, "127.0.0.1");
    await once(balancer, "listening");
    url = new URL(`http://127.0.0.1:${(balancer.address() as AddressInfo).port}/mcp`);
  });
  after(async () => {
    balancer?.closeAllConnections();
    balancer?.close();
    await Promise.all(replicas?.map((replica) => replica.stop("SIGTERM")) ?? []);
    await upstream?.close();
    await withConnection(uri, (connection) => connection.dropDatabase());
  });

  /** Sends a request to one replica. @returns the body */
  async function send(replica: 0 | 1, method: string, path: string, body?: object): Promise<Record<string, unknown>> {
    const response = await fetch(`http://127.0.0.1:${replicas[replica].port}${path}`, {
      method,
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${admin}` },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return text === "" ? {} : JSON.parse(text);
  }

  async function createToken(userName: string): Promise<{ readonly id: string; readonly secret: string }> {
    const user = await send(0, "POST", "/scim/v2/Users", { schemas: [userUrn], userName });
    const token = { name: "test", type: "agent", scopes: ["connect:write"], userId: user["id"] };
    const created = await send(1, "POST", "/api/tokens", token);
    return { id: String(created["id"]), secret: trackSecret(String(created["token"])) };
  }

  const connectors: Readonly<Record<string, (secret: string) => Promise<ClientV2>>> = {
    "TypeScript SDK v1": async (secret) => {
      const client = new ClientV1(info);
      const options = { requestInit: { headers: { Authorization: `Bearer ${secret}` } } };
      await client.connect(new TransportV1(url, options) as never);
      return client as never;
    },
    "TypeScript SDK v2": async (secret) => {
      const client = new ClientV2(info);
      await client.connect(new TransportV2(url, { requestInit: { headers: { Authorization: `Bearer ${secret}` } } }));
      return client;
    },
    "TypeScript SDK v2, 2026-07-28": async (secret) => {
      const client = new ClientV2(info, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
      await client.connect(new TransportV2(url, { requestInit: { headers: { Authorization: `Bearer ${secret}` } } }));
      return client;
    },
  };

  for (const [name, connect] of Object.entries(connectors)) {
    it(`list, call through sessions of the server, prompt and read (${name})`, async () => {
      const { secret } = await createToken(`${name.replace(/\W/g, "-")}@example.com`);
      const client = await connect(secret);
      const before = [...served];
      const sessions = new Set<string>();
      for (let at = 0; at < 4; at++) {
        expect((await client.listTools()).tools.map((each) => each.name)).to.include.members(["files__sum", "whoami"]);
        expect((await client.getPrompt({ name: "greet", arguments: { who: "Ada" } })).messages).to.have.length(1);
        expect((await client.readResource({ uri: "gatehouse://mcp-servers/files" })).contents).to.have.length(1);
        // An odd number of requests in each round, so that both replicas call.
        const result = await client.callTool({ name: "files__sum", arguments: { a: at, b: 1 } });
        expect(result).to.have.deep.property("structuredContent", { sum: at + 1 });
        sessions.add(String((result as { content: { text: string }[] }).content[0]?.text));
        await client.listResources();
      }
      await client.close();
      expect(sessions.size).to.equal(2); // one for each replica
      for (const replica of [0, 1]) expect(served[replica]).to.be.greaterThan((before[replica] ?? 0) + 4);
    });
  }

  it("list, call, prompt and read (Python mcp 2)", async function () {
    this.timeout(400_000);
    const directory = join(root, "test/clients/mcp-python");
    const requirements = join(directory, "v2.txt");
    const pip = ["-m", "pip", "install", "--quiet", "--requirement", requirements, "--target"];
    const packages = await installClient(
      "mcp-python-v2",
      requirements,
      (target) => runProgram("python3", [...pip, target]),
      { isRequiredInCi: true },
    );
    if (packages === undefined) return this.skip();
    for (const mode of ["auto", "legacy"]) {
      const { id, secret } = await createToken(`python-${mode}@example.com`);
      const environment = {
        ...{ MCP_URL: String(url), TOKEN: secret, ADMIN_TOKEN: admin, MODE: mode },
        REVOKE_URL: `http://127.0.0.1:${replicas[0].port}/api/tokens/${id}`,
        ...{ PYTHONPATH: packages, PYTHONDONTWRITEBYTECODE: "1" },
      };
      const report = JSON.parse(await runProgram("python3", [join(directory, "session.py")], { environment }));
      expect(report.sum).to.deep.equal({ sum: 3 });
      expect(report.prompt).to.equal("Greet Ada.");
      expect(report.read).to.equal(1);
      expect(report.afterRevocation).to.match(/401|The token is unknown, expired, disabled or revoked/);
    }
  });

  it("end the stream of a call at one replica when the token is revoked at the other", async () => {
    const { id, secret } = await createToken("stream@example.com");
    const arrived = new Promise<void>((resolve) => {
      hasArrived = resolve;
    });
    const params = { name: "files__wait", _meta: { progressToken: 1 } };
    const response = fetch(`http://127.0.0.1:${replicas[0].port}/mcp`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${secret}` },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params }),
    });
    await arrived;
    await send(1, "DELETE", `/api/tokens/${id}`);
    expect(await (await response).text()).to.contain("The call was ended");
  });
});

/** A server of the `initialize` era with sessions. Its tool `sum` returns its session as text; `wait` never ends. */
function startSessionServer(onWait: () => void): Promise<TestUpstream> {
  let count = 0;
  return startUpstream((message, res) => {
    const { method, headers, params } = message;
    if (method === "initialize") {
      const result = { protocolVersion: "2025-11-25", capabilities: {}, serverInfo: info };
      sendResult(res, message, result, { "mcp-session-id": `session-${++count}` });
    } else if (method !== "tools/call") res.writeHead(method === "server/discover" ? 404 : 202).end();
    else if (params["name"] === "wait") onWait();
    else {
      const { a, b } = params["arguments"] as { a: number; b: number };
      const content = [{ type: "text", text: String(headers["mcp-session-id"]) }];
      sendResult(res, message, { content, structuredContent: { sum: a + b } });
    }
  });
}
