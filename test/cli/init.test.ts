import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { withConnection, withDatabase } from "../store/mongodb/mongodb.fixture.ts";
import { describeOnMongod } from "../support/mongod.ts";
import { runCli } from "../support/process.ts";
import { assertNoSecretsInFiles, trackSecret } from "../support/secrets.ts";

describe("gatehouse init", () => {
  let directory: string;
  let dataDir: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-init-"));
    dataDir = join(directory, "data");
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));
  const run = (environment: Record<string, string>, ...args: readonly string[]) =>
    runCli({ DATA_DIR: dataDir, ...environment }, ...args);

  it("creates the database and prints only the secret of the first token on standard output", async () => {
    const { code, stdout, stderr } = await run({}, "init");
    expect({ code }).to.deep.equal({ code: 0 });
    expect(stdout).to.match(/^wxt_[0-9A-Za-z]{39}\n$/);
    trackSecret(stdout.trim());
    expect(stderr).to.match(/^The organization "default" and a token with full access have been created\. [^\n]*\n$/);
    await assertNoSecretsInFiles(dataDir);
    const tokens = await run({}, "token", "list");
    expect(JSON.parse(tokens.stdout)).to.deep.include({ status: "active", scopes: ["all"] });
  });

  it("changes nothing when it is repeated", async () => {
    trackSecret((await run({}, "init")).stdout.trim());
    expect(await run({}, "init")).to.deep.equal({
      code: 0,
      stdout: "",
      stderr: "The database has been initialized before. Nothing was changed.\n",
    });
    expect((await run({}, "token", "list")).stdout.trim().split("\n")).to.have.length(1);
  });

  it("creates no token while AUTH_SECRET has full access", async () => {
    const environment = { AUTH_SECRET: "x".repeat(32), GATEHOUSE_BOOTSTRAP_TOKEN_FILE: join(directory, "token") };
    const { code, stdout, stderr } = await run(environment, "init");
    expect({ code, stdout }).to.deep.equal({ code: 0, stdout: "" });
    expect(stderr).to.contain("AUTH_SECRET has full access").and.not.contain(environment.AUTH_SECRET);
    expect((await run({}, "token", "list")).stdout).to.equal("");
    expect(await readdir(directory)).to.deep.equal(["data"]);
  });

  describe("with GATEHOUSE_BOOTSTRAP_TOKEN_FILE", () => {
    let path: string;
    beforeEach(() => {
      path = join(directory, "token");
    });
    const init = (tokenFile = path) => run({ GATEHOUSE_BOOTSTRAP_TOKEN_FILE: tokenFile }, "init");

    it("writes the secret to a new file that only its user can read, and prints it nowhere", async () => {
      const { code, stdout, stderr } = await init();
      const secret = trackSecret((await readFile(path, "utf8")).trim());
      expect(secret).to.match(/^wxt_[0-9A-Za-z]{39}$/);
      expect((await stat(path)).mode & 0o777).to.equal(0o600);
      expect({ code, stdout }).to.deep.equal({ code: 0, stdout: "" });
      expect(stderr).to.contain(path).and.not.contain(secret);
    });

    it("rejects a file that exists, and a symbolic link, without creating a token", async () => {
      await writeFile(path, "keep");
      const link = join(directory, "link");
      await symlink(join(directory, "elsewhere"), link);
      for (const existing of [path, link]) {
        const { code, stdout, stderr } = await init(existing);
        expect({ code, stdout }).to.deep.equal({ code: 1, stdout: "" });
        expect(stderr).to.match(/^gatehouse: GATEHOUSE_BOOTSTRAP_TOKEN_FILE \S+ exists already\. Remove it[^\n]*\n$/);
      }
      expect(await readFile(path, "utf8")).to.equal("keep");
      expect(await readdir(directory)).to.not.include("elsewhere");
      expect((await run({}, "organization", "list")).stdout).to.equal("");
    });

    it("rejects a path whose directory does not exist, without creating a token", async () => {
      const { code, stderr } = await init(join(directory, "none", "token"));
      expect(code).to.equal(1);
      expect(stderr).to.match(
        /^gatehouse: GATEHOUSE_BOOTSTRAP_TOKEN_FILE \S+ cannot be created \(ENOENT\)\. [^\n]*\n$/,
      );
      expect((await run({}, "organization", "list")).stdout).to.equal("");
    });

    it("is ignored once the database has been initialized", async () => {
      await init();
      trackSecret((await readFile(path, "utf8")).trim());
      expect((await init()).code).to.equal(0);
    });
  });
});

describe("A command without a database", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-missing-"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it("exits with 1, names DATA_DIR and init, and creates nothing", async () => {
    const existing = join(directory, "empty");
    await mkdir(existing);
    await chmod(existing, 0o755);
    for (const dataDir of [existing, join(directory, "none", "data")]) {
      for (const args of [
        ["organization", "list"],
        ["token", "create", "--name", "x", "--scope", "all"],
        ["credential", "rotate"],
      ]) {
        const { code, stdout, stderr } = await runCli({ DATA_DIR: dataDir }, ...args);
        expect({ code, stdout }, args.join(" ")).to.deep.equal({ code: 1, stdout: "" });
        expect(stderr).to.match(
          /^gatehouse: \S+gatehouse\.db: there is no database\. Set DATA_DIR [^\n]* "gatehouse init"\.\n$/,
        );
      }
    }
    expect(await readdir(directory)).to.deep.equal(["empty"]);
    expect(await readdir(existing)).to.deep.equal([]);
  });
});

describeOnMongod("gatehouse init with MONGODB_URI", (server) => {
  it("creates the collections and a token, and every other command creates nothing", async () => {
    const uri = withDatabase(server(), `gatehouse_init_${Date.now()}`);
    const run = (...args: readonly string[]) => runCli({ MONGODB_URI: uri }, ...args);
    await withConnection(uri, async (connection) => {
      const missing = await run("organization", "list");
      expect(missing).to.include({ code: 1, stdout: "" });
      expect(missing.stderr).to.match(
        /^gatehouse: MONGODB_URI: there is no data in the database gatehouse_init_\d+\. [^\n]*"gatehouse init"\.\n$/,
      );
      expect(await connection.listCollections()).to.deep.equal([]);
      const { code, stdout } = await run("init");
      expect(code).to.equal(0);
      trackSecret(stdout.trim());
      expect(JSON.parse((await run("organization", "list")).stdout)).to.include({ slug: "default" });
      await connection.dropDatabase();
    });
  });
});
