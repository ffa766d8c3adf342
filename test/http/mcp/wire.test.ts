import { request } from "node:http";
import { expect } from "chai";
import { patchUrn } from "../../support/service.ts";
import { type Gateway, rpc, startGateway } from "./gateway.fixture.ts";

describe("POST /mcp", () => {
  let gateway: Gateway;
  let ada: string;
  let secret: string;
  before(async () => {
    gateway = await startGateway({ environment: { MCP_ALLOWED_ORIGINS: "https://inspector.example" } });
    ada = await gateway.createUser("ada@example.com");
    secret = await gateway.createToken(ada);
    await gateway.putServer("files", [{ name: "echo" }]);
  });
  after(() => gateway.dispose());

  const initialize = rpc("initialize", {
    ...{ protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "test", version: "1" } },
  });

  describe("responses of the initialize era", () => {
    for (const accept of ["*/*", "application/json", "text/event-stream", undefined]) {
      it(`are JSON with Accept: ${accept ?? "none"}`, async () => {
        const headers = accept === undefined ? undefined : { Accept: accept };
        const {
          status,
          headers: received,
          body,
        } = await gateway.post(secret, rpc("tools/list"), headers && { headers });
        expect(status).to.equal(200);
        expect(received.get("content-type")).to.equal("application/json");
        expect(body.result.tools.map(({ name }: { name: string }) => name)).to.include("files__echo");
      });
    }

    it("have no session, and no notifications of changes", async () => {
      const { headers, body } = await gateway.post(secret, initialize);
      expect(headers.get("mcp-session-id")).to.equal(null);
      expect(body.result.capabilities).to.deep.equal({
        ...{ tools: {}, prompts: {}, resources: {}, completions: {} },
        extensions: { "io.modelcontextprotocol/skills": {} },
      });
      expect(body.result.serverInfo.name).to.equal("gatehouse");
    });

    it("are a stream of events for a call with a progress token", async () => {
      const response = await fetch(gateway.url, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${secret}` },
        body: JSON.stringify(rpc("tools/call", { name: "files__count", _meta: { progressToken: "p" } })),
      });
      expect(response.headers.get("content-type")).to.equal("text/event-stream");
      await response.text();
    });

    it("have the same tools as a stream of events, for a list with a progress token", async () => {
      const response = await fetch(gateway.url, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${secret}` },
        body: JSON.stringify(rpc("tools/list", { _meta: { progressToken: "p" } })),
      });
      expect(response.headers.get("content-type")).to.equal("text/event-stream");
      const [, data = ""] = /^data: (.+)$/m.exec(await response.text()) ?? [];
      expect(JSON.parse(data)).to.deep.equal((await gateway.post(secret, rpc("tools/list"))).body);
    });

    it("are empty with 202 for a notification", async () => {
      const notification = { jsonrpc: "2.0", method: "notifications/initialized" };
      expect(await gateway.post(secret, notification)).to.include({ status: 202, body: undefined });
    });
  });

  describe("responses of protocol 2026-07-28", () => {
    const envelope = {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientCapabilities": {},
      "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
    };
    const headersFor = (method: string) => ({
      ...{ "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method, Accept: "application/json, text/event-stream" },
    });

    it("may not be cached, because a revoked token must see nothing", async () => {
      const message = rpc("tools/list", { _meta: envelope });
      const { status, body } = await gateway.post(secret, message, { headers: headersFor("tools/list") });
      expect(status).to.equal(200);
      expect(body.result).to.include({ ttlMs: 0, cacheScope: "private" });
    });

    it("describe the service", async () => {
      const message = rpc("server/discover", { _meta: envelope });
      const { body } = await gateway.post(secret, message, { headers: headersFor("server/discover") });
      expect(body.result.supportedVersions).to.deep.equal(["2026-07-28"]);
    });

    it("reject a stream of changes, which would outlive the token", async () => {
      const message = rpc("subscriptions/listen", { _meta: envelope, filter: {} });
      const { status, body } = await gateway.post(secret, message, { headers: headersFor("subscriptions/listen") });
      expect(status).to.equal(404);
      expect(body).to.deep.include({ id: 7 }).and.have.nested.property("error.code", -32601);
    });

    it("reject headers that differ from the body, with the id", async () => {
      const message = rpc("tools/list", { _meta: envelope });
      const { status, body } = await gateway.post(secret, message, { headers: headersFor("tools/call") });
      expect(status).to.equal(400);
      expect(body).to.deep.include({ id: 7 }).and.have.nested.property("error.code", -32020);
    });
  });

  describe("rejections", () => {
    it("401 -32001 with the request's id and a challenge, without a credential", async () => {
      const { status, headers, body } = await gateway.post(undefined, rpc("tools/list"));
      expect(status).to.equal(401);
      expect(headers.get("www-authenticate")).to.equal('Bearer realm="gatehouse"');
      expect(body).to.deep.include({ jsonrpc: "2.0", id: 7 }).and.have.nested.property("error.code", -32001);
      expect(body.error.message).to.match(/Authorization: Bearer/);
    });

    it("401 -32001 with the request's id and what to do, for an unknown token", async () => {
      const unknown = secret.replace(/.{6}$/, "000000");
      for (const id of [0, "text", -1]) {
        const { status, headers, body } = await gateway.post(unknown, { ...rpc("tools/list"), id });
        expect(status).to.equal(401);
        expect(headers.get("www-authenticate")).to.match(/error="invalid_token"/);
        expect(body).to.deep.include({ id }).and.have.nested.property("error.code", -32001);
        expect(body.error.message).to.match(/unknown, expired, disabled or revoked/);
      }
    });

    it("403 -32003 naming the scopes, for a token without connect:read", async () => {
      const { secret: scim } = await gateway.service.issueToken({ scopes: ["admin:scim"] });
      const { status, body } = await gateway.post(scim, rpc("tools/list"));
      expect(status).to.equal(403);
      expect(body).to.deep.include({ id: 7 }).and.have.nested.property("error.code", -32003);
      expect(body.error.data).to.deep.include({ code: "insufficient-scope", scopes: ["connect:read"] });
    });

    it("403 -32003 for a user that the token cannot act as, with the same body for each cause", async () => {
      const { secret: agent } = await gateway.service.issueToken({ scopes: ["connect:read"] });
      const other = await gateway.createUser("inactive@example.com");
      await gateway.admin
        .patch(`/scim/v2/Users/${other}`)
        .send({ schemas: [patchUrn], Operations: [{ op: "replace", path: "active", value: false }] })
        .expect(200);
      const replies = await Promise.all(
        ["unknown@example.com", "inactive@example.com"].map((each) =>
          gateway.post(agent, rpc("tools/list"), { headers: { "x-user-email": each } }),
        ),
      );
      for (const { status, body } of replies) {
        expect(status).to.equal(403);
        expect(body.error.message).to.equal(replies[0]?.body.error.message);
        expect(body).to.deep.include({ id: 7 }).and.have.nested.property("error.code", -32003);
      }
    });

    it("400 naming x-user-email, for a token that is not personal", async () => {
      const { secret: agent } = await gateway.service.issueToken({ scopes: ["connect:read"] });
      const { status, body } = await gateway.post(agent, rpc("tools/list"));
      expect(status).to.equal(400);
      expect(body.id).to.equal(7);
      expect(body.error.message).to.match(/x-user-email/);
    });

    it("400 -32600 for an array, whose messages would evade the limits", async () => {
      const { status, body } = await gateway.post(secret, [rpc("tools/list"), rpc("tools/list")]);
      expect(status).to.equal(400);
      expect(body).to.deep.include({ id: null }).and.have.nested.property("error.code", -32600);
    });

    it("400 -32700 for a body that is no JSON", async () => {
      const { status, body } = await gateway.post(secret, "{");
      expect(status).to.equal(400);
      expect(body).to.deep.include({ id: null }).and.have.nested.property("error.code", -32700);
    });

    for (const [name, message] of Object.entries({
      null: null,
      "a string": "text",
      "an object of another protocol": { id: 7, method: "tools/list" },
    })) {
      it(`400 -32600 for ${name}`, async () => {
        const { status, body } = await gateway.post(secret, JSON.stringify(message));
        expect(status).to.equal(400);
        expect(body).to.have.nested.property("error.code", -32600);
      });
    }

    it("400 for arguments of more than 64 levels, and none for 60", async () => {
      const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
      const call = (depth: number): string =>
        `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"files__echo","arguments":{"a":${nested(depth)}}}}`;
      expect((await gateway.post(secret, call(70))).status).to.equal(400);
      expect((await gateway.post(secret, call(60))).body.result.content).to.have.length(1);
    });

    it("413 for a body of more than 1 MiB", async () => {
      const large = rpc("tools/call", { name: "files__echo", arguments: { text: "x".repeat(1024 * 1024) } });
      expect((await gateway.post(secret, large)).status).to.equal(413);
    });

    it("415 for another media type", async () => {
      const options = { headers: { "Content-Type": "text/plain" } };
      expect((await gateway.post(secret, rpc("tools/list"), options)).status).to.equal(415);
    });

    it("200 -32602 for invalid parameters, because some clients lose their session at a 400", async () => {
      const invalid: Readonly<Record<string, object>> = {
        "tools/list": { cursor: 5 },
        "tools/call": { name: 5 },
        "prompts/get": { name: "x", arguments: { version: 5 } },
        "resources/read": {},
        "completion/complete": { ref: { type: "other" }, argument: { name: "a", value: "b" } },
      };
      for (const [method, params] of Object.entries(invalid)) {
        const { status, body } = await gateway.post(secret, rpc(method, params));
        expect(status, method).to.equal(200);
        expect(body, method).to.deep.include({ id: 7 }).and.have.nested.property("error.code", -32602);
      }
      const { body } = await gateway.post(secret, rpc("tools/list", { cursor: "invented" }));
      expect(body.error.code).to.equal(-32602);
    });

    it("-32601 for an unknown method", async () => {
      const { body } = await gateway.post(secret, rpc("tools/invent"));
      expect(body).to.deep.include({ id: 7 }).and.have.nested.property("error.code", -32601);
    });
  });

  describe("other methods and paths", () => {
    for (const method of ["GET", "DELETE", "PUT", "PATCH"]) {
      it(`${method} is 401 without a credential, and 405 with one`, async () => {
        const headers = { Authorization: `Bearer ${secret}` };
        expect((await fetch(gateway.url, { method })).status).to.equal(401);
        const response = await fetch(gateway.url, { method, headers });
        expect(response.status).to.equal(405);
        expect(response.headers.get("allow")).to.equal("POST");
      });
    }

    for (const path of [
      "/mcp/.well-known/openid-configuration",
      "/.well-known/oauth-protected-resource/mcp",
      "/mcp/sse",
    ]) {
      it(`${path} is 404`, async () => {
        const headers = { Authorization: `Bearer ${secret}` };
        for (const init of [{}, { headers }, { method: "POST", headers }]) {
          const response = await fetch(new URL(path, gateway.url), init);
          expect(response.status).to.equal(404);
          expect(response.headers.get("content-type")).to.equal("application/problem+json");
        }
      });
    }

    it("/mcp/ and /api/v1/mcp serve the same", async () => {
      const { body: direct } = await gateway.post(secret, rpc("tools/list"));
      expect((await gateway.post(secret, rpc("tools/list"), { path: "/" })).body).to.deep.equal(direct);
      const response = await fetch(new URL("/api/v1/mcp", gateway.url), {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${secret}` },
        body: JSON.stringify(rpc("tools/list")),
      });
      expect(await response.json()).to.deep.equal(direct);
    });
  });

  describe("credentials", () => {
    it("are accepted as Bearer, Api-Token and X-API-Key, with x-user-email for a token of no user", async () => {
      const { secret: agent } = await gateway.service.issueToken({ scopes: ["connect:read"] });
      for (const headers of [
        { Authorization: `Bearer ${agent}` },
        { Authorization: `Api-Token ${agent}` },
        { "X-API-Key": agent },
      ]) {
        const options = { headers: { ...(headers as Record<string, string>), "x-user-email": "ADA@example.com" } };
        const { body } = await gateway.post(undefined, rpc("tools/call", { name: "whoami" }), options);
        expect(body.result.structuredContent).to.deep.include({ userId: ada });
      }
    });
  });

  describe("Origin and Host", () => {
    const send = (headers: Readonly<Record<string, string>>): Promise<number> =>
      new Promise((resolve, reject) => {
        const sent = request(gateway.url, {
          method: "POST",
          headers: { "Content-Type": "application/json", Authorization: `Bearer ${secret}`, ...headers },
        });
        sent.on("error", reject).on("response", (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        });
        sent.end(JSON.stringify(rpc("ping")));
      });

    it("accepts the origin of PUBLIC_URL and those of MCP_ALLOWED_ORIGINS, and no other", async () => {
      expect(await send({ Origin: "https://gatehouse.example" })).to.equal(200);
      expect(await send({ Origin: "https://inspector.example" })).to.equal(200);
      for (const Origin of [
        "https://evil.example",
        "null",
        "http://gatehouse.example",
        "https://gatehouse.example:444",
      ])
        expect(await send({ Origin }), Origin).to.equal(403);
    });

    it("accepts the name in PUBLIC_URL, localhost and addresses, and no other name", async () => {
      for (const Host of ["gatehouse.example", "GATEHOUSE.example:443", "localhost:8080", "127.0.0.1", "[::1]:8080"])
        expect(await send({ Host }), Host).to.equal(200);
      for (const Host of ["rebound.example", "gatehouse.example.evil.example", "127.0.0.1.evil.example"])
        expect(await send({ Host }), Host).to.equal(403);
    });
  });
});
