import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";
import { operatorActor, toAuditEvent } from "../src/domain/audit/record.ts";
import { toSignedHeaders, toWebhookMessage } from "../src/domain/webhooks/message.ts";
import { createWebhookSecret } from "../src/domain/webhooks/webhook-secrets.ts";
import { freePort } from "./support/free-port.ts";
import { type ServiceProcess, startProcess } from "./support/process.ts";
import { root } from "./support/root.ts";
import { trackSecret } from "./support/secrets.ts";
import { type Agent, type Service, startService } from "./support/service.ts";

const examples = join(root, "examples");

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program with the specified environment only. */
async function run(program: string, args: readonly string[], environment: Record<string, string>): Promise<Run> {
  const env = { PATH: process.env["PATH"], ...environment };
  return promisify(execFile)(program, args, { env }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: Run) => error,
  );
}

/** Creates a temporary directory with the examples, the generated types and the specified files. */
async function createDirectory(files: Readonly<Record<string, string>>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "gatehouse-examples-"));
  for (const name of await readdir(examples)) await copyFile(join(examples, name), join(directory, name));
  const ast = await openapiTS(await readFile(join(root, "openapi.yaml"), "utf8"), { defaultNonNullable: false });
  await writeFile(join(directory, "api.d.ts"), astToString(ast));
  await writeFile(join(directory, "package.json"), JSON.stringify({ type: "module" }));
  for (const [name, content] of Object.entries(files)) await writeFile(join(directory, name), content);
  return directory;
}

/** Compiles programs of a directory with strict options to its directory `out`. @returns the errors, with their lines */
function compile(directory: string, names: readonly string[]): readonly string[] {
  const program = ts.createProgram(
    names.map((name) => join(directory, name)),
    {
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      allowJs: true,
      checkJs: true,
      target: ts.ScriptTarget.ES2023,
      lib: ["lib.es2023.d.ts"],
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      rewriteRelativeImportExtensions: true,
      types: ["node"],
      typeRoots: [join(root, "node_modules/@types")],
      outDir: join(directory, "out"),
    },
  );
  const { diagnostics } = program.emit();
  return [...ts.getPreEmitDiagnostics(program), ...diagnostics].map(
    ({ file, start = 0, messageText }) =>
      `${file?.fileName.slice(directory.length + 1)}:${(file?.getLineAndCharacterOfPosition(start).line ?? -1) + 1} ` +
      ts.flattenDiagnosticMessageText(messageText, "\n"),
  );
}

describe("Types generated from openapi.yaml", () => {
  let directory: string;
  before(async () => {
    directory = await createDirectory({ "calls.ts": validCalls, "wrong.ts": invalidCalls });
  });
  after(() => rm(directory, { recursive: true, force: true }));

  it("compile the programs in examples and calls of the client", () => {
    expect(
      compile(directory, ["client.ts", "provision.mjs", "sync-groups.ts", "webhook-receiver.mjs", "calls.ts"]),
    ).to.deep.equal([]);
  });

  it("reject a wrong path, method, parameter, body and response field", () => {
    const lines = compile(directory, ["wrong.ts"]).map((error) => Number(/^wrong\.ts:(\d+)/.exec(error)?.[1]));
    const expectedLines = invalidCalls
      .split("\n")
      .flatMap((line, index) => (line.endsWith("// wrong") ? [index + 1] : []));
    expect(expectedLines).to.have.length(6);
    expect([...new Set(lines)].sort((one, other) => one - other)).to.deep.equal(expectedLines);
  });

  it("are what examples/sync-groups.ts gives groups their members with", async () => {
    const service = await startService();
    const admin = await service.clientWithScopes(["admin:write"]);
    const environment = {
      GATEHOUSE_URL: `http://127.0.0.1:${service.port}`,
      GATEHOUSE_TOKEN: (await service.issueToken({ scopes: ["admin:write"] })).secret,
    };
    const sync = () => {
      const args = [join(directory, "out/sync-groups.js"), join(examples, "groups.json")];
      return run(process.execPath, args, environment);
    };
    for (const userName of ["ada@example.com", "grace@example.com"])
      await admin.post("/api/users").send({ userName }).expect(201);
    expect(await sync()).to.deep.include({ code: 1, stdout: "Platform: 2 added, 0 removed\n" });
    await admin.post("/api/users").send({ userName: "linus@example.com" }).expect(201);
    await admin.put("/api/groups/Platform/members").send({ members: [] }).expect(200);
    const stdout = "Platform: 2 added, 0 removed\nSupport: 1 added, 0 removed\n";
    expect(await sync()).to.deep.equal({ code: 0, stderr: "", stdout });
    expect((await sync()).stdout).to.equal("Platform: 0 added, 0 removed\nSupport: 0 added, 0 removed\n");
    await service.dispose();
  });

  it("make a client that the service accepts", async () => {
    const service = await startService();
    const { secret } = await service.issueToken({ scopes: ["all"] });
    const { callService } = (await import(pathToFileURL(join(directory, "out/calls.js")).href)) as {
      callService(base: string, token: string): Promise<readonly unknown[]>;
    };
    const results = await callService(`http://127.0.0.1:${service.port}`, secret);
    expect(results).to.deep.equal(["Weather", "Weather", 1, undefined, "urn:gatehouse:problem:not-found"]);
    await service.dispose();
  });
});

const validCalls = `import { ApiError, client } from "./client.ts";

export async function callService(base: string, token: string): Promise<readonly unknown[]> {
  const send = client(base, token);
  const created = await send("put", "/api/mcp-servers/{id}", {
    path: { id: "weather" },
    body: { name: "Weather", transport: "http", url: "https://mcp.example.com/weather" },
  });
  const read = await send("get", "/api/mcp-servers/{id}", { path: { id: created.slug } });
  const { data } = await send("get", "/api/mcp-servers", { query: { limit: 1, status: "draft" } });
  const deleted: { changes: unknown[] } | undefined = await send("delete", "/api/mcp-servers/{id}", { path: { id: read.id } });
  const error = await send("get", "/api/mcp-servers/{id}", { path: { id: read.id } }).catch((reason) => reason);
  return [created.name, read.name, data.length, deleted, error instanceof ApiError && error.problem.type];
}
`;

const invalidCalls = `import { client } from "./client.ts";
const send = client("http://127.0.0.1:8080", "token");
await send("get", "/api/nowhere"); // wrong
await send("put", "/api/mcp-servers", { body: {} }); // wrong
await send("get", "/api/mcp-servers/{id}"); // wrong
await send("get", "/api/mcp-servers", { query: { status: "asleep" } }); // wrong
await send("put", "/api/skills/{id}", { path: { id: "x" }, body: { name: "X", content: 1 } }); // wrong
(await send("get", "/api/whoami")).color; // wrong
`;

describe("examples/provision.mjs", () => {
  let directory: string;
  let service: ServiceProcess;
  let admin: Agent;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-examples-"));
    service = await startProcess({ DATA_DIR: join(directory, "data") });
    admin = service.clientWithSecret(service.firstSecret);
  });
  after(async () => {
    await service.stop("SIGTERM");
    await rm(directory, { recursive: true, force: true });
  });
  const provision = (file: string, token = service.firstSecret): Promise<Run> =>
    run(process.execPath, [join(examples, "provision.mjs"), file], {
      GATEHOUSE_URL: `http://127.0.0.1:${service.port}`,
      GATEHOUSE_TOKEN: token,
    });
  const catalog = join(examples, "catalog.json");
  const resources = [
    "groups Engineering",
    "groups On call",
    "mcp-servers github",
    "mcp-servers files",
    "skills bug-reports",
    "commands triage",
    "toolkits issue-desk",
    "policies no-deletions",
  ];

  it("creates missing resources, and changes nothing the second time", async () => {
    const first = await provision(catalog);
    expect(first).to.include({ code: 0, stderr: "" });
    expect(first.stdout.trim().split("\n")).to.deep.equal(resources.map((name) => `created ${name}`));
    const created = await Promise.all(
      kinds.map(async (kind) => (await admin.get(`/api/${kind}`).expect(200)).body.data),
    );
    const second = await provision(catalog);
    expect(second).to.include({ code: 0, stderr: "" });
    expect(second.stdout.trim().split("\n")).to.deep.equal(resources.map((name) => `unchanged ${name}`));
    const unchanged = await Promise.all(
      kinds.map(async (kind) => (await admin.get(`/api/${kind}`).expect(200)).body.data),
    );
    expect(unchanged).to.deep.equal(created);
    expect(created.flat().every(({ version }: { version: number }) => version === 1)).to.equal(true);
  });

  it("restores a resource that was changed by hand, and changes no other", async () => {
    await admin.patch("/api/skills/bug-reports").send({ name: "Changed" }).expect(200);
    const { stdout } = await provision(catalog);
    const expected = resources.map((name) => `${name === "skills bug-reports" ? "updated" : "unchanged"} ${name}`);
    expect(stdout.trim().split("\n")).to.deep.equal(expected);
    expect((await admin.get("/api/skills/bug-reports").expect(200)).body.name).to.equal("Bug reports");
  });

  it("reports the field that the service rejects, exits with 1 and never prints the token", async () => {
    const file = join(directory, "wrong.json");
    await writeFile(file, JSON.stringify({ skills: [{ slug: "a", name: "A", content: "x", color: "red" }] }));
    const invalid = await provision(file);
    expect(invalid).to.include({ code: 1, stdout: "" });
    expect(invalid.stderr).to.match(/^PUT \/api\/skills\/a: 400 .*\n {2}\/color: /);
    const unauthenticated = await provision(catalog, "wxt_wrong");
    expect(unauthenticated.code).to.equal(1);
    expect(unauthenticated.stderr).to.match(/^GET \/api\/groups\/Engineering: 401 /);
    for (const { stdout, stderr } of [invalid, unauthenticated]) {
      expect(stdout + stderr)
        .to.not.include(service.firstSecret)
        .and.not.include("wxt_wrong");
    }
  });
});

describe("examples/webhook-receiver.mjs", () => {
  let service: Service;
  let receiver: ChildProcess;
  afterEach(async () => {
    receiver.kill();
    await service.dispose();
  });

  it("prints each verified event once, and rejects forged and old messages", async () => {
    const port = await freePort();
    const CREDENTIAL_KEY = randomBytes(32).toString("base64");
    service = await startService({ environment: { CREDENTIAL_KEY, UPSTREAM_ALLOW: "127.0.0.1" } });
    const admin = await service.clientWithScopes(["admin:write"]);
    const url = `http://127.0.0.1:${port}/`;
    const { body } = await admin.put("/api/webhooks/siem").send({ url, enabled: false }).expect(201);
    const secret = trackSecret(body.secret);
    receiver = spawn(process.execPath, [join(examples, "webhook-receiver.mjs")], {
      env: { WEBHOOK_SECRET: secret, PORT: String(port) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let output = "";
    receiver.stdout?.on("data", (chunk) => {
      output += chunk;
    });
    while (!output.includes("listening")) await once(receiver.stdout as Readable, "data");

    const tested = await admin.post("/api/webhooks/siem/test").expect(200);
    expect(tested.body).to.include({ delivered: true, status: 204 });
    const lines = output.trim().split("\n").slice(1);
    expect(lines).to.have.length(1);
    expect(lines[0]).to.match(/^\S+Z webhook\.test whk_\w+ by token$/);

    const event = toAuditEvent("org_1", operatorActor, "success", { action: "user.delete" });
    const message = toWebhookMessage(event);
    const send = async (headers: Record<string, string>, text = message.body): Promise<number> =>
      (await fetch(url, { method: "POST", headers, body: text })).status;
    const headers = toSignedHeaders(message, [createWebhookSecret(), secret], new Date());
    expect(await send({ ...headers, "webhook-id": "other" })).to.equal(400);
    expect(await send(headers, message.body.replace("user.delete", "user.create"))).to.equal(400);
    expect(await send(toSignedHeaders(message, [createWebhookSecret()], new Date()))).to.equal(400);
    expect(await send(toSignedHeaders(message, [secret], new Date(Date.now() - 600_000)))).to.equal(400);
    for (let time = 0; time < 2; time++) expect(await send(headers)).to.equal(204);
    expect(output.match(/user\.delete/g)).to.have.length(1);
    expect(output).to.not.contain("user.create");

    const socket = connect(port, "127.0.0.1");
    socket.write("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nthe beginning");
    while (!output.includes("a request failed")) {
      await Promise.race([once(receiver.stdout as Readable, "data"), once(receiver, "exit"), sleep(100)]);
      socket.destroy();
      expect(receiver.exitCode, "exit code after an aborted request").to.equal(null);
    }
    expect(await send(toSignedHeaders(message, [secret], new Date()))).to.equal(204);
  });
});

const kinds = ["groups", "mcp-servers", "skills", "commands", "toolkits", "policies"];

describe("curl commands", () => {
  let service: Service;
  let secret: string;
  let directory: string;
  let hasCurl: boolean;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-curl-"));
    hasCurl = (await run("sh", ["-c", "curl --version && bash --version"], {})).code === 0;
    service = await startService();
    ({ secret } = await service.issueToken({ scopes: ["all"] }));
  });
  after(async () => {
    await service.dispose();
    await rm(directory, { recursive: true, force: true });
  });
  beforeEach(function () {
    if (hasCurl) return;
    process.stdout.write("    (skipped: this machine has no curl or no bash)\n");
    this.skip();
  });

  it("of examples/quickstart.sh show both views, also when the script runs again", async () => {
    const url = `http://127.0.0.1:${service.port}`;
    for (let time = 0; time < 2; time++) {
      const { code, stdout, stderr } = await run("bash", [join(examples, "quickstart.sh")], {
        GATEHOUSE_URL: url,
        GATEHOUSE_TOKEN: secret,
      });
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
      const responses = stdout.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : []));
      const [whoami, , , , servers, userServer, toolkits] = responses;
      expect(whoami.organizationId).to.equal(service.organizationId);
      expect(servers.data[0]).to.include({ slug: "weather", version: 1 }).and.to.have.property("assignment");
      expect(userServer.tools.map(({ name }: { name: string }) => name)).to.deep.equal(["forecast"]);
      expect(userServer).to.not.have.property("assignment");
      expect(toolkits.data.map(({ slug }: { slug: string }) => slug)).to.deep.equal(["outdoors"]);
    }
  });
});
