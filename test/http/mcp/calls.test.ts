import { expect } from "chai";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import { type Gateway, rpc, startGateway } from "./gateway.fixture.ts";

/** A promise with the function that resolves it. */
function createSignal(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

describeOnEngines("tools/call of /mcp", (open) => {
  let gateway: Gateway;
  let ada: string;
  let secret: string;
  let now: number;
  /** The calls of `wait` that run; they end when `release` is resolved. */
  let waiting: number;
  let release: ReturnType<typeof createSignal>;
  let aborted: ReturnType<typeof createSignal>;
  before(async () => {
    now = Date.now();
    waiting = 0;
    release = createSignal();
    aborted = createSignal();
    gateway = await startGateway({
      open,
      now: () => now,
      environment: { RATE_LIMIT: "mcp=30/60,mcp-organization=off", MCP_AUDIT_ARGUMENTS: "full" },
      tools: {
        wait: async (_, { mcpReq }) => {
          waiting++;
          mcpReq.signal.addEventListener("abort", aborted.resolve);
          await release.promise;
          return { content: [{ type: "text", text: "waited" }] };
        },
        typed: ({ sum }) => ({
          content: [{ type: "text", text: "computed" }],
          ...(sum !== undefined && { structuredContent: { sum } }),
        }),
        odd: () => ({ content: [{ type: "text", text: "x" }], structuredContent: [1, 2] }),
      },
    });
    ada = await gateway.createUser("ada@example.com");
    secret = await gateway.createToken(ada);
    await gateway.putServer(
      "files",
      ["echo", "wait", "odd", "remove", "typed"].map((name) => ({
        ...{ name, risk: name === "remove" ? "destructive" : "read" },
        ...(name === "typed" && {
          outputSchema: { type: "object", properties: { sum: { type: "number" } }, required: ["sum"] },
        }),
      })),
    );
    await gateway.putServer("local", [{ name: "run" }], {
      ...{ transport: "stdio", url: undefined, command: "npx", args: ["-y", "local-server"] },
    });
  });
  after(() => gateway.dispose());
  beforeEach(() => {
    now += 60_000;
  });

  const call = async (name: string, values: object = {}, token = secret, headers: Record<string, string> = {}) =>
    (await gateway.post(token, rpc("tools/call", { name, arguments: values }), { headers })).body;
  const textOf = (body: { readonly result: { readonly content: readonly { readonly text: string }[] } }): string =>
    body.result.content[0]?.text ?? "";
  const findEvents = async (isWanted: (event: { details: Record<string, unknown> }) => boolean): Promise<never[]> => {
    for (;;) {
      const { body } = await gateway.admin.get("/api/audit-events?action=mcp.tool.called&limit=100").expect(200);
      const events = body.data.filter(isWanted);
      if (events.length > 0) return events;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  };

  it("turns a result that does not match the output schema into an error that names the mismatch, and keeps its content", async () => {
    expect((await call("files__typed", { sum: 1 })).result).to.deep.include({ structuredContent: { sum: 1 } });
    for (const [values, problem] of [
      [{ sum: "1" }, "at sum: must be number"],
      [{}, "there is none"],
    ] as const) {
      const body = await call("files__typed", values);
      expect(body.result).to.include({ isError: true }).and.not.have.property("structuredContent");
      expect(textOf(body)).to.contain("The tool ran").and.contain(problem);
      expect(body.result.content[1]).to.deep.equal({ type: "text", text: "computed" });
    }
    await findEvents(({ details }) => details["outcome"] === "output-mismatch");
  });

  it("returns the same error for a tool that does not exist, that is denied, disabled, or not assigned", async () => {
    await gateway.putServer("hidden", [{ name: "echo" }], { assignment: { everyone: false, groups: [], users: [] } });
    await gateway.putServer("partly", [{ name: "off", enabled: false }, { name: "denied" }, { name: "echo" }]);
    await gateway.putServer("draft", [{ name: "echo" }], { status: "draft" });
    await gateway.admin
      .put("/api/policies/no-denied")
      .send({
        ...{ name: "No denied", effect: "deny", subjects: { everyone: true, groups: [], users: [] } },
        resources: { mcpServers: ["partly"], tools: ["denied"], toolkits: [], skills: [], commands: [] },
      })
      .expect(201);
    const names = ["unknown__echo", "files__unknown", "hidden__echo", "partly__off", "partly__denied", "draft__echo"];
    for (const name of names) {
      const body = await call(name);
      expect(body.error.code, name).to.equal(-32602);
      expect(body.error.message.replace(name, "NAME")).to.equal("Unknown tool: NAME. List the tools again.");
      const viaCallTool = await call("call_tool", { name });
      expect(viaCallTool.result.isError, name).to.equal(true);
      expect(textOf(viaCallTool).replace(name, "NAME")).to.equal("Unknown tool: NAME. List the tools again.");
    }
    const [denied] = await findEvents(({ details }) => details["tool"] === "denied");
    expect(denied)
      .to.deep.include({ outcome: "refused" })
      .and.to.have.property("details")
      .that.includes({
        ...{ decision: "denied", policy: "no-denied", server: "partly", risk: "write" },
      });
  });

  it("records the user, the tool, the decision, the outcome and the masked arguments", async () => {
    await call("files__echo", { path: "/tmp", apiKey: "hidden-value", nested: { password: "hidden-value" } });
    const [event] = await findEvents(({ details }) => details["tool"] === "echo" && details["outcome"] === "success");
    const { details, target, actor } = event as unknown as Record<string, Record<string, unknown>>;
    expect(target).to.have.property("type", "mcp-server");
    expect(actor).to.have.property("type", "token");
    expect(details).to.deep.include({ userId: ada, server: "files", risk: "read", decision: "allowed" });
    expect(details?.["bytes"]).to.be.greaterThan(0);
    expect(details?.["arguments"]).to.deep.equal({
      ...{ path: "/tmp", apiKey: "[masked]", nested: { password: "[masked]" } },
    });
  });

  it("rejects calls of a token without connect:call with a text, and lets it list", async () => {
    const reader = await gateway.createToken(ada, { type: "mcp", scopes: ["connect:read"] });
    const body = await call("files__echo", {}, reader);
    expect(body.result.isError).to.equal(true);
    expect(textOf(body)).to.match(/connect:call/);
    const { body: list } = await gateway.post(reader, rpc("tools/list"));
    expect(list.result.tools.map(({ name }: { name: string }) => name)).to.include("files__echo");
  });

  it("hides tools above the risk of the token, in lists and calls", async () => {
    const careful = await gateway.createToken(ada, { maxRisk: "read" });
    const { body } = await gateway.post(careful, rpc("tools/list"));
    expect(body.result.tools.map(({ name }: { name: string }) => name)).to.not.include("files__remove");
    expect((await call("files__remove", {}, careful)).error.code).to.equal(-32602);
  });

  it("does not run stdio servers, and returns their command", async () => {
    const body = await call("local__run");
    expect(body.result.isError).to.equal(true);
    expect(textOf(body)).to.match(/stdio.*npx -y local-server/);
  });

  it("wraps structured content that is no object for clients of the initialize era", async () => {
    expect((await call("files__odd")).result.structuredContent).to.deep.equal({ result: [1, 2] });
  });

  it("forwards the credential for the server that the request carries, and never the token", async () => {
    await call("files__echo", {}, secret, { "x-upstream-files-authorization": "Bearer for-files" });
    expect(gateway.upstream.calls.at(-1)).to.deep.equal({ tool: "echo", authorization: "Bearer for-files" });
    await call("files__echo", {}, secret, { "x-upstream-other-authorization": "Bearer for-other" });
    expect(gateway.upstream.calls.at(-1)).to.deep.equal({ tool: "echo", authorization: undefined });
  });

  it("allows ten times as many lists as calls, and rejects more with an error of the list, not of the session", async () => {
    const own = await gateway.createToken(ada);
    const listed = await Promise.all(Array.from({ length: 300 }, () => gateway.post(own, rpc("prompts/list"))));
    expect(listed.filter(({ body }) => body.error)).to.deep.equal([]);
    const { status, body } = await gateway.post(own, rpc("tools/list"));
    expect(status).to.equal(200);
    expect(body).to.have.nested.property("error.data.code", "rate-limited");
    expect(body.error.data.retryAfterSeconds).to.be.greaterThan(0);
    const initialize = await gateway.post(own, rpc("initialize", {}));
    expect(initialize.status).to.equal(429);
    expect(initialize.body).to.deep.include({ id: 7 });
    expect(initialize.headers.get("retry-after")).to.match(/^\d+$/);
    // Calls, and other tokens of the same user, have limits of their own.
    expect(textOf(await call("files__echo", {}, own))).to.equal("{}");
    expect((await gateway.post(secret, rpc("tools/list"))).body.error).to.equal(undefined);
  });

  it("returns a text and HTTP 200 over the rate limit, and does not count lists", async () => {
    const own = await gateway.createToken(ada);
    for (let at = 0; at < 40; at++)
      expect((await gateway.post(own, rpc("tools/list"))).body).to.not.have.property("error");
    for (let at = 0; at < 30; at++)
      expect(await call("files__echo", {}, own)).to.not.have.nested.property("result.isError");
    const { status, body } = await gateway.post(own, rpc("tools/call", { name: "files__echo" }));
    expect(status).to.equal(200);
    expect(body.result.isError).to.equal(true);
    expect(textOf(body)).to.match(/Rate limit exceeded.*Retry in \d+ s/);
    expect((await call("whoami", {}, own)).result.isError).to.equal(true);
    const prompt = await gateway.post(own, rpc("prompts/get", { name: "x" }));
    expect(prompt).to.have.nested.property("body.error.data.code", "rate-limited");
    await findEvents(({ details }) => details["decision"] === "rate-limited");
    now += 60_000;
    expect(await call("files__echo", {}, own)).to.not.have.nested.property("result.isError");
  });

  it("runs eight calls of a token at once, and returns a text for the ninth", async () => {
    const own = await gateway.createToken(ada);
    const running = Array.from({ length: 8 }, () => call("files__wait", {}, own));
    while (waiting < 8) await new Promise((resolve) => setTimeout(resolve, 20));
    const ninth = await call("files__wait", {}, own);
    expect(ninth.result.isError).to.equal(true);
    expect(textOf(ninth)).to.match(/8 calls are in progress/);
    expect(textOf(await call("files__echo", {}))).to.equal("{}");
    // A list does not wait for the server.
    expect((await gateway.post(own, rpc("tools/list"))).body.result.tools).to.not.deep.equal([]);
    release.resolve();
    for (const each of await Promise.all(running)) expect(textOf(each)).to.equal("waited");
    expect(textOf(await call("files__wait", {}, own))).to.equal("waited");
  });

  for (const protocol of [undefined, "2026-07-28"]) {
    for (const progress of [{}, { progressToken: 1 }]) {
      const description = `${protocol ?? "older"}, ${"progressToken" in progress ? "stream" : "JSON"}`;
      it(`aborts the call on the server when the client is gone (${description})`, async () => {
        release = createSignal();
        aborted = createSignal();
        waiting = 0;
        const gone = new AbortController();
        const envelope = {
          ...{ "io.modelcontextprotocol/protocolVersion": protocol, "io.modelcontextprotocol/clientCapabilities": {} },
          "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
        };
        const response = fetch(gateway.url, {
          method: "POST",
          headers: {
            ...{ "Content-Type": "application/json", Authorization: `Bearer ${secret}` },
            ...(protocol && {
              ...{ "MCP-Protocol-Version": protocol, "Mcp-Method": "tools/call", "Mcp-Name": "files__wait" },
            }),
          },
          body: JSON.stringify(
            rpc("tools/call", { name: "files__wait", _meta: { ...progress, ...(protocol && envelope) } }),
          ),
          signal: gone.signal,
        }).then(
          (each) => each.text().catch(() => ""),
          () => "",
        );
        while (waiting < 1) await new Promise((resolve) => setTimeout(resolve, 20));
        gone.abort();
        await response;
        await aborted.promise;
        release.resolve();
      });
    }
  }
});
