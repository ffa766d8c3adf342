import { once } from "node:events";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { Agent, get, type IncomingMessage } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { startUpstreamServer, type UpstreamServer } from "../http/mcp/upstream.fixture.ts";
import { readSection, readTableRows } from "../markdown.fixture.ts";
import { withConnection, withDatabase } from "../store/mongodb/mongodb.fixture.ts";
import { freePort } from "../support/free-port.ts";
import { describeOnMongod } from "../support/mongod.ts";
import { type ServiceProcess, startProcess } from "../support/process.ts";
import { parseScrape, type Scrape } from "../support/prometheus.ts";
import { trackSecret } from "../support/secrets.ts";
import { patchUrn, userUrn } from "../support/service.ts";
import { readLoadedModules } from "./loaded-modules.fixture.ts";
import { parseQuery, readAlertRules, readDashboardQueries } from "./metrics.fixture.ts";

/** A service with metrics, and what its clients have caused. */
interface MeasuredService {
  readonly service: ServiceProcess;
  readonly metricsUrl: string;
  readonly organizationId: string;
  /** The ids and names that must not be labels. */
  readonly privateNames: readonly string[];
  readScrape(): Promise<Scrape>;
}

/** Starts a service with metrics. The limit of a user's view is three requests, for the rejection of a fourth. */
async function startMeasured(environment: Readonly<Record<string, string>>): Promise<{
  readonly service: ServiceProcess;
  readonly metricsUrl: string;
}> {
  const metricsPort = await freePort();
  const service = await startProcess({
    ...{ METRICS_PORT: String(metricsPort), UPSTREAM_ALLOW: "127.0.0.0/8", RATE_LIMIT: "connect=3/86400" },
    ...environment,
  });
  return { service, metricsUrl: `http://127.0.0.1:${metricsPort}/metrics` };
}

/** Sends requests of each kind to every API. */
async function sendTraffic(service: ServiceProcess, upstream: UpstreamServer): Promise<readonly string[]> {
  const admin = service.clientWithSecret(service.firstSecret);
  const user = await admin
    .post("/scim/v2/Users")
    .send({ schemas: [userUrn], userName: "ada@example.com" })
    .expect(201);
  const { id } = JSON.parse(user.text);
  await admin
    .post("/scim/v2/Users")
    .send({ schemas: [userUrn], userName: "bob@example.com" })
    .expect(201);
  for (let at = 0; at < 2; at++) {
    await admin.get("/scim/v2/Users?startIndex=2&count=1").expect(200);
    await admin.get(`/scim/v2/Users/${id}`).expect(200);
  }
  const rename = { schemas: [patchUrn], Operations: [{ op: "replace", path: "displayName", value: "Ada" }] };
  await admin.patch(`/scim/v2/Users/${id}`).send(rename).expect(200);
  await admin.get("/scim/v2/Users/usr_0000").expect(404);
  await admin.get("/scim/v2/Nowhere/at-all").expect(404);

  const everyone = { assignment: { everyone: true, groups: [], users: [] }, status: "active", transport: "http" };
  const tools = ["echo", "fails"].map((name) => ({ name, inputSchema: { type: "object" } }));
  const urls = { files: upstream.url, down: "http://127.0.0.1:1/mcp" };
  for (const [slug, url] of Object.entries(urls))
    await admin
      .put(`/api/mcp-servers/${slug}`)
      .send({ ...everyone, name: slug, url, tools })
      .expect(201);
  for (const status of [200, 200, 200, 429])
    await admin.get("/api/toolkits").set("x-user-email", "ada@example.com").expect(status);

  const createToken = async (fields: object): Promise<{ readonly id: string; readonly token: string }> => {
    const created = JSON.parse((await admin.post("/api/tokens").send(fields).expect(201)).text);
    trackSecret(created.token);
    return created;
  };
  const agent = await createToken({ name: "agent", type: "agent", userId: id, scopes: ["connect:write"] });
  const mcp = service.clientWithSecret(agent.token);
  const call = async (name: string): Promise<void> => {
    const params = { name, arguments: { text: "private argument" } };
    await mcp
      .post("/mcp")
      .set("Accept", "application/json")
      .send({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
  };
  await mcp.post("/mcp").send({ jsonrpc: "2.0", id: 1, method: "tools/list" }).expect(200);
  await mcp.post("/mcp").send({ jsonrpc: "2.0", id: 1, method: "invented/by-a-client" });
  for (const name of ["files__echo", "files__echo", "files__fails", "files__missing"]) await call(name);
  for (let at = 0; at < 6; at++) await call("down__echo"); // the sixth is not sent

  const rotated = await createToken({ name: "rotated", type: "scim", scopes: ["admin:scim"] });
  const rotation = await admin.post(`/api/tokens/${rotated.id}/rotate`).send({}).expect(200);
  trackSecret(JSON.parse(rotation.text).token);
  await service.clientWithSecret(rotated.token).get("/scim/v2/Users").expect(401);
  await service.clientWithSecret("wxt_unknown").get("/scim/v2/Users").expect(401);
  await service.clientWithSecret("wxt_unknown").post("/oauth/token").expect(400);
  return [id, "ada", "private argument", rotated.id, "missing", "usr_0000", "Nowhere", "invented"];
}

function declareMetricsTests(measured: () => MeasuredService): void {
  let scrape: Scrape;
  before(async () => {
    scrape = await measured().readScrape();
  });

  it("counts requests by API, operation and status", () => {
    const requests = (labels: Record<string, string>) => scrape.sum("gatehouse_http_requests_total", labels);
    expect(requests({ api: "scim", operation: "scimCreateUser", status: "201" })).to.equal(2);
    expect(requests({ api: "scim", operation: "scimGetUser", status: "200" })).to.equal(2);
    expect(requests({ api: "scim", operation: "scimGetUser", status: "404" })).to.equal(1);
    expect(requests({ api: "scim", operation: "none", status: "404" })).to.equal(1);
    expect(requests({ api: "connect", operation: "listToolkits", status: "200" })).to.equal(3);
    expect(requests({ api: "connect", operation: "none", status: "429" })).to.equal(1);
    expect(requests({ api: "mcp", operation: "tools/call" })).to.equal(10);
    expect(requests({ api: "mcp", operation: "other" })).to.equal(1);
    expect(requests({ api: "oauth", operation: "issueAccessToken", status: "400" })).to.equal(1);
  });

  it("measures the time of as many requests as it counts", () => {
    for (const api of ["scim", "api", "connect", "mcp", "oauth"]) {
      const labels = { api };
      const count = scrape.sum("gatehouse_http_request_duration_seconds_count", labels);
      expect(count, api).to.equal(scrape.sum("gatehouse_http_requests_total", labels)).and.greaterThan(0);
      expect(scrape.sum("gatehouse_http_request_duration_seconds_bucket", { ...labels, le: "+Inf" })).to.equal(count);
    }
  });

  it("counts accepted credentials, and rejected ones by cause", () => {
    const checks = (result: string) => scrape.sum("gatehouse_token_checks_total", { result });
    expect(checks("superseded")).to.equal(1);
    expect(checks("malformed")).to.equal(1);
    expect(checks("accepted")).to.be.greaterThan(25);
  });

  it("counts the rejections of each rate limit", () => {
    expect(scrape.sum("gatehouse_rate_limit_rejections_total", { limit: "connect" })).to.equal(1);
    expect(scrape.sum("gatehouse_rate_limit_rejections_total", { limit: "scim" })).to.equal(0);
  });

  it("counts calls by MCP server and outcome, and reports open circuit breakers", () => {
    const organization = measured().organizationId;
    const calls = (server: string, outcome: string) =>
      scrape.sum("gatehouse_mcp_calls_total", { organization, server, outcome });
    expect(calls("files", "success")).to.equal(2);
    expect(calls("files", "tool-error")).to.equal(1);
    expect(calls("down", "unreachable")).to.equal(5);
    expect(calls("down", "circuit-open")).to.equal(1);
    expect(scrape.sum("gatehouse_mcp_calls_total", { server: "none", outcome: "rejected" })).to.equal(1);
    expect(scrape.sum("gatehouse_mcp_call_duration_seconds_count", { organization, server: "files" })).to.equal(3);
    expect(scrape.sum("gatehouse_mcp_circuit_open", { organization, server: "down" })).to.equal(1);
  });

  it("measures the operations of the store and its transactions", () => {
    const count = (operation: string) => scrape.sum("gatehouse_store_operation_duration_seconds_count", { operation });
    for (const operation of ["lookup", "get", "list"]) expect(count(operation), operation).to.be.greaterThan(0);
    expect(count("transaction-body")).to.equal(count("transaction-wait")).and.greaterThan(5);
    expect(count("transaction-commit")).to.be.at.most(count("transaction-body") ?? 0);
    expect(scrape.sum("gatehouse_store_up")).to.equal(1);
  });

  it("reports no waiting transactions when the background jobs have written", async () => {
    let current = scrape;
    while (current.sum("gatehouse_store_waiting_transactions") !== 0) current = await measured().readScrape();
  });

  it("has a series of every job and buffer from the start on", () => {
    const runs = scrape.sum("gatehouse_job_runs_total", { job_name: "retention", result: "failure" });
    expect(runs).to.be.a("number"); // the first run may meet the outage
    expect(scrape.sum("gatehouse_buffer_dropped_total", { buffer: "request-log" })).to.equal(0);
    const lastSuccess = scrape.sum("gatehouse_job_last_success_timestamp_seconds", { job_name: "retention" }) ?? 0;
    expect(lastSuccess).to.be.closeTo(Date.now() / 1000, 60);
  });

  it("has names that end with _total for counters, and for nothing else", () => {
    const types = [...scrape.types];
    expect(types.filter(([name, type]) => name.endsWith("_total") !== (type === "counter"))).to.deep.equal([]);
  });

  it("has no id, name, path or invented text of a client in its labels", () => {
    const labels = JSON.stringify(scrape.series.map((each) => each.labels));
    for (const name of measured().privateNames) expect(labels).to.not.contain(name);
  });

  it("has the metrics of docs/operations.md, with their types and labels, and no others of its own", () => {
    const documented = readTableRows(readSection("docs/operations.md", "## Monitoring")).map(
      ([name = "", type, labels = ""]) => [
        name.replaceAll("`", ""),
        { type, labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label).sort() },
      ],
    );
    const served = [...scrape.types]
      .filter(([name]) => name.startsWith("gatehouse_"))
      .map(([name, type]) => {
        const first = scrape.series.find(
          (each) => each.name.replace(/_(bucket|sum|count)$/, "") === name || each.name === name,
        );
        const labels = Object.keys(first?.labels ?? {}).filter((label) => label !== "le");
        return [name, { type, labels: labels.sort() }];
      });
    expect(Object.fromEntries(served)).to.deep.equal(Object.fromEntries(documented));
  });

  it("responds to GET /metrics alone, without a credential, and not on the port of the APIs", async () => {
    const { service, metricsUrl } = measured();
    const response = await fetch(metricsUrl);
    expect(response.headers.get("content-type")).to.equal("text/plain; version=0.0.4; charset=utf-8");
    expect((await fetch(metricsUrl, { method: "POST" })).status).to.equal(405);
    for (const path of ["/", "/healthz", "/api/users", "/scim/v2/Users", "/metrics/x"])
      expect((await fetch(new URL(path, metricsUrl))).status, path).to.equal(404);
    await service.clientWithSecret(service.firstSecret).get("/metrics").expect(404);
  });

  it("rejects requests under a name that a web page can rebind to this machine", async () => {
    const { port } = new URL(measured().metricsUrl);
    for (const [host, status] of Object.entries({
      ...{ [`rebound.example:${port}`]: 403, [`127.0.0.1.rebound.example:${port}`]: 403 },
      ...{ [`localhost:${port}`]: 200, [`127.0.0.1:${port}`]: 200, "[::1]": 200 },
    }))
      expect(await requestWithHost(Number(port), host), host).to.equal(status);
  });
}

/** Declares a test for each query of the dashboard and of the alert rules. */
function declareQueryTests(readScrape: () => Promise<Scrape>): void {
  let scrape: Scrape;
  before(async () => {
    scrape = await readScrape();
  });

  /** Checks that series exist for a query of the dashboard or of the rules. */
  const assertHasSeries = (title: string, expression: string): void => {
    const { selectors, groupingLabels } = parseQuery(expression);
    expect(selectors, title).to.not.deep.equal([]);
    for (const { metric, matchers } of selectors) {
      if (metric === "up") continue; // Prometheus adds this one itself, and the labels of the target
      const own = matchers.filter(({ label }) => !targetLabels.includes(label));
      const series = scrape.series.filter(
        ({ name, labels }) => name === metric && own.every((each) => isMatch(labels[each.label], each)),
      );
      expect(series, `${title}: series of ${expression}`).to.not.deep.equal([]);
      for (const label of groupingLabels.filter((each) => !targetLabels.includes(each)))
        expect(series[0]?.labels, `${title}: label of ${metric}`).to.have.property(label);
    }
  };

  for (const { title, expression } of readDashboardQueries())
    it(`has the series of the panel ${title}: ${expression}`, () => assertHasSeries(title, expression));

  for (const { alert, expr } of readAlertRules())
    it(`has the series of the alert ${alert}`, () => assertHasSeries(alert, expr));
}

const targetLabels = ["job", "instance"];

function isMatch(
  actual: string | undefined,
  { operator, value }: { readonly operator: string; readonly value: string },
): boolean {
  if (actual === undefined) return false; // a misspelled label would match every series with != and !~
  if (operator === "=") return actual === value;
  if (operator === "!=") return actual !== value;
  return new RegExp(`^(?:${value})$`).test(actual) === (operator === "=~");
}

describe("GET /metrics on SQLite", () => {
  let directory: string;
  let upstream: UpstreamServer;
  let measured: MeasuredService;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-metrics-"));
    upstream = await startUpstream();
    measured = await measure({ DATA_DIR: directory }, upstream);
    await causeOutage(measured, directory);
  });
  after(async () => {
    await measured?.service.stop("SIGTERM");
    await upstream.close();
    await rm(directory, { recursive: true, force: true });
  });

  declareMetricsTests(() => measured);
  declareQueryTests(() => measured.readScrape());

  it("counts hits of the caches", async () => {
    const scrape = await measured.readScrape();
    if (process.env["CACHE"] === "off") expect(scrape.sum("gatehouse_cache_reads_total")).to.equal(0);
    else expect(scrape.sum("gatehouse_cache_reads_total", { cache: "lookups", result: "hit" })).to.be.greaterThan(10);
  });
});

describeOnMongod("GET /metrics on MongoDB", (server) => {
  let uri: string;
  let upstream: UpstreamServer;
  let measured: MeasuredService;
  before(async () => {
    uri = withDatabase(server(), `gatehouse_metrics_${Date.now()}`);
    upstream = await startUpstream();
    measured = await measure({ MONGODB_URI: uri }, upstream);
  });
  after(async () => {
    await measured?.service.stop("SIGTERM");
    await upstream.close();
    await withConnection(uri, (connection) => connection.dropDatabase());
  });

  declareMetricsTests(() => measured);
});

const startUpstream = (): Promise<UpstreamServer> =>
  startUpstreamServer({
    echo: () => ({ content: [{ type: "text", text: "echo" }] }),
    fails: () => ({ content: [{ type: "text", text: "no such file" }], isError: true }),
  });

async function measure(
  environment: Readonly<Record<string, string>>,
  upstream: UpstreamServer,
): Promise<MeasuredService> {
  const { service, metricsUrl } = await startMeasured(environment);
  const privateNames = await sendTraffic(service, upstream);
  const whoami = await service.clientWithSecret(service.firstSecret).get("/api/whoami").expect(200);
  return {
    ...{ service, metricsUrl, privateNames, organizationId: JSON.parse(whoami.text).organizationId },
    readScrape: async () => parseScrape(await (await fetch(metricsUrl)).text()),
  };
}

/** Moves the database away, so that a request gets 503, and back. */
async function causeOutage({ service, readScrape }: MeasuredService, directory: string): Promise<void> {
  const file = join(directory, "gatehouse.db");
  const admin = service.clientWithSecret(service.firstSecret);
  await rename(file, `${file}.away`);
  const user = { schemas: [userUrn], userName: "late@example.com" };
  await admin.post("/scim/v2/Users").send(user).expect(503);
  expect((await readScrape()).sum("gatehouse_store_up")).to.equal(0);
  await rename(`${file}.away`, file);
  while ((await admin.get("/readyz")).status !== 200) await new Promise((resolve) => setTimeout(resolve, 20));
}

describe("The alert rules", () => {
  it("have a duration that Prometheus reads, a severity, a summary and a description", () => {
    const rules = readAlertRules();
    expect(new Set(rules.map(({ alert }) => alert)).size)
      .to.equal(rules.length)
      .and.greaterThan(10);
    for (const { alert, for: duration = "0s", labels, annotations } of rules) {
      expect(alert).to.match(/^Gatehouse[A-Z]\w+$/);
      expect(duration, alert).to.match(/^\d+[sm]$/);
      expect(labels["severity"], alert).to.be.oneOf(["critical", "warning"]);
      for (const name of ["summary", "description"]) expect(annotations[name], alert).to.match(/\.$/);
    }
  });

  it("name only labels in their texts that the alert has", () => {
    for (const { alert, expr, annotations } of readAlertRules()) {
      const { selectors, groupingLabels } = parseQuery(expr);
      for (const [, label = ""] of JSON.stringify(annotations).matchAll(/\$labels\.(\w+)/g)) {
        if (groupingLabels.length > 0) expect(groupingLabels, alert).to.include(label);
        else if (!targetLabels.includes(label)) {
          const rows = readTableRows(readSection("docs/operations.md", "## Monitoring"));
          const row = rows.find(([name]) => name === `\`${selectors[0]?.metric}\``);
          expect(row?.[2], alert).to.contain(`\`${label}\``);
        }
      }
    }
  });
});

/** @returns the status of a request for metrics with this Host header */
async function requestWithHost(port: number, host: string): Promise<number | undefined> {
  const request = get({ host: "127.0.0.1", port, path: "/metrics", headers: { host } });
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.resume();
  return response.statusCode;
}

describe("A service with METRICS_PORT", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-metrics-"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it("does not start when the port is in use, and names the setting and the fix in one sentence", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const error = await startProcess({ DATA_DIR: directory, METRICS_PORT: String(port) }).catch((each: Error) => each);
    other.close();
    expect(String(error)).to.contain(
      `METRICS_PORT ${port} of METRICS_HOST 127.0.0.1 is in use (EADDRINUSE). Stop the other process, or set another METRICS_PORT.`,
    );
  });

  it("stops with 0 while a scraper keeps its connection", async () => {
    const { service, metricsUrl } = await startMeasured({ DATA_DIR: directory });
    const agent = new Agent({ keepAlive: true });
    const [response] = (await once(get(metricsUrl, { agent }), "response")) as [IncomingMessage];
    response.resume();
    await once(response, "end");
    expect(await service.stop("SIGTERM")).to.equal(0);
    agent.destroy();
  });
});

describe("A service without METRICS_PORT", () => {
  it("serves no metrics and loads none of their modules", async () => {
    const directory = await mkdtemp(join(tmpdir(), "gatehouse-metrics-"));
    try {
      const coverage = join(directory, "coverage"); // Node writes the URL of every module that was loaded
      const service = await startProcess({ DATA_DIR: join(directory, "data"), NODE_V8_COVERAGE: coverage });
      await service.clientWithSecret(service.firstSecret).get("/metrics").expect(404);
      expect(await service.stop("SIGTERM")).to.equal(0);
      const loaded = await readLoadedModules(coverage);
      expect(loaded.some((url) => url.includes("/src/app.js"))).to.equal(true);
      expect(loaded.filter((url) => /prom-client|opentelemetry|src\/metrics/.test(url))).to.deep.equal([]);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
