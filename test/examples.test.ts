import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";
import { type ServiceProcess, startProcess } from "./support/process.ts";
import { root } from "./support/root.ts";
import { type Agent, type Service, startService } from "./support/service.ts";

const examples = join(root, "examples");

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program as its user would. */
async function run(program: string, words: readonly string[], environment: Record<string, string>): Promise<Run> {
  const env = { PATH: process.env["PATH"], ...environment };
  return promisify(execFile)(program, words, { env }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: Run) => error,
  );
}

/** A temporary folder with the examples, the generated types, and more files. */
async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "gatehouse-examples-"));
  for (const name of await readdir(examples)) await copyFile(join(examples, name), join(folder, name));
  const ast = await openapiTS(await readFile(join(root, "openapi.yaml"), "utf8"), { defaultNonNullable: false });
  await writeFile(join(folder, "api.d.ts"), astToString(ast));
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

/** What the compiler says of programs in a folder, at its strictest; what it makes of them goes to `out`. */
function compile(folder: string, names: readonly string[]): readonly string[] {
  const program = ts.createProgram(
    names.map((name) => join(folder, name)),
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
      outDir: join(folder, "out"),
    },
  );
  const { diagnostics } = program.emit();
  return [...ts.getPreEmitDiagnostics(program), ...diagnostics].map(
    ({ file, start = 0, messageText }) =>
      `${file?.fileName.slice(folder.length + 1)}:${(file?.getLineAndCharacterOfPosition(start).line ?? -1) + 1} ` +
      ts.flattenDiagnosticMessageText(messageText, "\n"),
  );
}

describe("Types generated from openapi.yaml", () => {
  let folder: string;
  before(async () => {
    folder = await folderWith({ "calls.ts": calls, "wrong.ts": wrong });
  });
  after(() => rm(folder, { recursive: true, force: true }));

  it("fit the programs in examples, and a client that uses them", () => {
    expect(compile(folder, ["client.ts", "provision.mjs", "calls.ts"])).to.deep.equal([]);
  });

  it("refuse a wrong path, method, parameter, body, or field of an answer", () => {
    const lines = compile(folder, ["wrong.ts"]).map((said) => Number(/^wrong\.ts:(\d+)/.exec(said)?.[1]));
    const marked = wrong.split("\n").flatMap((line, at) => (line.endsWith("// wrong") ? [at + 1] : []));
    expect(marked).to.have.length(6);
    expect([...new Set(lines)].sort((one, other) => one - other)).to.deep.equal(marked);
  });

  it("make a client that works", async () => {
    const service = await startService();
    const { secret } = await service.issue({ scopes: ["all"] });
    const { calling } = (await import(pathToFileURL(join(folder, "out/calls.js")).href)) as {
      calling(base: string, token: string): Promise<readonly unknown[]>;
    };
    const said = await calling(`http://127.0.0.1:${service.port}`, secret);
    expect(said).to.deep.equal(["Weather", "Weather", 1, undefined, "urn:gatehouse:problem:not-found"]);
    await service.dispose();
  });
});

const calls = `import { client, Refused } from "./client.ts";

export async function calling(base: string, token: string): Promise<readonly unknown[]> {
  const ask = client(base, token);
  const made = await ask("put", "/api/mcp-servers/{id}", {
    path: { id: "weather" },
    body: { name: "Weather", transport: "http", url: "https://mcp.example.com/weather" },
  });
  const read = await ask("get", "/api/mcp-servers/{id}", { path: { id: made.slug } });
  const { data } = await ask("get", "/api/mcp-servers", { query: { limit: 1, status: "draft" } });
  const gone: undefined = await ask("delete", "/api/mcp-servers/{id}", { path: { id: read.id } });
  const refused = await ask("get", "/api/mcp-servers/{id}", { path: { id: read.id } }).catch((error) => error);
  return [made.name, read.name, data.length, gone, refused instanceof Refused && refused.problem.type];
}
`;

const wrong = `import { client } from "./client.ts";
const ask = client("http://127.0.0.1:8080", "token");
await ask("get", "/api/nowhere"); // wrong
await ask("put", "/api/mcp-servers", { body: {} }); // wrong
await ask("get", "/api/mcp-servers/{id}"); // wrong
await ask("get", "/api/mcp-servers", { query: { status: "asleep" } }); // wrong
await ask("put", "/api/skills/{id}", { path: { id: "x" }, body: { name: "X", content: 1 } }); // wrong
(await ask("get", "/api/whoami")).colour; // wrong
`;

describe("examples/provision.mjs", () => {
  let folder: string;
  let service: ServiceProcess;
  let admin: Agent;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "gatehouse-examples-"));
    service = await startProcess({ DATA_DIR: join(folder, "data") });
    admin = service.with(service.firstSecret);
  });
  after(async () => {
    await service.end("SIGTERM");
    await rm(folder, { recursive: true, force: true });
  });
  const provision = (file: string, token = service.firstSecret): Promise<Run> =>
    run(process.execPath, [join(examples, "provision.mjs"), file], {
      GATEHOUSE_URL: `http://127.0.0.1:${service.port}`,
      GATEHOUSE_TOKEN: token,
    });
  const catalogue = join(examples, "catalogue.json");
  const all = [
    "groups Engineering",
    "groups On call",
    "mcp-servers github",
    "mcp-servers files",
    "skills bug-reports",
    "commands triage",
    "toolkits issue-desk",
    "policies no-deletions",
  ];

  it("makes what is not there, and the second time changes nothing", async () => {
    const first = await provision(catalogue);
    expect(first).to.include({ code: 0, stderr: "" });
    expect(first.stdout.trim().split("\n")).to.deep.equal(all.map((thing) => `created ${thing}`));
    const made = await Promise.all(kinds.map(async (kind) => (await admin.get(`/api/${kind}`).expect(200)).body.data));
    const second = await provision(catalogue);
    expect(second).to.include({ code: 0, stderr: "" });
    expect(second.stdout.trim().split("\n")).to.deep.equal(all.map((thing) => `unchanged ${thing}`));
    const kept = await Promise.all(kinds.map(async (kind) => (await admin.get(`/api/${kind}`).expect(200)).body.data));
    expect(kept).to.deep.equal(made);
    expect(made.flat().every(({ version }: { version: number }) => version === 1)).to.equal(true);
  });

  it("puts back what somebody has changed by hand, and nothing else", async () => {
    await admin.patch("/api/skills/bug-reports").send({ name: "Changed" }).expect(200);
    const { stdout } = await provision(catalogue);
    const expected = all.map((thing) => `${thing === "skills bug-reports" ? "updated" : "unchanged"} ${thing}`);
    expect(stdout.trim().split("\n")).to.deep.equal(expected);
    expect((await admin.get("/api/skills/bug-reports").expect(200)).body.name).to.equal("Bug reports");
  });

  it("says which field the service refuses, ends with 1 and never repeats the token", async () => {
    const file = join(folder, "wrong.json");
    await writeFile(file, JSON.stringify({ skills: [{ slug: "a", name: "A", content: "x", colour: "red" }] }));
    const refused = await provision(file);
    expect(refused).to.include({ code: 1, stdout: "" });
    expect(refused.stderr).to.match(/^PUT \/api\/skills\/a: 400 .*\n {2}\/colour: /);
    const stranger = await provision(catalogue, "wxt_wrong");
    expect(stranger.code).to.equal(1);
    expect(stranger.stderr).to.match(/^GET \/api\/groups\/Engineering: 401 /);
    for (const { stdout, stderr } of [refused, stranger]) {
      expect(stdout + stderr)
        .to.not.include(service.firstSecret)
        .and.not.include("wxt_wrong");
    }
  });
});

const kinds = ["groups", "mcp-servers", "skills", "commands", "toolkits", "policies"];

describe("curl, as it is shown", () => {
  let service: Service;
  let secret: string;
  let folder: string;
  let hasCurl: boolean;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "gatehouse-curl-"));
    hasCurl = (await run("sh", ["-c", "curl --version && bash --version"], {})).code === 0;
    service = await startService();
    ({ secret } = await service.issue({ scopes: ["all"] }));
  });
  after(async () => {
    await service.dispose();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(function () {
    if (hasCurl) return;
    process.stdout.write("    (skipped: this machine has no curl or no bash)\n");
    this.skip();
  });

  it("in examples/quickstart.sh shows the two views, as often as it is run", async () => {
    const url = `http://127.0.0.1:${service.port}`;
    for (let time = 0; time < 2; time++) {
      const { code, stdout, stderr } = await run("bash", [join(examples, "quickstart.sh")], {
        GATEHOUSE_URL: url,
        GATEHOUSE_TOKEN: secret,
      });
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
      const answers = stdout.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : []));
      const [who, , , , servers, seen, toolkits] = answers;
      expect(who.organizationId).to.equal(service.organizationId);
      expect(servers.data[0]).to.include({ slug: "weather", version: 1 }).and.to.have.property("assignment");
      expect(seen.tools.map(({ name }: { name: string }) => name)).to.deep.equal(["forecast"]);
      expect(seen).to.not.have.property("assignment");
      expect(toolkits.data.map(({ slug }: { slug: string }) => slug)).to.deep.equal(["outdoors"]);
    }
  });

  const commandsOf = async (chapter: string): Promise<string> => {
    const [, section = ""] = (await readFile(join(root, "README.md"), "utf8")).split(`\n## ${chapter}\n`);
    const blocks = [...(section.split(/\n## /)[0] ?? "").matchAll(/```sh\n(.*?)```/gs)].map(([, block = ""]) => block);
    expect(blocks, chapter).to.not.deep.equal([]);
    return blocks
      .join("\n")
      .replaceAll("http://127.0.0.1:8080", `http://127.0.0.1:${service.port}`)
      .replaceAll("curl -sS", "curl -sS --fail-with-body")
      .replaceAll("node dist/", `node ${root}/dist/`);
  };

  it("in README.md works as it stands, in this order", async () => {
    const chapters = ["Admin API and user API", "Tokens", "When something happened"];
    const printed: string[] = [];
    for (const chapter of chapters) {
      const script = await commandsOf(chapter);
      const words = ["--norc", "-euo", "pipefail", "-c", `cd ${folder}\n${script}`];
      const { code, stdout, stderr } = await run("bash", words, { TOKEN: secret });
      expect({ code, stderr }, stdout).to.deep.equal({ code: 0, stderr: "" });
      printed.push(stdout);
    }
    const [api = "", tokens = "", log = ""] = printed;
    const last = JSON.parse(api.slice(api.lastIndexOf('{"id":"srv_')));
    expect(last.tools.map(({ name }: { name: string }) => name)).to.deep.equal(["search_issues"]);
    expect(tokens).to.contain('"token_type":"Bearer"').and.to.contain("not a token");
    expect(log).to.contain('"action":"token.rotate"');
  });
});
