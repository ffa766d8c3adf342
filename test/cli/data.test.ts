import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import { newEntity } from "../../src/domain/entity.ts";
import { auditEvents, collections } from "../../src/store/collections.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import { withDatabase } from "../store/mongodb/mongodb.fixture.ts";
import { describeOnMongod } from "../support/mongod.ts";
import { runCli, runCliProcess, runCliWithInput, startProcess } from "../support/process.ts";
import { assertNoSecrets, trackSecret } from "../support/secrets.ts";

const cliPath = fileURLToPath(new URL("../../src/cli.js", import.meta.url));

describe("gatehouse backup, export, import and verify", () => {
  let directory: string;
  let dataDir: string;
  let secret: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-data-"));
    dataDir = join(directory, "data");
    secret = trackSecret((await run("init")).stdout.trim());
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const run = (...args: readonly string[]) => runCli({ DATA_DIR: dataDir }, ...args);
  const exists = (path: string): Promise<boolean> =>
    stat(path).then(
      () => true,
      () => false,
    );

  describe("backup", () => {
    it("writes a complete copy that nobody else can read, and a token of it works after a restore", async () => {
      const { code, stdout, stderr } = await run("backup");
      expect(code, stderr).to.equal(0);
      const path = stdout.trim();
      expect(path).to.match(new RegExp(`^${dataDir}/backups/gatehouse-\\d{4}-\\d\\d-\\d\\dT[\\d-]+Z\\.db$`));
      expect((await stat(path)).mode & 0o777).to.equal(0o600);
      expect((await stat(join(dataDir, "backups"))).mode & 0o777).to.equal(0o700);
      expect(await readdir(join(dataDir, "backups"))).to.have.length(1);
      const restored = join(directory, "restored");
      await mkdir(restored);
      await copyFile(path, join(restored, "gatehouse.db"));
      const service = await startProcess({ DATA_DIR: restored });
      await service.clientWithSecret(secret).get("/api/users").expect(200);
      await service.stop("SIGTERM");
    });

    it("copies one point in time while the store is written to, and does not wait for the writers", async () => {
      const store = openSqliteStore({ dataDir, collections });
      const target = join(directory, "copy.db");
      let isDone = false;
      const copying = store.backup(target).finally(() => {
        isDone = true;
      });
      let written = 0;
      while (!isDone) {
        const event = {
          ...newEntity("aud", "org_1"),
          action: "user.update",
          outcome: "success",
          actor: { type: "operator" },
        } as const;
        await store.transaction((tx) => tx.for("org_1").open(auditEvents).insert(event));
        written++;
      }
      await copying;
      expect(written).to.be.greaterThan(0);
      await store.close();
      await mkdir(join(directory, "copied"));
      await copyFile(target, join(directory, "copied", "gatehouse.db"));
      const copy = openSqliteStore({ dataDir: join(directory, "copied"), collections });
      expect(await copy.for("org_1").open(auditEvents).count()).to.be.at.most(written);
      await copy.close();
    });

    it("never replaces a file, and leaves none after a failure", async () => {
      const store = openSqliteStore({ dataDir, collections });
      const target = join(directory, "taken.db");
      await writeFile(target, "precious");
      const error = await store.backup(target).catch((caught: unknown) => caught);
      expect(error).to.have.property("code", "conflict");
      expect(await readFile(target, "utf8")).to.equal("precious");
      await store.close();
      const missing = await run("backup", "--to", join(directory, "none"));
      expect(missing.code).to.equal(1);
      expect(missing.stderr).to.match(/^gatehouse: .* cannot be written \(ENOENT\)\. Use an existing directory/);
      expect((await readdir(directory)).sort()).to.deep.equal(["data", "taken.db"]);
    });
  });

  describe("export and import", () => {
    it("move a store through a file that nobody else can read, or through a pipe", async () => {
      const file = join(directory, "all.jsonl");
      const exported = await run("export", "--to", file);
      expect(exported).to.deep.include({ code: 0, stdout: "" });
      expect(exported.stderr).to.match(/1 organizations, 1 tokens\.\n$/);
      expect((await stat(file)).mode & 0o777).to.equal(0o600);
      const { stdout } = await run("export");
      expect(stdout).to.equal(await readFile(file, "utf8"));
      assertNoSecrets(stdout, "the export");
      for (const [name, args, input] of [
        ["one", [file], ""],
        ["two", ["-"], stdout],
      ] as const) {
        const environment = { DATA_DIR: join(directory, name) };
        const imported = await runCliWithInput(input, environment, "import", ...args);
        expect(imported.code, imported.stderr).to.equal(0);
        expect(JSON.parse(imported.stdout).counts).to.include({ organizations: 1, tokens: 1 });
        expect((await runCli(environment, "export")).stdout).to.equal(stdout);
      }
      const service = await startProcess({ DATA_DIR: join(directory, "one") });
      await service.clientWithSecret(secret).get("/api/users").expect(200);
      expect(service.firstSecret).to.equal("");
      await service.stop("SIGTERM");
    });

    it("report what is wrong in one sentence, and write nothing", async () => {
      const file = join(directory, "all.jsonl");
      await run("export", "--to", file);
      for (const [args, problem, code] of [
        [["export", "--to", file], /exists already/, 1],
        [["export", "--organization", "none"], /There is no organization none\./, 1],
        [["export", "more"], /unexpected argument more/, 2],
        [["import"], /FILE is required\. Run "gatehouse help import"/, 2],
        [["import", join(directory, "none")], /none cannot be read \(ENOENT\)/, 1],
        [["import", file], /The organization default exists already/, 1],
        [["verify", "--all"], /unknown option '--all'/, 2],
      ] as const) {
        const result = await run(...args);
        expect(result).to.include({ code, stdout: "" });
        expect(result.stderr)
          .to.match(problem)
          .and.to.match(/^gatehouse: [^\n]+\n$/);
      }
      expect((await run("import", "--discard")).stderr).to.equal("Removed 0 unfinished imports.\n");
      expect(await exists(`${file}.partial`)).to.equal(false);
    });

    it("a killed import leaves a store on which the service does not start, and that nothing else uses", async () => {
      const lines = (await run("export")).stdout.split("\n");
      const environment = { DATA_DIR: join(directory, "killed") };
      const child = spawn(process.execPath, [cliPath, "import", "-"], {
        env: { PATH: process.env["PATH"], ...environment },
        stdio: ["pipe", "ignore", "inherit"],
      });
      const exited = once(child, "exit");
      child.stdin.write(`${lines.slice(0, -2).join("\n")}\n`);
      const log = join(environment.DATA_DIR, "gatehouse.db-wal");
      // Its first transaction writes the marker of the import.
      while (!(await readFile(log, "latin1").catch(() => "")).includes("imp_"))
        await new Promise((resolve) => setTimeout(resolve, 20));
      child.kill("SIGKILL");
      await exited;
      const service = await startProcess(environment).catch((error: unknown) => error);
      expect(service).to.be.instanceOf(Error).and.have.property("message").that.contains("has not ended: repeat it");
      expect((await runCli(environment, "token", "list")).stderr).to.contain("There is no organization default");
      expect((await runCli(environment, "verify")).stdout).to.contain('"import-unfinished"');
    });

    it("export waits for a slow reader of its pipe, and ends quietly when the reader has ended", async () => {
      const store = openSqliteStore({ dataDir, collections });
      const [organizationId = ""] = (await store.snapshot((snapshot) => snapshot.organizationIds())).filter((id) =>
        id.startsWith("org_"),
      );
      await store.transaction(async (tx) => {
        const details = { text: "x".repeat(10_000) };
        for (let index = 0; index < 200; index++) {
          const event = {
            ...newEntity("aud", organizationId),
            action: "user.update",
            outcome: "success",
            details,
          } as const;
          await tx
            .for(organizationId)
            .open(auditEvents)
            .insert({ ...event, actor: { type: "operator" } });
        }
      });
      await store.close();
      const env = { PATH: process.env["PATH"], DATA_DIR: dataDir, NODE: process.execPath, CLI: cliPath };
      const pipeInto = (reader: string) =>
        promisify(execFile)("bash", ["--norc", "-c", `"$NODE" "$CLI" export | ${reader}`], { env });
      const slow = await pipeInto("(sleep 0.2; tail -n 1)");
      expect(slow.stdout).to.match(/^\{"counts":\{"audit_events":202,.*\}\n$/);
      expect(slow.stderr).to.equal("Exported 202 audit_events, 1 organizations, 1 tokens.\n");
      const early = await pipeInto("head -n 1");
      expect(early.stdout).to.match(/^\{"complete":true.*\}\n$/);
      expect(early.stderr).to.equal("");
    });
  });

  describe("verify", () => {
    it("prints a summary, and exits with 1 when there are violations", async () => {
      const healthy = await runCliProcess("", { DATA_DIR: dataDir }, "verify");
      expect(healthy).to.deep.include({ code: 0, stderr: "" });
      expect(JSON.parse(healthy.stdout)).to.have.all.keys("records", "violations");
      const store = openSqliteStore({ dataDir, collections });
      await store.transaction((tx) => tx.for("org_NONE").memberships.add("grp_NONE", ["usr_NONE"]));
      await store.close();
      const { code, stdout } = await run("verify");
      expect(code).to.equal(1);
      const lines = stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      expect(lines[0]).to.deep.include({ violation: "organization-missing", organizationId: "org_NONE" });
      expect(lines.at(-1).violations).to.deep.equal({ "organization-missing": 1, "membership-end-missing": 1 });
    });
  });
});

describeOnMongod("gatehouse backup on MongoDB", (uri) => {
  it("names the tools of MongoDB", async () => {
    const environment = { MONGODB_URI: withDatabase(uri(), "gatehouse_backup") };
    trackSecret((await runCli(environment, "init")).stdout.trim());
    const { code, stderr } = await runCli(environment, "backup", "--to", tmpdir());
    expect(code).to.equal(1);
    expect(stderr).to.match(/^gatehouse: A MongoDB database is backed up with its own tools: mongodump/);
  });
});
