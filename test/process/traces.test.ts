import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { startUpstreamServer, type UpstreamServer } from "../http/mcp/upstream.fixture.ts";
import { withConnection, withDatabase } from "../store/mongodb/mongodb.fixture.ts";
import { freePort } from "../support/free-port.ts";
import { describeOnMongod } from "../support/mongod.ts";
import { type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from "../support/otlp-receiver.ts";
import { type ServiceProcess, startProcess } from "../support/process.ts";
import { assertNoSecrets, trackSecret } from "../support/secrets.ts";
import { userUrn } from "../support/service.ts";
import { startWebhookReceiver, type WebhookReceiver } from "../support/webhook-receiver.ts";
import { readLoadedModules } from "./loaded-modules.fixture.ts";

/** The trace of a client, as W3C Trace Context specifies it. */
const clientTrace = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7" };
const traceparent = `00-${clientTrace.traceId}-${clientTrace.spanId}-01`;

/** Data of the requests that no span may contain, besides tokens. */
const privateTexts = [
  ...["ada@example.com", "grace@example.com", "private-filter", "private-query", "private argument", "private result"],
  ...["private-header", "private-upstream-credential", "private-path", "private-state", "usr_private"],
];

const jsonExport = { OTEL_EXPORTER_OTLP_PROTOCOL: "http/json", OTEL_BSP_SCHEDULE_DELAY: "100" };

interface TracedService {
  readonly service: ServiceProcess;
  readonly receiver: OtlpReceiver;
  readonly webhooks: WebhookReceiver;
  /** The headers of the requests that the MCP server received. */
  readonly upstreamHeaders: readonly IncomingHttpHeaders[];
}

/** Starts a service with traces, and sends requests of each kind. */
async function trace(environment: Readonly<Record<string, string>>, upstream: RecordedUpstream) {
  const receiver = await startOtlpReceiver();
  const webhooks = await startWebhookReceiver();
  const service = await startProcess({
    ...{ UPSTREAM_ALLOW: "127.0.0.1", CREDENTIAL_KEY: randomBytes(32).toString("base64") },
    ...{ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_HEADERS: "api-key=for%20the%20receiver" },
    ...{ OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test", ...jsonExport },
    ...environment,
  });
  await sendTraffic(service, upstream, webhooks);
  return { service, receiver, webhooks, upstreamHeaders: upstream.headers };
}

async function sendTraffic(service: ServiceProcess, upstream: RecordedUpstream, webhooks: WebhookReceiver) {
  const admin = service.clientWithSecret(service.firstSecret);
  const created = await admin
    .post("/scim/v2/Users")
    .set("X-Request-Id", "create-ada")
    .send({ schemas: [userUrn], userName: "ada@example.com" })
    .expect(201);
  const { id } = JSON.parse(created.text);
  await admin
    .get('/scim/v2/Users?filter=displayName co "private-filter"&x=private-query')
    .set({ traceparent, tracestate: "vendor=private-state", "User-Agent": "private-header" })
    .set("X-Request-Id", "list-users")
    .expect(200);
  await admin.get("/scim/v2/Users/usr_private").set("X-Request-Id", "no-user").expect(404);
  await service.clientWithSecret("wxt_unknown").get("/api/users").set("X-Request-Id", "no-token").expect(401);
  await admin.get("/api/users").set({ "X-Request-Id": "not-sampled", traceparent: `${traceparent.slice(0, -2)}00` });
  await admin.get("/healthz").set("X-Request-Id", "health").expect(200);

  const hook = await admin
    .put("/api/webhooks/siem")
    .send({ url: `${webhooks.url}/private-path`, actions: ["user.create"] })
    .expect(201);
  trackSecret(hook.body.secret);
  await admin
    .post("/scim/v2/Users")
    .send({ schemas: [userUrn], userName: "grace@example.com" })
    .expect(201);
  await webhooks.waitFor(1);

  await admin
    .put("/api/mcp-servers/files")
    .send({
      ...{ name: "files", url: `${upstream.url}?key=private-query`, transport: "http", status: "active" },
      ...{ assignment: { everyone: true, groups: [], users: [] } },
      tools: [{ name: "echo", inputSchema: { type: "object" } }],
    })
    .expect(201);
  const agent = await admin
    .post("/api/tokens")
    .send({ name: "agent", type: "agent", userId: id, scopes: ["connect:write"] })
    .expect(201);
  const { token } = JSON.parse(agent.text);
  trackSecret(token);
  const params = { name: "files__echo", arguments: { text: "private argument" } };
  await service
    .clientWithSecret(token)
    .post("/mcp")
    .set({ Accept: "application/json", "X-Request-Id": "call-tool", traceparent })
    .set("x-upstream-files-authorization", "Bearer private-upstream-credential")
    .send({ jsonrpc: "2.0", id: 1, method: "tools/call", params })
    .expect(200);
}

interface RecordedUpstream extends UpstreamServer {
  readonly headers: readonly IncomingHttpHeaders[];
}

/** Starts an MCP server behind a proxy that records the headers of its requests. */
async function startRecordedUpstream(): Promise<RecordedUpstream> {
  const server = await startUpstreamServer({ echo: () => ({ content: [{ type: "text", text: "private result" }] }) });
  const headers: IncomingHttpHeaders[] = [];
  const proxy = createServer(async (req, res) => {
    headers.push(req.headers);
    const chunks: Buffer[] = [];
    for await (const chunk of req) chunks.push(chunk as Buffer);
    const { host: _, connection: __, "content-length": ___, ...forwarded } = req.headers;
    const response = await fetch(server.url, {
      ...{ method: req.method ?? "POST", headers: forwarded as Record<string, string> },
      ...(req.method === "POST" && { body: Buffer.concat(chunks) }),
    });
    res.writeHead(response.status, { "content-type": response.headers.get("content-type") ?? "application/json" });
    res.end(Buffer.from(await response.arrayBuffer()));
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  return {
    ...server,
    ...{ headers, url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}/mcp` },
    close: async () => {
      proxy.closeAllConnections();
      proxy.close();
      await server.close();
    },
  };
}

function declareTraceTests(traced: () => TracedService, engine: "sqlite" | "mongodb"): void {
  const spans = (): readonly ReceivedSpan[] => traced().receiver.spans;
  const request = (requestId: string): Promise<ReceivedSpan> =>
    traced().receiver.waitFor(({ attributes }) => attributes["gatehouse.request_id"] === requestId);
  const childrenOf = (parent: ReceivedSpan): readonly ReceivedSpan[] =>
    spans().filter(({ parentSpanId, traceId }) => parentSpanId === parent.spanId && traceId === parent.traceId);
  const childOf = (parent: ReceivedSpan, name: string): ReceivedSpan => {
    const child = childrenOf(parent).find((each) => each.name === name);
    if (!child) throw new Error(`no span ${name} in ${parent.name}: ${childrenOf(parent).map((each) => each.name)}`);
    return child;
  };

  it("name the service, its version and instance, and the attributes of the environment", async () => {
    await request("create-ada");
    const { resource, exports } = traced().receiver;
    expect(resource).to.include({ "service.name": "gatehouse", "deployment.environment.name": "test" });
    expect(resource).to.include.keys("service.version", "service.instance.id");
    expect(exports[0]?.path).to.equal("/v1/traces");
    expect(exports[0]?.headers["api-key"]).to.equal("for the receiver");
  });

  it("have one server span for each request, by the semantic conventions for HTTP", async () => {
    const span = await request("create-ada");
    expect(span).to.include({ name: "POST /scim/v2/Users", kind: 2, isError: false, parentSpanId: "" });
    expect(span.attributes).to.deep.equal({
      ...{ "http.request.method": "POST", "http.route": "/scim/v2/Users", "url.scheme": "http" },
      ...{ "http.response.status_code": 201, "gatehouse.request_id": "create-ada", "gatehouse.api": "scim" },
      "gatehouse.operation": "scimCreateUser",
    });
  });

  it("name the route of a request and not its path", async () => {
    expect((await request("no-user")).name).to.equal("GET /scim/v2/Users/:id");
    const rejected = await request("no-token");
    expect(rejected.name).to.equal("GET");
    expect(rejected.attributes["http.response.status_code"]).to.equal(401);
    expect(rejected.isError).to.equal(false);
  });

  it("continue the trace of the client, and are not recorded if it is not", async () => {
    const span = await request("list-users");
    expect(span).to.include({ traceId: clientTrace.traceId, parentSpanId: clientTrace.spanId });
    await request("call-tool");
    for (const id of ["not-sampled", "health"])
      expect(spans().some(({ attributes }) => attributes["gatehouse.request_id"] === id)).to.equal(false);
  });

  it("have the check of the token with its read, and each read and transaction of the request", async () => {
    const list = await request("list-users");
    const isDatabase = { kind: 3, isError: false };
    const database = { "db.system.name": engine, "db.operation.name": "list", "db.collection.name": "users" };
    const read = childOf(list, "list users");
    expect(read).to.include(isDatabase);
    expect(read.attributes).to.deep.equal(database);
    const rejection = await request("no-token");
    expect(childOf(rejection, "verify token")).to.include({ isError: true });
    const created = await request("create-ada");
    const transaction = childOf(created, "transaction");
    expect(transaction.attributes).to.include({ "db.system.name": engine, "gatehouse.transaction.runs": 1 });
    expect(transaction.startTime >= created.startTime && transaction.endTime <= created.endTime).to.equal(true);
    const verifications = spans().filter(({ name }) => name === "verify token");
    expect(verifications.flatMap(childrenOf).map(({ name }) => name)).to.include("lookup tokens");
  });

  it("have the call of an MCP server, which receives the trace", async () => {
    const span = await request("call-tool");
    expect(span).to.include({ name: "POST /mcp", traceId: clientTrace.traceId });
    expect(span.attributes["gatehouse.operation"]).to.equal("tools/call");
    const call = childOf(span, "tools/call echo");
    expect(call.attributes).to.deep.equal({
      ...{ "mcp.method.name": "tools/call", "gen_ai.tool.name": "echo" },
      ...{ "gatehouse.mcp.server": "files", "gatehouse.mcp.outcome": "result" },
    });
    const outbound = childrenOf(call).filter(({ name }) => name === "POST");
    expect(outbound.at(-1)?.attributes).to.include({ "server.address": "127.0.0.1", "http.response.status_code": 200 });
    const sent = traced().upstreamHeaders.map((headers) => headers["traceparent"]);
    expect(sent).to.deep.equal(outbound.map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`));
    expect(sent).to.not.deep.equal([]);
  });

  it("have the delivery of a webhook as a trace of its own, which the receiver gets", async () => {
    const delivery = await traced().receiver.waitFor(({ name }) => name === "webhook delivery");
    const [message] = traced().webhooks.messages;
    expect(delivery).to.include({ kind: 4, parentSpanId: "", isError: false });
    expect(delivery.attributes).to.deep.equal({ "gatehouse.event_id": message?.headers["webhook-id"] });
    const { traceId, spanId, attributes } = childOf(delivery, "POST");
    expect(attributes["http.response.status_code"]).to.equal(204);
    expect(message?.headers["traceparent"]).to.equal(`00-${traceId}-${spanId}-01`);
  });

  it("have their id in the access log, if they are recorded", async () => {
    const { traceId } = await request("call-tool");
    const readLines = () =>
      traced()
        .service.stdout()
        .split("\n")
        .filter((line) => line.startsWith('{"type":"access"'))
        .map((line) => JSON.parse(line));
    const findLine = async (requestId: string) => {
      for (;;) {
        const line = readLines().find((each) => each.requestId === requestId);
        if (line) return line;
        await once(traced().service.child.stdout ?? process.stdin, "data");
      }
    };
    expect((await findLine("call-tool")).traceId).to.equal(traceId);
    expect(await findLine("not-sampled")).to.not.have.property("traceId");
  });

  it("contain no credential, header, user name, filter, argument, result or URL of a customer", async () => {
    await request("call-tool");
    const text = traced()
      .receiver.exports.map(({ body }) => body.toString())
      .join("\n");
    expect(text).to.contain("scimListUsers");
    assertNoSecrets(text, "the exported spans");
    for (const each of [...privateTexts, "wxt_", "whsec_"]) expect(text, each).to.not.contain(each);
  });
}

describe("Traces on SQLite", () => {
  let directory: string;
  let upstream: RecordedUpstream;
  let traced: TracedService;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-traces-"));
    upstream = await startRecordedUpstream();
    traced = await trace({ DATA_DIR: directory }, upstream);
  });
  after(async () => {
    await traced?.service.stop("SIGTERM");
    await traced?.receiver.close();
    await traced?.webhooks.close();
    await upstream.close();
    await rm(directory, { recursive: true, force: true });
  });

  declareTraceTests(() => traced, "sqlite");
});

describeOnMongod("Traces on MongoDB", (server) => {
  let uri: string;
  let upstream: RecordedUpstream;
  let traced: TracedService;
  before(async () => {
    uri = withDatabase(server(), `gatehouse_traces_${Date.now()}`);
    upstream = await startRecordedUpstream();
    traced = await trace({ MONGODB_URI: uri }, upstream);
  });
  after(async () => {
    await traced?.service.stop("SIGTERM");
    await traced?.receiver.close();
    await traced?.webhooks.close();
    await upstream.close();
    await withConnection(uri, (connection) => connection.dropDatabase());
  });

  declareTraceTests(() => traced, "mongodb");
});

describe("A service with traces", () => {
  let directory: string;
  let receiver: OtlpReceiver | undefined;
  let service: ServiceProcess;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-traces-"));
  });
  afterEach(async () => {
    service?.child.kill("SIGKILL");
    await receiver?.close();
    receiver = undefined;
    await rm(directory, { recursive: true, force: true });
  });
  const start = async (environment: Readonly<Record<string, string>>): Promise<void> => {
    service = await startProcess({ DATA_DIR: join(directory, "data"), ...environment });
  };
  const whoami = () => service.clientWithSecret(service.firstSecret).get("/api/whoami").expect(200);

  it("sends the spans of the last requests at its end, as protobuf by default", async () => {
    receiver = await startOtlpReceiver();
    await start({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${receiver.url}/custom/traces` });
    await whoami();
    expect(receiver.exports).to.deep.equal([]); // a batch is sent after five seconds
    expect(await service.stop("SIGTERM")).to.equal(0);
    const [last] = receiver.exports;
    expect(last?.path).to.equal("/custom/traces");
    expect(last?.headers["content-type"]).to.equal("application/x-protobuf");
    expect(last?.body.includes("GET /api/whoami")).to.equal(true);
  });

  it("does not continue the traces of clients with OTEL_PROPAGATORS=none", async () => {
    receiver = await startOtlpReceiver();
    await start({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_PROPAGATORS: "none", ...jsonExport });
    const client = service.clientWithSecret(service.firstSecret);
    await client.get("/api/whoami").set({ traceparent }).expect(200);
    const span = await receiver.waitFor(({ name }) => name === "GET /api/whoami");
    expect(span.parentSpanId).to.equal("");
    expect(span.traceId).to.not.equal(clientTrace.traceId);
    expect(await service.stop("SIGTERM")).to.equal(0);
  });

  it("works and stops while the receiver is down, and reports the outage once, and its end", async () => {
    const port = await freePort();
    await start({
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_EXPORTER_OTLP_TIMEOUT: "200",
      ...jsonExport,
    });
    await whoami();
    await service.waitForLog("traces cannot be exported");
    expect(service.stderr()).to.contain("the receiver could not be reached (ECONNREFUSED)");
    receiver = await startOtlpReceiver(port);
    receiver.respond = (res) => void res.writeHead(400).end("rejected: private-text");
    for (let count = 1; count <= 2; count++) {
      await whoami();
      await receiver.waitForExports(count);
    }
    receiver.respond = (res) => void res.writeHead(200).end("{}");
    await whoami();
    await service.waitForLog("traces are exported again");
    await receiver.close();
    receiver = undefined;
    await whoami();
    expect(await service.stop("SIGTERM")).to.equal(0);
    expect(service.stderr()).to.not.contain("private-text");
    const warnings = service.stderr().split("traces cannot be exported").length - 1;
    expect(warnings).to.equal(2); // for each of the two outages
  });

  it("stops with 0 although the receiver never responds", async () => {
    receiver = await startOtlpReceiver();
    receiver.respond = () => {};
    await start({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, ...jsonExport });
    await whoami();
    await receiver.waitForExports(1);
    await whoami();
    expect(await service.stop("SIGTERM")).to.equal(0);
    expect(service.stderr()).to.contain('"message":"closed"');
  });

  it("does not start with values that it could not use, and names all of them with the fix", async () => {
    const error = await startProcess({
      ...{ DATA_DIR: directory, OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4317", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
    }).catch((each: Error) => each);
    expect(String(error)).to.contain("OTEL_EXPORTER_OTLP_ENDPOINT is not an http or https URL without credentials.");
    expect(String(error)).to.contain("OTEL_EXPORTER_OTLP_PROTOCOL is not one of http/protobuf, http/json. Set it to");
  });
});

describe("A service without a receiver of traces", () => {
  for (const environment of [{}, { OTEL_SDK_DISABLED: "true", OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" }]) {
    it(`loads no module of traces with ${JSON.stringify(environment)}`, async () => {
      const directory = await mkdtemp(join(tmpdir(), "gatehouse-traces-"));
      try {
        const coverage = join(directory, "coverage"); // Node writes the URL of every module that was loaded
        const service = await startProcess({
          ...{ DATA_DIR: join(directory, "data"), NODE_V8_COVERAGE: coverage, ...environment },
        });
        await service.clientWithSecret(service.firstSecret).get("/api/whoami").set({ traceparent }).expect(200);
        expect(await service.stop("SIGTERM")).to.equal(0);
        const loaded = await readLoadedModules(coverage);
        expect(loaded.some((url) => url.includes("/src/app.js"))).to.equal(true);
        expect(loaded.filter((url) => /opentelemetry|src\/traces/.test(url))).to.deep.equal([]);
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    });
  }
});
