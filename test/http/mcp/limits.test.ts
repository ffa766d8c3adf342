import { expect } from "chai";
import { type Gateway, type JsonRpcReply, rpc, startGateway } from "./gateway.fixture.ts";

describe("rate limits of /mcp", () => {
  let gateway: Gateway;
  let ada: string;
  /** A new token, whose limits no other test has used. */
  let secret: string;
  before(async () => {
    gateway = await startGateway({ environment: { RATE_LIMIT: "mcp=2/60,mcp-organization=off" } });
    ada = await gateway.createUser("ada@example.com");
    await gateway.putServer("files", [{ name: "echo" }]);
  });
  beforeEach(async () => {
    secret = await gateway.createToken(ada);
  });
  after(() => gateway.dispose());

  const messagesMax = 20;
  const callsMax = 2;
  const stateless = (method: string) => ({ headers: { "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method } });
  const envelope = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
  };
  type Send = () => Promise<JsonRpcReply>;
  /** Over the limit, the result of a call states it, because models read no errors. */
  const codeOf = ({ body }: JsonRpcReply): unknown =>
    /Rate limit exceeded/.test(body?.result?.content?.[0]?.text) ? "rate-limited" : body?.error?.data?.code;
  const sendTimes = async (count: number, send: Send): Promise<void> => {
    for (let at = 0; at < count; at++) expect(codeOf(await send())).to.not.equal("rate-limited");
  };
  const logged = async (): Promise<readonly string[]> => {
    const { body } = await gateway.admin.get("/api/request-log?limit=100").expect(200);
    return body.data.map(({ requestId }: { requestId: string }) => requestId);
  };

  describe("count requests that no handler serves", () => {
    const requests: Readonly<Record<string, { readonly limit: number; readonly send: Send }>> = {
      "a list of a server that does not exist": {
        limit: messagesMax,
        send: () => gateway.post(secret, rpc("tools/list"), { path: "/servers/nope" }),
      },
      "initialize of a toolkit that does not exist": {
        limit: messagesMax,
        send: () => gateway.post(secret, rpc("initialize"), { path: "/toolkits/nope" }),
      },
      "a call of a toolkit that does not exist": {
        limit: callsMax,
        send: () => gateway.post(secret, rpc("tools/call", { name: "files__echo" }), { path: "/toolkits/nope" }),
      },
      "a call without a name": {
        limit: callsMax,
        send: () => gateway.post(secret, rpc("tools/call", { arguments: {} })),
      },
      "a list with an invalid cursor": {
        limit: messagesMax,
        send: () => gateway.post(secret, rpc("tools/list", { cursor: 5 })),
      },
      "a stream of changes": {
        limit: messagesMax,
        send: () => gateway.post(secret, rpc("subscriptions/listen"), stateless("subscriptions/listen")),
      },
      "an unknown mode": {
        limit: messagesMax,
        send: () => gateway.post(secret, rpc("tools/list"), { path: "?mode=other" }),
      },
      "an envelope that does not match its headers": {
        limit: messagesMax,
        send: () => gateway.post(secret, rpc("tools/list", { _meta: envelope }), stateless("prompts/list")),
      },
      "a call whose envelope does not match its headers": {
        limit: callsMax,
        send: () => gateway.post(secret, rpc("tools/call", { name: "x", _meta: envelope }), stateless("prompts/list")),
      },
      "a call of call_tool without a name": {
        limit: callsMax,
        send: () => gateway.post(secret, rpc("tools/call", { name: "call_tool", arguments: {} })),
      },
    };

    for (const [name, { limit, send }] of Object.entries(requests)) {
      it(`${name}, and respond over the limit with an error of the request, not of the session`, async () => {
        await sendTimes(limit, send);
        for (let at = 0; at < 3; at++) {
          const reply = await send();
          if (name.startsWith("initialize")) expect(reply.status).to.equal(429);
          else expect(reply.status, JSON.stringify(reply.body)).to.equal(200);
          expect(reply.body.id).to.equal(7);
          expect(codeOf(reply)).to.equal("rate-limited");
        }
      });
    }

    it("and write no entry of the request log over the limit", async () => {
      const send = () => gateway.post(secret, rpc("tools/list"), { path: "/servers/nope" });
      await sendTimes(messagesMax, send);
      const limited = await send();
      expect(codeOf(limited)).to.equal("rate-limited");
      secret = await gateway.createToken(ada);
      const later = await send();
      // Entries are written in their order, after a while.
      while (!(await logged()).includes(later.body.error.data.requestId))
        await new Promise((resolve) => setTimeout(resolve, 50));
      expect(await logged()).to.not.include(limited.body.error.data.requestId);
    });

    it("a token without connect:read", async () => {
      const { secret: scim } = await gateway.service.issueToken({ scopes: ["admin:scim"] });
      const send = () => gateway.post(scim, rpc("tools/list"));
      await sendTimes(messagesMax, send);
      expect(await send())
        .to.deep.include({ status: 200 })
        .and.have.nested.property("body.error.data.code", "rate-limited");
    });

    const withoutId: Readonly<Record<string, Send>> = {
      "an array": () => gateway.post(secret, [rpc("tools/list")]),
      "a body that is no JSON": () => gateway.post(secret, "{"),
      "a list without an id": () => gateway.post(secret, { jsonrpc: "2.0", method: "tools/list" }),
      "a call without an id": () =>
        gateway.post(secret, { jsonrpc: "2.0", method: "tools/call", params: { name: "files__echo" } }),
      "a response": () => gateway.post(secret, { jsonrpc: "2.0", id: 1, result: {} }),
    };
    for (const [name, send] of Object.entries(withoutId)) {
      it(`${name}, and respond over the limit with 429, because no request has the error`, async () => {
        await sendTimes(messagesMax, send);
        const { status, body } = await send();
        expect(status).to.equal(429);
        expect(body).to.deep.include({ id: null }).and.have.nested.property("error.data.code", "rate-limited");
      });
    }

    it("another HTTP method", async () => {
      const send = () => fetch(gateway.url, { headers: { Authorization: `Bearer ${secret}` } });
      for (let at = 0; at < messagesMax; at++) expect((await send()).status).to.equal(405);
      expect((await send()).status).to.equal(429);
    });
  });

  describe("count a request once", () => {
    it("a list", async () => {
      await sendTimes(messagesMax, () => gateway.post(secret, rpc("tools/list"), { path: "/servers/files" }));
      expect(codeOf(await gateway.post(secret, rpc("tools/list")))).to.equal("rate-limited");
    });

    it("a call, also with a progress token, apart from messages", async () => {
      await sendTimes(messagesMax, () => gateway.post(secret, rpc("ping")));
      const call = async (params: object, path = "") => {
        const response = await fetch(`${gateway.url}${path}`, {
          method: "POST",
          headers: { "Content-Type": "application/json", Authorization: `Bearer ${secret}` },
          body: JSON.stringify(rpc("tools/call", params)),
        });
        return response.text();
      };
      for (const name of ["files__echo", "call_tool"]) {
        const params = name === "call_tool" ? { name, arguments: { name: "files__echo" } } : { name };
        expect(await call({ ...params, _meta: { progressToken: 1 } }, "/servers/files")).to.not.contain("Rate limit");
      }
      expect(await call({ name: "files__echo" })).to.contain("Rate limit exceeded");
      expect(await call({ name: "files__echo", _meta: { progressToken: 1 } })).to.contain("Rate limit exceeded");
    });
  });
});
