import { execFile } from "node:child_process";
import { chmod, lstat, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { runCli, runCliProcess, type ServiceProcess, startProcess } from "../support/process.ts";
import { root } from "../support/root.ts";
import { trackSecret } from "../support/secrets.ts";

describe("The CLI beside a running service", () => {
  let directory: string;
  let environment: Record<string, string>;
  let service: ServiceProcess | undefined;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-beside-"));
    environment = { DATA_DIR: join(directory, "data") };
  });
  afterEach(async () => {
    if (service && service.child.exitCode === null && service.child.signalCode === null) await service.stop("SIGKILL");
    service = undefined;
    await rm(directory, { recursive: true, force: true });
  });
  const start = async (more: Record<string, string> = {}): Promise<ServiceProcess> => {
    service = await startProcess({ ...environment, ...more });
    return service;
  };
  const run = (...args: readonly string[]) => runCli(environment, ...args);

  it("creates, lists and revokes tokens, two commands at once, and the service uses them at once", async () => {
    const running = await start();
    const [organization, token] = await Promise.all([
      runCliProcess("", environment, "organization", "create", "acme"),
      runCliProcess("", environment, "token", "create", "--name", "ci", "--scope", "admin:scim"),
    ]);
    expect(JSON.parse(organization.stdout)).to.include({ slug: "acme" });
    const secret = trackSecret(token.stdout.trim());
    await running.clientWithSecret(secret).get("/scim/v2/Users").expect(200);
    const [, listed] = (await run("token", "list")).stdout.trim().split("\n");
    const { id, name } = JSON.parse(listed ?? "{}");
    expect(name).to.equal("ci");
    expect((await run("token", "revoke", id)).code).to.equal(0);
    await running.clientWithSecret(secret).get("/scim/v2/Users").expect(401);
    expect((await run("organization", "disable", "default")).code).to.equal(0);
    await running.clientWithSecret(running.firstSecret).get("/api/users").expect(401);
    expect((await run("organization", "enable", "default")).code).to.equal(0);
    await running.clientWithSecret(running.firstSecret).get("/api/users").expect(200);
    expect(await running.stop("SIGTERM")).to.equal(0);
    expect(await readdir(environment["DATA_DIR"] ?? "")).to.not.include("control.sock");
    expect((await run("token", "list")).code).to.equal(0);
  });

  it("works again after the service was killed, with and without a new one", async () => {
    await (await start()).stop("SIGKILL");
    expect(await readdir(environment["DATA_DIR"] ?? "")).to.include("control.sock");
    expect((await run("organization", "create", "alone")).code).to.equal(0);
    const running = await start();
    expect((await run("organization", "create", "beside")).code).to.equal(0);
    expect(await running.stop("SIGTERM")).to.equal(0);
  });

  it("cannot be used by another user of the machine", async function () {
    await start();
    const dataDir = environment["DATA_DIR"] ?? "";
    expect((await lstat(join(dataDir, "control.sock"))).mode & 0o777).to.equal(0o600);
    const runAsOther = (...command: readonly string[]) =>
      promisify(execFile)("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", ...command], {
        // Node.js passes on where to write coverage, and another user cannot write there.
        env: { PATH: process.env["PATH"], DATA_DIR: dataDir, NODE_V8_COVERAGE: "" },
      }).then(
        ({ stdout }) => ({ code: 0, stdout, stderr: "" }),
        (error: { code: number | string; stdout: string; stderr: string }) => error,
      );
    const runCliAsOther = (...args: readonly string[]) =>
      runAsOther(process.execPath, join(root, "dist/src/cli.js"), ...args);
    await chmod(directory, 0o755);
    // The other user needs setpriv, and must be able to read Node.js and this checkout, and to reach the directory.
    const isOther = process.getuid?.() === 0 && (await runCliAsOther("--version")).code === 0;
    if (!isOther || (await runAsOther("test", "-x", directory)).code !== 0) {
      process.stdout.write("    (skipped: this process cannot become another user that can run the CLI)\n");
      return this.skip();
    }
    const closed = await runCliAsOther("organization", "list");
    await chmod(dataDir, 0o755); // so that only the mode of the socket is left
    const result = await runCliAsOther("organization", "list");
    expect(closed).to.include({ code: 1, stdout: "" });
    expect(closed.stderr).to.match(/^gatehouse: DATA_DIR \S+ is not writable \(EACCES\)\. [^\n]*\n$/);
    expect(result).to.include({ code: 1, stdout: "" });
    expect(result.stderr).to.match(/^gatehouse: \S+control\.sock belongs to another user \(EACCES\)\. [^\n]*\n$/);
  });
});

describe("The first start", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-first-"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it("writes the first token to GATEHOUSE_BOOTSTRAP_TOKEN_FILE, and ignores the file from then on", async () => {
    const path = join(directory, "token");
    const environment = { DATA_DIR: join(directory, "data"), GATEHOUSE_BOOTSTRAP_TOKEN_FILE: path };
    const first = await startProcess(environment);
    const secret = trackSecret((await readFile(path, "utf8")).trim());
    expect((await stat(path)).mode & 0o777).to.equal(0o600);
    expect(first.stdout()).to.contain(path).and.not.contain(secret);
    await first.clientWithSecret(secret).get("/api/users").expect(200);
    expect(await first.stop("SIGTERM")).to.equal(0);
    const second = await startProcess(environment);
    expect(await second.stop("SIGTERM")).to.equal(0);
  });

  it("fails with one sentence if that file exists, and creates no token", async () => {
    const path = join(directory, "token");
    const environment = { DATA_DIR: join(directory, "data"), GATEHOUSE_BOOTSTRAP_TOKEN_FILE: directory };
    const error = String(await startProcess(environment).catch((reason: Error) => reason));
    expect(error).to.match(
      /ended with 1: gatehouse cannot start\. GATEHOUSE_BOOTSTRAP_TOKEN_FILE \S+ exists already\./,
    );
    const service = await startProcess({ ...environment, GATEHOUSE_BOOTSTRAP_TOKEN_FILE: path });
    trackSecret((await readFile(path, "utf8")).trim());
    expect(await service.stop("SIGTERM")).to.equal(0);
  });

  it("with AUTH_SECRET creates no token and prints none", async () => {
    const authSecret = trackSecret("s".repeat(20) + "t".repeat(20));
    const service = await startProcess({ DATA_DIR: join(directory, "data"), AUTH_SECRET: authSecret });
    expect(service.firstSecret).to.equal("");
    expect(service.stdout()).to.contain("AUTH_SECRET has full access").and.not.contain(authSecret);
    const tokens = await service.clientWithSecret(authSecret).get("/api/tokens").expect(200);
    expect(JSON.parse(tokens.text).data).to.deep.equal([]);
    expect(await service.stop("SIGTERM")).to.equal(0);
  });
});
