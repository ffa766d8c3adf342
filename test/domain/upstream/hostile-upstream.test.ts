import { once } from "node:events";
import type { ServerResponse } from "node:http";
import { expect } from "chai";
import type { Resolver } from "../../../src/domain/outbound/address-guard.ts";
import {
  createCalls,
  faultOf,
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

const mebi = 1024 * 1024;

describe("Calls of a hostile or broken MCP server", () => {
  let upstream: TestUpstream | undefined;
  let calls: TestCalls | undefined;
  afterEach(async () => {
    await calls?.close();
    await upstream?.close();
  });

  /** Starts a server of the 2026 era that responds to tool calls like this, and calls it. */
  async function callServer(
    respond: Parameters<typeof stateless>[0],
    { server = {}, ...options }: Parameters<typeof createCalls>[0] & { server?: object } = {},
  ) {
    upstream = await startUpstream(stateless(respond));
    calls = createCalls(options);
    return faultOf(await calls.call(serverAt(upstream.url, server)));
  }

  const statuses: Readonly<Record<number, readonly [cause: string, text: RegExp]>> = {
    401: ["unauthorized", /rejected the credential \(401\)\. .*PUT \/api\/connections\/jira\/credential/],
    403: ["forbidden", /does not allow this call/],
    429: ["rate-limited", /limits the rate of calls \(429\)\. Try again later/],
    500: ["http-status", /HTTP status 500/],
    503: ["http-status", /HTTP status 503/],
  };
  for (const [status, [cause, text]] of Object.entries(statuses)) {
    it(`report ${status} as ${cause}`, async () => {
      const outcome = await callServer((_message, res) => void res.writeHead(Number(status)).end("<html>"));
      expect(outcome.cause).to.equal(cause);
      expect(outcome.text).to.match(text);
    });
  }

  it("report an HTML page with status 200", async () => {
    const outcome = await callServer(
      (_message, res) => void res.writeHead(200, { "content-type": "text/html" }).end("<html>"),
    );
    expect(outcome.text).to.contain("responded with text/html instead of JSON");
  });

  it("report JSON that is not a response to the call", async () => {
    for (const body of [
      "",
      "[]",
      "null",
      "{",
      '{"jsonrpc":"2.0","id":999999,"result":{"content":[]}}',
      '{"result":5}',
    ]) {
      const outcome = await callServer((_message, res) => {
        res.writeHead(200, { "content-type": "application/json" }).end(body);
      });
      expect(outcome.cause, body).to.equal("invalid-response");
      await calls?.close();
      await upstream?.close();
    }
  });

  it("report an event stream that ends without a response", async () => {
    const outcome = await callServer((_message, res) => {
      res.writeHead(200, { "content-type": "text/event-stream" }).end(": comment\n\ndata: {}\n\n");
    });
    expect(outcome.text).to.contain("ended its event stream without a response");
  });

  it("report a connection that is closed before and in the middle of the response", async () => {
    const before = await callServer((_message, _res, req) => void req.socket.destroy());
    expect(before.cause).to.equal("unreachable");
    await calls?.close();
    await upstream?.close();
    const middle = await callServer((_message, res, req) => {
      res.writeHead(200, { "content-type": "application/json", "content-length": "100" }).write("{");
      req.socket.end();
    });
    expect(middle.cause).to.equal("unreachable");
  });

  it("do not follow a redirect", async () => {
    const target = await startUpstream((message, res) => sendResult(res, message, textResult("hello")));
    for (const status of [301, 302, 307, 308]) {
      const outcome = await callServer((_message, res) => void res.writeHead(status, { location: target.url }).end());
      expect(outcome.text).to.contain(`redirect (${status}), which is not followed`);
      await calls?.close();
      await upstream?.close();
    }
    expect(target.received).to.deep.equal([]);
    await target.close();
  });

  it("end at the time limit of the server, whether it is silent, drips or never ends its events", async () => {
    const drip = (res: ServerResponse, text: string): void => {
      const timer = setInterval(() => res.write(text), 20);
      res.on("close", () => clearInterval(timer));
    };
    const behaviors: readonly Parameters<typeof stateless>[0][] = [
      () => undefined,
      (_message, res) => drip(res.writeHead(200, { "content-type": "application/json" }), " "),
      (_message, res) => drip(res.writeHead(200, { "content-type": "text/event-stream" }), ": still here\n\n"),
    ];
    for (const respond of behaviors) {
      const outcome = await callServer(respond, { server: { timeoutSeconds: 1 } });
      expect(outcome.cause).to.equal("timeout");
      expect(outcome.text).to.contain("within 1 seconds");
      await calls?.close();
      await upstream?.close();
    }
  });

  it("report a result of more than 1 MiB with its size, as JSON and as an event, and stop reading", async () => {
    const declared = await callServer((message, res) => sendBytes(res, message.id, 100 * mebi));
    expect(declared.text).to.match(/has \d{9} bytes; the maximum is 1048576\. Request less/);
    await calls?.close();
    await upstream?.close();
    let sent: ServerResponse | undefined;
    const endless = (type: string, start: string) =>
      callServer((_message, res) => {
        sent = res.writeHead(200, { "content-type": type });
        res.write(start);
        const write = (): void => {
          while (!res.destroyed && res.write("x".repeat(65_536)));
        };
        res.on("drain", write);
        write();
      });
    for (const [type, start] of [
      ["application/json", '{"a":"'],
      ["text/event-stream", "data: "],
    ] as const) {
      const outcome = await endless(type, start);
      expect(outcome.cause).to.equal("too-large");
      expect(outcome.text).to.contain("more than 1048576 bytes");
      if (sent && !sent.destroyed) await once(sent, "close");
      await calls?.close();
      await upstream?.close();
    }
  });

  it("report a compressed response, which was not accepted", async () => {
    const outcome = await callServer((_message, res) => {
      res.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" }).end("x");
    });
    expect(outcome.text).to.contain("encoding that was not accepted");
  });

  const unusable: Readonly<Record<string, object>> = {
    "no content": {},
    "content that is no list": { content: "hello" },
    "an unknown type of content": { content: [{ type: "hologram" }] },
    "an image without data": { content: [{ type: "image" }] },
    "a resource without text": { content: [{ type: "resource", resource: { uri: "a:b" } }] },
  };
  for (const [description, result] of Object.entries(unusable)) {
    it(`report a result with ${description}, which clients would reject as a whole`, async () => {
      const outcome = await callServer((message, res) => sendResult(res, message, result));
      expect(outcome.text).to.contain("returned a result that cannot be passed on");
    });
  }

  it("repeat the message of a JSON-RPC error, shortened and without the credential", async () => {
    const outcome = await callServer(
      ({ id, headers }, res) => {
        const message = `you sent ${headers.authorization} ${"y".repeat(10_000)}`;
        sendJson(res, { jsonrpc: "2.0", id, error: { code: -32_602, message } });
      },
      { credentials: { "": "Bearer organization-secret" }, server: { auth: { type: "apiKey" } } },
    );
    expect(outcome.cause).to.equal("rpc-error");
    expect(outcome.text).to.contain("error -32602: you sent [redacted]").and.not.contain("organization-secret");
    expect(outcome.text.length).to.be.lessThan(700);
  });

  const events = (res: ServerResponse, ...messages: readonly object[]): void =>
    void res
      .writeHead(200, { "content-type": "text/event-stream" })
      .end(messages.map((message) => `data: ${JSON.stringify({ jsonrpc: "2.0", ...message })}\n\n`).join(""));

  it("take the first response with the id of the call, and none with another id", async () => {
    upstream = await startUpstream(
      stateless(({ id = 0 }, res) =>
        events(
          res,
          { id: id + 1, result: textResult("of another call") },
          { id: String(id), result: textResult("of a string") },
          { id, method: "ping" },
          { id, result: textResult("first") },
          { id, result: textResult("second") },
        ),
      ),
    );
    calls = createCalls();
    expect(resultOf(await calls.call(serverAt(upstream.url)))).to.deep.equal(textResult("first"));
  });

  it("report more than 20,000 events, and stop reading", async () => {
    const outcome = await callServer((_message, res) => {
      const notification = { method: "notifications/message", params: {} };
      events(res, ...Array.from({ length: 20_001 }, () => notification));
    });
    expect(outcome.text).to.contain("more than 20000 events");
  });

  it("ignore progress that is no number, or of another call", async () => {
    const received: object[] = [];
    upstream = await startUpstream(
      stateless(({ id, params }, res) => {
        const { progressToken } = params._meta ?? {};
        const progress = (text: string): string =>
          `data: {"jsonrpc":"2.0","method":"notifications/progress","params":${text}}\n\n`;
        const result = JSON.stringify({ jsonrpc: "2.0", id, result: textResult("done") });
        res
          .writeHead(200, { "content-type": "text/event-stream" })
          .end(
            progress(`{"progressToken":${progressToken},"progress":1e999}`) +
              progress(`{"progressToken":${progressToken},"progress":"1"}`) +
              progress(`{"progressToken":${Number(progressToken) + 1},"progress":1}`) +
              progress("null") +
              progress(`{"progressToken":${progressToken},"progress":2,"total":1e999}`) +
              `data: ${result}\n\n`,
          );
      }),
    );
    calls = createCalls();
    const onProgress = (progress: object): void => void received.push(progress);
    expect(resultOf(await calls.call(serverAt(upstream.url), { onProgress }))).to.deep.equal(textResult("done"));
    expect(received).to.deep.equal([{ progress: 2 }]);
  });

  it("report JSON of more than 128 levels, which would end the stack of those who read it", async () => {
    const nested = (levels: number): string => `${"[".repeat(levels)}${"]".repeat(levels)}`;
    for (const levels of [126, 127, 200_000]) {
      upstream = await startUpstream(
        stateless(({ id }, res) => {
          // A bracket in a string is no level.
          const result = `{"content":[],"structuredContent":${nested(levels)},"_meta":{"a":"\\"[[[["}}`;
          res.writeHead(200, { "content-type": "application/json" });
          res.end(`{"jsonrpc":"2.0","id":${id},"result":${result}}`);
        }),
      );
      calls = createCalls();
      const outcome = await calls.call(serverAt(upstream.url));
      if (levels === 126) expect(JSON.stringify(resultOf(outcome)["structuredContent"])).to.equal(nested(levels));
      else expect(faultOf(outcome).text).to.contain("more than 128 levels");
      await calls.close();
      await upstream.close();
    }
  });

  it("pass a property named __proto__ on as it is, and change no prototype", async () => {
    const text =
      '{"content":[{"type":"text","text":"x","__proto__":{"polluted":1}}],"structuredContent":{"__proto__":{"polluted":1}},"_meta":{"__proto__":{"polluted":1}}}';
    upstream = await startUpstream(
      stateless(({ id }, res) => {
        res.writeHead(200, { "content-type": "application/json" });
        res.end(`{"jsonrpc":"2.0","id":${id},"result":${text}}`);
      }),
    );
    calls = createCalls();
    const result = resultOf(await calls.call(serverAt(upstream.url)));
    expect(JSON.stringify(result["structuredContent"])).to.equal('{"__proto__":{"polluted":1}}');
    const [item] = result["content"] as [object];
    for (const each of [{}, result, item, result["_meta"] ?? {}]) expect(each).to.not.have.property("polluted");
  });

  it("report headers of more than 16 KiB", async () => {
    const outcome = await callServer((message, res) =>
      sendResult(res, message, textResult("hello"), { "x-long": "x".repeat(20_000) }),
    );
    expect(outcome.text).to.contain("could not be reached (HPE_HEADER_OVERFLOW)");
  });

  it("report a connection whose other half stays open after an incomplete response", async () => {
    const outcome = await callServer(
      (_message, res) => {
        res.writeHead(200, { "content-type": "application/json", "content-length": "100" }).write('{"jsonrpc":');
      },
      { server: { timeoutSeconds: 1 } },
    );
    expect(outcome.cause).to.equal("timeout");
  });

  describe("with sessions", () => {
    const initialized = { protocolVersion: "2025-11-25", capabilities: {} };

    for (const [description, sessionId] of [
      ["of more than 1,024 characters", "s".repeat(1025)],
      ["with characters that are not ASCII", "s\u00e9"],
      ["with a space", "s 1"],
    ] as const) {
      it(`report a session id ${description}`, async () => {
        upstream = await startUpstream((message, res) => {
          if (message.method === "initialize") sendResult(res, message, initialized, { "mcp-session-id": sessionId });
          else res.writeHead(404).end();
        });
        calls = createCalls();
        expect(faultOf(await calls.call(serverAt(upstream.url))).text).to.contain("session id that is not 1 to 1,024");
      });
    }

    it("get at most 100 responses to their own requests during a call", async () => {
      let responses = 0;
      upstream = await startUpstream((message, res) => {
        if (message.method === "tools/call") {
          const requests = Array.from({ length: 1000 }, (_, at) => ({ id: `ping-${at}`, method: "ping" }));
          res.writeHead(200, { "content-type": "text/event-stream" });
          for (const each of requests) res.write(`data: ${JSON.stringify({ jsonrpc: "2.0", ...each })}\n\n`);
          const respond = (): void => {
            if (responses < 100) return void setTimeout(respond, 10);
            res.end(`data: ${JSON.stringify({ jsonrpc: "2.0", id: message.id, result: textResult("done") })}\n\n`);
          };
          respond();
        } else if (message.method === "initialize") sendResult(res, message, initialized, { "mcp-session-id": "s1" });
        else {
          if (message.method === undefined && message.httpMethod === "POST") responses++;
          res.writeHead(message.method === "server/discover" ? 404 : 202).end();
        }
      });
      calls = createCalls();
      expect(resultOf(await calls.call(serverAt(upstream.url)))).to.deep.equal(textResult("done"));
      await calls.close();
      expect(responses).to.equal(100);
    });
  });

  describe("that requests input", () => {
    const elicit = (params: object): object => ({ a: { method: "elicitation/create", params } });
    const form = { mode: "form", message: "Name?", requestedSchema: { type: "object", properties: {} } };
    const unusableInputs: Readonly<Record<string, object>> = {
      "nothing at all": {},
      "a message of the model": { inputRequests: { a: { method: "sampling/createMessage", params: {} } } },
      "the folders of the client": { inputRequests: { a: { method: "roots/list" } } },
      "a page with javascript:": { inputRequests: elicit({ mode: "url", message: "x", url: "javascript:alert(1)" }) },
      "a page with file:": { inputRequests: elicit({ mode: "url", message: "x", url: "file:///etc/passwd" }) },
      "a page with a password in its address": {
        inputRequests: elicit({ mode: "url", message: "x", url: "https://gatehouse.example@evil.example/" }),
      },
      "a form with nested fields": {
        inputRequests: elicit({ ...form, requestedSchema: { type: "object", properties: { a: { type: "object" } } } }),
      },
      "more than 16 forms": {
        inputRequests: Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`a${at}`, elicit(form)])),
      },
      "a very long message": { inputRequests: elicit({ ...form, message: "x".repeat(2001) }) },
      "a state of more than 32 KiB": { inputRequests: elicit(form), requestState: "x".repeat(32 * 1024 + 1) },
      "a state that is no string": { inputRequests: elicit(form), requestState: {} },
    };
    for (const [description, result] of Object.entries(unusableInputs)) {
      it(`report a request for ${description}`, async () => {
        upstream = await startUpstream(
          stateless((message, res) => sendResult(res, message, { resultType: "input_required", ...result })),
        );
        calls = createCalls();
        const outcome = await calls.call(serverAt(upstream.url), { elicitation: ["form", "url"] });
        expect(faultOf(outcome).text).to.contain("requests input that cannot be passed on");
      });
    }
  });

  it("do not connect to an address that is not allowed, also when the DNS response has changed", async () => {
    let address = "127.0.0.1";
    const resolve: Resolver = (_host, _options, callback) => callback(null, [{ address, family: 4 }]);
    upstream = await startUpstream(
      stateless((message, res) => sendResult(res, message, textResult("hello"), { connection: "close" })),
    );
    calls = createCalls({ policy: { allowedRanges: ["127.0.0.1"], resolve } });
    const server = serverAt(upstream.url.replace("127.0.0.1", "mcp.example"));
    expect(resultOf(await calls.call(server))).to.deep.equal(textResult("hello"));
    address = "127.0.0.2";
    const requests = upstream.received.length;
    const { cause, text } = faultOf(await calls.call(server));
    expect(cause).to.equal("url-rejected");
    expect(text).to.contain("UPSTREAM_ALLOW").and.not.contain("127.0.0.2");
    expect(upstream.received).to.have.length(requests);
  });

  it("report a name that does not resolve and a port that nothing listens on", async () => {
    const closed = await startUpstream(() => undefined);
    await closed.close();
    calls = createCalls();
    expect(faultOf(await calls.call(serverAt(closed.url))).text).to.contain("could not be reached (ECONNREFUSED)");
    const resolve: Resolver = (_host, _options, callback) =>
      callback(Object.assign(new Error("no"), { code: "ENOTFOUND" }), []);
    await calls.close();
    calls = createCalls({ policy: { allowedRanges: [], resolve } });
    expect(faultOf(await calls.call(serverAt("https://mcp.example"))).text).to.contain("(ENOTFOUND)");
  });

  describe("limits of a server", () => {
    it("pause after five outages in a row, for 30 seconds, and end with a success", async () => {
      let now = 0;
      let isBroken = true;
      upstream = await startUpstream(
        stateless((message, res) => {
          if (isBroken) res.writeHead(500).end();
          else sendResult(res, message, textResult("hello"));
        }),
      );
      calls = createCalls({ now: () => now });
      const server = serverAt(upstream.url);
      const causes: string[] = [];
      for (let at = 0; at < 6; at++) causes.push(faultOf(await calls.call(server)).cause);
      expect(causes).to.deep.equal([...Array.from({ length: 5 }, () => "http-status"), "circuit-open"]);
      const requests = upstream.received.length;
      now = 29_999;
      expect(faultOf(await calls.call(server)).text).to.contain("Calls are sent again in 1 seconds");
      expect(upstream.received).to.have.length(requests);
      now = 30_000;
      expect(faultOf(await calls.call(server)).cause).to.equal("http-status");
      expect(faultOf(await calls.call(server)).cause).to.equal("circuit-open");
      now = 60_000;
      isBroken = false;
      for (let at = 0; at < 3; at++) resultOf(await calls.call(server));
    });

    it("do not pause for errors that concern one caller", async () => {
      upstream = await startUpstream(stateless((_message, res) => void res.writeHead(401).end()));
      calls = createCalls();
      for (let at = 0; at < 8; at++)
        expect(faultOf(await calls.call(serverAt(upstream.url))).cause).to.equal("unauthorized");
    });

    it("are 32 calls at once, and do not concern another server", async () => {
      const waiting: (() => void)[] = [];
      let isFull = (): void => undefined;
      const full = new Promise<void>((resolve) => {
        isFull = resolve;
      });
      upstream = await startUpstream(
        stateless((message, res) => {
          waiting.push(() => sendResult(res, message, textResult("late")));
          if (waiting.length === 32) isFull();
        }),
      );
      const other = await startUpstream(stateless((message, res) => sendResult(res, message, textResult("at once"))));
      calls = createCalls();
      const { call } = calls;
      const server = serverAt(upstream.url);
      const running = Array.from({ length: 32 }, () => call(server));
      await full;
      expect(faultOf(await call(server)).text).to.contain("32 calls are in progress");
      expect(resultOf(await call(serverAt(other.url, { slug: "other" })))).to.deep.equal(textResult("at once"));
      for (const respond of waiting) respond();
      for (const outcome of await Promise.all(running)) expect(resultOf(outcome)).to.deep.equal(textResult("late"));
      expect(
        resultOf(await Promise.all([call(server), waitForNext(waiting, 33)]).then(([first]) => first)),
      ).to.deep.equal(textResult("late"));
      await other.close();
    });
  });
});

/** Responds with a valid result of this many characters, and declares its length. */
function sendBytes(res: ServerResponse, id: number | undefined, length: number): void {
  res.writeHead(200, { "content-type": "application/json", "content-length": String(length + 100) });
  res.write(`{"jsonrpc":"2.0","id":${id},"result":{"content":[{"type":"text","text":"`);
}

/** Waits until the server has received this many calls in total, and lets it respond to the last one. */
async function waitForNext(waiting: readonly (() => void)[], count: number): Promise<void> {
  while (waiting.length < count) await new Promise((resolve) => setImmediate(resolve));
  waiting[count - 1]?.();
}
