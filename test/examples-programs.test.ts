import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { runProgram } from "./clients/client-cache.fixture.ts";
import { root } from "./support/root.ts";
import { type Agent, type Service, startService } from "./support/service.ts";

const examples = join(root, "examples");

/** Runs a program. @returns its output, and whether it succeeded */
const attempt = (
  program: string,
  args: readonly string[],
  environment: Record<string, string>,
): Promise<{ code: number; stdout: string; stderr: string }> =>
  runProgram(program, args, { environment }).then(
    (stdout) => ({ code: 0, stdout, stderr: "" }),
    ({ code, stdout, stderr }) => ({ code, stdout, stderr }),
  );

/** Skips the tests of a suite on a machine without the program that they need. */
async function requireProgram(context: Mocha.Context, program: string, ...args: readonly string[]): Promise<void> {
  if ((await attempt(program, args, {})).code === 0) return;
  process.stdout.write(`    (skipped: this machine has no ${program})\n`);
  context.skip();
}

describe("examples/import_servers.py", () => {
  let service: Service;
  let admin: Agent;
  let environment: Record<string, string>;
  let directory: string;
  before(async function () {
    await requireProgram(this, "python3", "--version");
    directory = await mkdtemp(join(tmpdir(), "gatehouse-examples-"));
    service = await startService();
    const { secret } = await service.issueToken({ scopes: ["admin:write"] });
    admin = service.clientWithSecret(secret);
    environment = { GATEHOUSE_URL: `http://127.0.0.1:${service.port}`, GATEHOUSE_TOKEN: secret };
  });
  after(async () => {
    await service?.dispose();
    if (directory) await rm(directory, { recursive: true, force: true });
  });
  const importFile = (file: string) => attempt("python3", [join(examples, "import_servers.py"), file], environment);
  const write = async (content: string): Promise<string> => {
    const file = join(directory, "servers.csv");
    await writeFile(file, content);
    return file;
  };

  it("creates servers, changes nothing the second time, and then updates what differs", async () => {
    const file = join(examples, "servers.csv");
    expect(await importFile(file)).to.include({ code: 0, stdout: "created github\ncreated weather\n" });
    expect(await importFile(file)).to.include({ code: 0, stdout: "unchanged github\nunchanged weather\n" });
    await admin.patch("/api/mcp-servers/github").send({ status: "active" }).expect(200);
    const changed = await write("slug,name,url,environment\ngithub,GitHub,https://mcp.example.com/github,\n");
    expect(await importFile(changed)).to.include({ code: 0, stdout: "updated github\n" });
    const { body } = await admin.get("/api/mcp-servers/github").expect(200);
    expect(body).to.include({ status: "active" }).and.to.not.have.property("environment");
  });

  it("reports the line that the service rejects, and imports the others", async () => {
    const rows = ["files,Files,ftp://example.com,", "mail,Mail,https://mcp.example.com/mail,"];
    const file = await write(`slug,name,url,environment\n${rows.join("\n")}\n`);
    const { code, stdout, stderr } = await importFile(file);
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: "created mail\n" });
    expect(stderr).to.match(/^line 2: url must be an http or https URL/);
    expect((await importFile(await write("name\nX\n"))).stderr).to.equal("The file has no column slug, url.\n");
  });
});

describe("examples/expiring_tokens.go", () => {
  it("prints the active tokens that expire soon, the next one first", async function () {
    this.timeout(300_000);
    await requireProgram(this, "go", "version");
    const service = await startService();
    const { secret } = await service.issueToken({ scopes: ["all"] });
    const admin = service.clientWithSecret(secret);
    for (const [name, expiresInDays] of [
      ["later", 9],
      ["soon", 2],
      ["far", 60],
    ] as const)
      await admin
        .post("/api/tokens")
        .send({ name, scopes: ["admin:read"], expiresInDays })
        .expect(201);
    const environment = { GATEHOUSE_URL: `http://127.0.0.1:${service.port}`, GATEHOUSE_TOKEN: secret };
    const report = (token: string) =>
      attempt("go", ["run", join(examples, "expiring_tokens.go")], { ...environment, GATEHOUSE_TOKEN: token });
    const { code, stdout } = await report(secret);
    expect(code, "go run exits with 1 for any exit code of the program").to.equal(1);
    expect(
      stdout
        .trim()
        .split("\n")
        .map((line) => line.split(/ +/).at(-1)),
    ).to.deep.equal(["soon", "later"]);
    expect((await report("wxt_wrong")).stderr).to.match(/^401: /);
    await service.dispose();
  });
});
