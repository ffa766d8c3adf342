import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { toNodeHandler } from "@modelcontextprotocol/node";
import { McpServer as LegacyServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { createMcpHandler, McpServer as SdkServer } from "@modelcontextprotocol/server";
import { expect } from "chai";
import { z } from "zod";
import {
  createCalls,
  faultOf,
  type ReceivedMessage,
  resultOf,
  sendJson,
  sendResult,
  serverAt,
  startUpstream,
  stateless,
  type TestCalls,
  type TestUpstream,
  textResult,
} from "./upstream.fixture.ts";

describe("Calls of an MCP server", () => {
  let upstream: TestUpstream;
  let calls: TestCalls;
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    await calls?.close();
    await upstream?.close();
    for (const close of closing.splice(0)) await close();
  });

  describe("of the 2026 era", () => {
    it("find out the era once, and are one request each", async () => {
      upstream = await startUpstream(stateless((message, res) => sendResult(res, message, textResult("hello"))));
      calls = createCalls();
      const server = serverAt(upstream.url);
      for (let at = 0; at < 3; at++)
        expect(resultOf(await calls.call(server, { arguments: { a: at } }))).to.deep.equal(textResult("hello"));
      expect(upstream.methods()).to.deep.equal(["server/discover", "tools/call", "tools/call", "tools/call"]);
      const [, first] = upstream.received;
      expect(first?.headers).to.include({
        "mcp-protocol-version": "2026-07-28",
        "mcp-method": "tools/call",
        "mcp-name": "echo",
        "accept-encoding": "identity",
      });
      expect(first?.params).to.deep.include({ name: "echo", arguments: { a: 0 } });
      expect(first?.params._meta).to.include({ "io.modelcontextprotocol/protocolVersion": "2026-07-28" });
    });

    it("repeat arguments in the headers that the tool's schema requests", async () => {
      upstream = await startUpstream(stateless((message, res) => sendResult(res, message, textResult("hello"))));
      calls = createCalls();
      const string = (header: string): object => ({ type: "string", "x-mcp-header": header });
      const properties = {
        ...{ region: string("Region"), city: string("City"), empty: string("Empty"), absent: string("Absent") },
        nested: { type: "object", properties: { count: { type: "integer", "x-mcp-header": "Count" } } },
        bad: string("Bad\r\nHeader"),
      };
      const tools = [{ name: "echo", inputSchema: { type: "object", properties } }];
      const args = { region: "eu-1", city: "Zürich", empty: "", nested: { count: 5 }, bad: "x" };
      resultOf(await calls.call(serverAt(upstream.url, { tools }), { arguments: args }));
      const headers = upstream.received[1]?.headers ?? {};
      expect(
        Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith("mcp-param-"))),
      ).to.deep.equal({
        "mcp-param-region": "eu-1",
        "mcp-param-city": `=?base64?${Buffer.from("Zürich").toString("base64")}?=`,
        "mcp-param-empty": "=?base64??=",
        "mcp-param-count": "5",
      });
    });

    it("return content, structured content and the error flag, without fields of the protocol", async () => {
      const content = [
        { type: "text", text: "a", _meta: { "io.modelcontextprotocol/x": 1, "example.com/kept": 2 } },
        { type: "resource_link", uri: "file:///a", name: "a", annotations: { priority: 1 } },
      ];
      const result = {
        ...{ content, structuredContent: [1, 2], isError: true, resultType: "complete", ttlMs: 5 },
        _meta: { "io.modelcontextprotocol/serverInfo": { name: "x" }, "example.com/kept": 1 },
      };
      upstream = await startUpstream(stateless((message, res) => sendResult(res, message, result)));
      calls = createCalls();
      expect(resultOf(await calls.call(serverAt(upstream.url)))).to.deep.equal({
        content: [{ type: "text", text: "a", _meta: { "example.com/kept": 2 } }, content[1]],
        ...{ structuredContent: [1, 2], isError: true, _meta: { "example.com/kept": 1 } },
      });
    });

    it("relay progress from an event stream in chunks of any size, and close it after the response", async () => {
      upstream = await startUpstream(
        stateless(({ id, params }, res) => {
          const { progressToken } = params._meta ?? {};
          const notify = (token: unknown, more: object): object => ({
            ...{ jsonrpc: "2.0", method: "notifications/progress", params: { progressToken: token, ...more } },
          });
          const events = [
            notify(progressToken, { progress: 1, total: 2, message: "hälfte" }),
            notify("of another call", { progress: 9 }),
            notify(progressToken, { progress: "2" }),
            { jsonrpc: "2.0", id, result: textResult("hello") },
          ];
          const text = events.map((each) => `event: message\r\ndata: ${JSON.stringify(each)}\r\n\r\n`).join("");
          res.writeHead(200, { "content-type": "text/event-stream" });
          for (const byte of Buffer.from(text)) res.write(Buffer.from([byte])); // and never ends
        }),
      );
      calls = createCalls();
      const received: unknown[] = [];
      const outcome = await calls.call(serverAt(upstream.url), { onProgress: (each) => received.push(each) });
      expect(resultOf(outcome)).to.deep.equal(textResult("hello"));
      expect(received).to.deep.equal([{ progress: 1, total: 2, message: "hälfte" }]);
    });

    it("close the request when the client is gone", async () => {
      let closed: Promise<unknown> = Promise.resolve();
      let isCalled = (): void => undefined;
      const called = new Promise<void>((resolve) => {
        isCalled = resolve;
      });
      upstream = await startUpstream(
        stateless((_message, res) => {
          closed = once(res, "close");
          isCalled();
        }),
      );
      calls = createCalls();
      const client = new AbortController();
      const calling = calls.call(serverAt(upstream.url), { signal: client.signal });
      await called;
      client.abort();
      expect(faultOf(await calling).cause).to.equal("aborted");
      await closed;
    });

    it("find out the era again when a server has gone back to the earlier one", async () => {
      let isStateless = true;
      const respondStateless = stateless((message, res) => sendResult(res, message, textResult("new")));
      upstream = await startUpstream((message, res, req) => {
        if (isStateless) respondStateless(message, res, req);
        else respondLegacy(message, res);
      });
      calls = createCalls();
      const server = serverAt(upstream.url);
      expect(resultOf(await calls.call(server))).to.deep.equal(textResult("new"));
      isStateless = false;
      expect(resultOf(await calls.call(server))).to.deep.equal(textResult("old"));
    });
  });

  /** A server of the `initialize` era without sessions. */
  function respondLegacy(message: ReceivedMessage, res: Parameters<Parameters<typeof startUpstream>[0]>[1]): void {
    const { id, method } = message;
    if (id === undefined) res.writeHead(202).end();
    else if (method === "initialize")
      sendResult(res, message, {
        protocolVersion: "2025-06-18",
        capabilities: {},
        serverInfo: { name: "x", version: "1" },
      });
    else if (method === "tools/call" && message.headers["mcp-protocol-version"] === "2025-06-18")
      sendResult(res, message, textResult("old"));
    else sendJson(res, { jsonrpc: "2.0", id, error: { code: -32_601, message: "Method not found" } }, 404);
  }

  const respondLegacyExceptCalls: typeof respondLegacy = (message, res) => {
    if (message.method !== "tools/call") respondLegacy(message, res);
  };

  describe("of the initialize era", () => {
    /** A server with sessions that it can forget. Each session has the text of its results. */
    async function startSessions(lostStatus = 404, lostMessage = "Session not found") {
      const sessions = new Map<string, string>();
      let count = 0;
      upstream = await startUpstream((message, res) => {
        const { id, method, httpMethod, headers } = message;
        const session = String(headers["mcp-session-id"]);
        if (httpMethod === "DELETE") {
          sessions.delete(session);
          res.writeHead(200).end();
        } else if (method === "initialize") {
          const created = `session-${++count}`;
          sessions.set(created, String(headers["x-api-key"]));
          const result = { protocolVersion: "2025-11-25", capabilities: {}, serverInfo: { name: "x", version: "1" } };
          sendResult(res, message, result, { "mcp-session-id": created });
        } else if (!sessions.has(session)) {
          const error = { code: -32_000, message: lostMessage };
          sendJson(
            res,
            { jsonrpc: "2.0", id: null, error },
            headers["mcp-session-id"] === undefined ? 400 : lostStatus,
          );
        } else if (id === undefined) res.writeHead(202).end();
        else sendResult(res, message, textResult(`${session} of ${sessions.get(session)}`));
      });
      return sessions;
    }
    const apiKey = { auth: { type: "apiKey", header: "X-API-Key" } };
    const credentials = { "": "shared", usr_grace: "of grace" };

    it("share a session per user and credential, and never between users", async () => {
      const sessions = await startSessions();
      calls = createCalls({ credentials });
      const server = serverAt(upstream.url, apiKey);
      const texts = async (userId: string | undefined, more = {}) =>
        JSON.stringify(resultOf(await calls.call(server, { userId, ...more })));
      const ofAda = await texts("usr_ada");
      expect(ofAda).to.contain("of shared");
      expect(await texts("usr_ada")).to.equal(ofAda);
      const others = [
        ofAda,
        await texts("usr_eve"),
        await texts("usr_grace"),
        await texts(undefined),
        await texts("usr_ada", { requestAuthorization: "another" }),
        await texts("usr_ada", { organizationId: "org_b" }),
      ];
      expect(new Set(others).size).to.equal(others.length);
      expect(sessions.size).to.equal(others.length);
    });

    it("initialize once for calls at the same time", async () => {
      const sessions = await startSessions();
      calls = createCalls({ credentials });
      const server = serverAt(upstream.url, apiKey);
      const outcomes = await Promise.all(Array.from({ length: 10 }, () => calls.call(server)));
      for (const outcome of outcomes) expect(JSON.stringify(resultOf(outcome))).to.contain("session-1 ");
      expect(sessions.size).to.equal(1);
    });

    for (const [status, message] of [
      [404, "gone"],
      [400, "Bad Request: No valid session ID provided"],
      [400, "Bad Request: Server not initialized"],
    ] as const) {
      it(`initialize again, once, when the server has lost the session (${status}, ${message})`, async () => {
        const sessions = await startSessions(status, message);
        calls = createCalls({ credentials });
        const server = serverAt(upstream.url, apiKey);
        resultOf(await calls.call(server));
        sessions.clear();
        expect(JSON.stringify(resultOf(await calls.call(server)))).to.contain("session-2 ");
      });
    }

    it("report a server that loses every session", async () => {
      upstream = await startUpstream((message, res) => {
        const result = { protocolVersion: "2025-11-25", capabilities: {} };
        if (message.method === "initialize") sendResult(res, message, result, { "mcp-session-id": "always" });
        else res.writeHead(404).end();
      });
      calls = createCalls();
      expect(faultOf(await calls.call(serverAt(upstream.url))).cause).to.equal("session-lost");
      expect(upstream.methods().filter((method) => method === "tools/call")).to.have.length(2);
    });

    it("end the session at shutdown", async () => {
      const sessions = await startSessions();
      calls = createCalls({ credentials });
      const server = serverAt(upstream.url, apiKey);
      resultOf(await calls.call(server));
      expect(sessions.size).to.equal(1);
      await calls.close();
      expect(sessions.size).to.equal(0);
    });

    it("cancel the call at the server when the client is gone", async () => {
      const client = new AbortController();
      let cancelled: (message: ReceivedMessage) => void = () => undefined;
      const cancellation = new Promise<ReceivedMessage>((resolve) => {
        cancelled = resolve;
      });
      upstream = await startUpstream((message, res) => {
        if (message.method === "notifications/cancelled") cancelled(message);
        if (message.method === "tools/call") client.abort();
        else respondLegacy(message, res);
      });
      calls = createCalls();
      expect(faultOf(await calls.call(serverAt(upstream.url), { signal: client.signal })).cause).to.equal("aborted");
      const call = upstream.received.find(({ method }) => method === "tools/call");
      expect((await cancellation).params).to.deep.equal({ requestId: call?.id });
    });

    it("respond to the requests of the server, so that it does not wait", async () => {
      const responses: object[] = [];
      let respondToCall = (): void => undefined;
      upstream = await startUpstream((message, res) => {
        if (message.method === "tools/call") {
          res.writeHead(200, { "content-type": "text/event-stream" });
          for (const [id, method] of ["ping", "sampling/createMessage"].entries())
            res.write(`data: ${JSON.stringify({ jsonrpc: "2.0", id: `s${id}`, method, params: {} })}\n\n`);
          respondToCall = () =>
            void res.end(`data: ${JSON.stringify({ jsonrpc: "2.0", id: message.id, result: textResult("done") })}\n\n`);
        } else if (message.method === undefined) {
          const { headers: _, httpMethod: _h, ...body } = message;
          res.writeHead(202).end();
          if (responses.push(body) === 2) respondToCall();
        } else respondLegacy(message, res);
      });
      calls = createCalls();
      expect(resultOf(await calls.call(serverAt(upstream.url)))).to.deep.equal(textResult("done"));
      const error = { code: -32_601, message: "Method not found" };
      expect(responses).to.have.deep.members([
        { jsonrpc: "2.0", id: "s0", result: {} },
        { jsonrpc: "2.0", id: "s1", error },
      ]);
    });
  });

  describe("credentials", () => {
    const sentHeaders = () => upstream.received.at(-1)?.headers ?? {};
    beforeEach(async () => {
      upstream = await startUpstream(stateless((message, res) => sendResult(res, message, textResult("hello"))));
      calls = createCalls({
        credentials: { "": "Bearer shared", usr_grace: "Bearer grace" },
        isOwnCredential: (value) => value.includes("wxt_"),
      });
    });

    it("are sent in the header that auth names, and not at all for a server without auth", async () => {
      resultOf(await calls.call(serverAt(upstream.url, { auth: { type: "apiKey", header: "X-API-Key" } })));
      expect(sentHeaders()).to.include({ "x-api-key": "Bearer shared" }).and.not.have.property("authorization");
      resultOf(await calls.call(serverAt(upstream.url, { auth: { type: "apiKey" } }), { userId: "usr_grace" }));
      expect(sentHeaders()).to.include({ authorization: "Bearer grace" });
      resultOf(await calls.call(serverAt(upstream.url)));
      expect(sentHeaders()).to.not.have.property("authorization");
    });

    it("of the request take precedence over stored ones", async () => {
      const requestAuthorization = "Bearer mine";
      resultOf(await calls.call(serverAt(upstream.url, { auth: { type: "apiKey" } }), { requestAuthorization }));
      expect(sentHeaders()).to.include({ authorization: "Bearer mine" });
    });

    it("of this service are not sent to a server", async () => {
      const requestAuthorization = "Bearer wxt_token";
      const outcome = await calls.call(serverAt(upstream.url, { auth: { type: "apiKey" } }), { requestAuthorization });
      expect(faultOf(outcome).cause).to.equal("credential-unusable");
      expect(upstream.received).to.deep.equal([]);
    });

    it("that are missing are reported with the address to connect at, and nothing is sent", async () => {
      await calls.close();
      calls = createCalls();
      const { cause, text } = faultOf(await calls.call(serverAt(upstream.url, { auth: { type: "apiKey" } })));
      expect(cause).to.equal("no-credential");
      expect(text).to.contain("PUT https://gatehouse.example/api/connections/jira/credential");
      expect(text).to.contain("x-upstream-jira-authorization");
      expect(upstream.received).to.deep.equal([]);
    });

    it("cannot replace a header of the connection", async () => {
      for (const header of ["Host", "Content-Length", "Transfer-Encoding", "Proxy-Authorization", "Mcp-Session-Id"]) {
        const outcome = await calls.call(serverAt(upstream.url, { auth: { type: "apiKey", header } }));
        expect(faultOf(outcome).cause, header).to.equal("credential-unusable");
      }
      expect(upstream.received).to.deep.equal([]);
    });
  });

  it("that run when the service stops end with a text that says so, in both eras, and so do later ones", async () => {
    for (const era of [stateless(() => undefined), respondLegacyExceptCalls]) {
      upstream = await startUpstream(era);
      calls = createCalls();
      const running = calls.call(serverAt(upstream.url));
      while (!upstream.methods().includes("tools/call")) await new Promise((resolve) => setTimeout(resolve, 10));
      calls.calls.startShutdown(0);
      const expected = /^The service is stopping, and has ended the call .* Try again in a moment\.$/;
      expect(faultOf(await running))
        .to.have.property("text")
        .that.matches(expected);
      expect(faultOf(await calls.call(serverAt(upstream.url)))).to.have.property("cause", "stopping");
      await calls.close();
      await upstream.close();
    }
  });

  it("to a stdio server report that it runs beside the client", async () => {
    calls = createCalls();
    const server = { ...serverAt("https://x.example"), transport: "stdio" } as const;
    expect(faultOf(await calls.call(server)).text).to.contain("run it beside your client");
  });

  describe("with the TypeScript SDK", () => {
    /** Listens on 127.0.0.1. @returns the URL */
    async function listen(handler: Parameters<typeof createServer>[1]): Promise<string> {
      const server = createServer(handler as never).listen(0, "127.0.0.1");
      await once(server, "listening");
      closing.push(() => {
        server.closeAllConnections();
        server.close();
      });
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
    }

    it("version 2 work in the 2026 era, with progress and structured content", async () => {
      const handler = createMcpHandler(() => {
        const server = new SdkServer({ name: "test", version: "1" });
        server.registerTool(
          "add",
          { inputSchema: z.object({ a: z.number(), b: z.number() }), outputSchema: z.object({ sum: z.number() }) },
          async ({ a, b }) => ({
            content: [{ type: "text", text: String(a + b) }],
            structuredContent: { sum: a + b },
          }),
        );
        return server;
      });
      const url = await listen(toNodeHandler(handler) as never);
      calls = createCalls();
      const outcome = await calls.call(serverAt(url), { tool: "add", arguments: { a: 2, b: 3 } });
      expect(resultOf(outcome)).to.deep.equal({
        content: [{ type: "text", text: "5" }],
        structuredContent: { sum: 5 },
      });
      const invalid = resultOf(await calls.call(serverAt(url), { tool: "add", arguments: { a: "x" } }));
      expect(invalid["isError"]).to.equal(true);
    });

    it("version 1 work in the initialize era, with sessions", async () => {
      const transports = new Map<string, StreamableHTTPServerTransport>();
      let count = 0;
      const url = await listen(async (req, res) => {
        const known = transports.get(String(req.headers["mcp-session-id"]));
        if (known) return known.handleRequest(req, res);
        const transport = new StreamableHTTPServerTransport({
          sessionIdGenerator: () => `session-${++count}`,
          onsessioninitialized: (id) => void transports.set(id, transport),
        });
        const sdkServer = new LegacyServer({ name: "test", version: "1" });
        sdkServer.registerTool("add", { inputSchema: { a: z.number(), b: z.number() } }, async ({ a, b }, extra) => {
          const progressToken = extra._meta?.progressToken;
          if (progressToken !== undefined)
            await extra.sendNotification({ method: "notifications/progress", params: { progressToken, progress: 1 } });
          return { content: [{ type: "text", text: String(a + b) }] };
        });
        await sdkServer.connect(transport as never);
        return transport.handleRequest(req, res);
      });
      calls = createCalls();
      const server = serverAt(url);
      const progress: unknown[] = [];
      for (let at = 0; at < 2; at++) {
        const call = {
          tool: "add",
          arguments: { a: at, b: 3 },
          onProgress: (each: unknown) => void progress.push(each),
        };
        expect(resultOf(await calls.call(server, call))).to.deep.equal(textResult(String(at + 3)));
      }
      expect(progress).to.deep.equal([{ progress: 1 }, { progress: 1 }]);
      expect(count).to.equal(1);
      transports.clear();
      resultOf(await calls.call(server, { tool: "add", arguments: { a: 1, b: 1 } }));
      expect(count).to.equal(2);
    });
  });
});
