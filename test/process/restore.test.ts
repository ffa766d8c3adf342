import { execFile } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { readSection } from "../markdown.fixture.ts";
import { withConnection, withDatabase } from "../store/mongodb/mongodb.fixture.ts";
import { type DedicatedMongod, describeOnMongod, startDedicatedMongod } from "../support/mongod.ts";
import { runCliProcess, type ServiceProcess, startProcess } from "../support/process.ts";
import { root } from "../support/root.ts";
import { trackSecret } from "../support/secrets.ts";
import { startWriteLoad } from "./write-load.fixture.ts";

/** What a store is known to have before it is backed up. */
interface Provisioned {
  readonly fullAccess: string;
  readonly kept: string;
  readonly revokedBefore: string;
  readonly revokedLater: { readonly id: string; readonly secret: string };
}

async function provision(service: ServiceProcess): Promise<Provisioned> {
  const admin = service.clientWithSecret(service.firstSecret);
  const createToken = async (name: string): Promise<{ id: string; secret: string }> => {
    const { body } = await admin.post("/api/tokens").send({ name, type: "scim" }).expect(201);
    return { id: body.id, secret: trackSecret(body.token) };
  };
  const revokedBefore = await createToken("revoked before");
  await admin.delete(`/api/tokens/${revokedBefore.id}`).expect(204);
  return {
    fullAccess: service.firstSecret,
    kept: (await createToken("kept")).secret,
    revokedBefore: revokedBefore.secret,
    revokedLater: await createToken("revoked later"),
  };
}

/** Asserts that a restored service has these users, and the tokens as they were when the backup was taken. */
async function assertRestored(service: ServiceProcess, provisioned: Provisioned, userIds: readonly string[]) {
  const { fullAccess, kept, revokedBefore, revokedLater } = provisioned;
  expect(service.firstSecret).to.equal(""); // not an empty store
  const stored = new Set<string>();
  for (let startIndex = 1; ; startIndex += 1000) {
    const query = { startIndex, count: 1000, attributes: "id" };
    const { text } = await service.clientWithSecret(kept).get("/scim/v2/Users").query(query).expect(200);
    const { Resources = [], totalResults } = JSON.parse(text);
    for (const { id } of Resources) stored.add(id);
    if (stored.size >= totalResults || Resources.length === 0) break;
  }
  expect(userIds.filter((id) => !stored.has(id))).to.deep.equal([]);
  await service.clientWithSecret(fullAccess).get("/api/tokens").expect(200);
  await service.clientWithSecret(revokedBefore).get("/scim/v2/Users").expect(401);
  // The documentation warns of it: what was revoked later is valid again.
  await service.clientWithSecret(revokedLater.secret).get("/scim/v2/Users").expect(200);
}

/** Runs the first `bash` block below a heading of docs/operations.md. @param replacements what it names -> what is used */
async function runDocumented(
  heading: string,
  environment: Record<string, string>,
  replacements: Readonly<Record<string, string>>,
) {
  let script = /^```bash\n([\s\S]*?)^```$/m.exec(readSection("docs/operations.md", heading))?.[1] ?? "";
  for (const [documented, used] of Object.entries(replacements)) {
    expect(script, heading).to.contain(documented);
    script = script.replaceAll(documented, used);
  }
  const env = { PATH: process.env["PATH"], ...environment };
  const args = ["--norc", "-euo", "pipefail", "-c", script.replaceAll("node dist/", `node ${root}/dist/`)];
  const { stdout } = await promisify(execFile)("bash", args, { env }); // rejects an exit code other than 0
  expect(JSON.parse(stdout.trim().split("\n").at(-1) ?? "").violations).to.deep.equal({});
}

describe("A restore as docs/operations.md describes it, on SQLite", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-restore-"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it("has every write that was acknowledged before the backup began, and valid and revoked tokens", async () => {
    const environment = { DATA_DIR: join(directory, "data") };
    const service = await startProcess(environment);
    const provisioned = await provision(service);
    const load = startWriteLoad(service, "restored");
    await load.waitForWrites(200);
    const acknowledgedBefore = load.acknowledgedSoFar();
    const backup = await runCliProcess("", environment, "backup", "--to", directory);
    expect(backup.code, backup.stderr).to.equal(0);
    const drillStart = "DATA_DIR=$drill PORT=8099 npm start\n"; // a service is started below, after the restore
    await runDocumented("### Restore drill", { ...environment, TMPDIR: directory }, { [drillStart]: "" });
    await load.waitForWrites(100);
    await service
      .clientWithSecret(provisioned.fullAccess)
      .delete(`/api/tokens/${provisioned.revokedLater.id}`)
      .expect(204);
    expect(await service.stop("SIGTERM"), service.stderr()).to.equal(0);
    const { rejected, unanswered, acknowledged } = await load.result();
    expect({ rejected, unanswered }).to.deep.equal({ rejected: [], unanswered: [] });
    expect(acknowledged.length).to.be.greaterThan(acknowledgedBefore.length + 99);

    const documentedBackup = "/backups/gatehouse-2026-11-30T08-00-00-000Z.db";
    await runDocumented("### Restore SQLite", environment, { [documentedBackup]: backup.stdout.trim() });
    const restored = await startProcess(environment);
    await assertRestored(restored, provisioned, acknowledgedBefore);
    await restored.stop("SIGTERM");
  });
});

describeOnMongod("A restore of a snapshot of MongoDB's files, with a running service", () => {
  let mongod: DedicatedMongod | undefined;
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-restore-"));
    mongod = await startDedicatedMongod("replica-set");
  });
  afterEach(async () => {
    await mongod?.dispose();
    await rm(directory, { recursive: true, force: true });
  });

  /** Copies the files of a mongod while it accepts no write, as docs/operations.md describes. */
  async function copyFiles({ uri, dbPath }: DedicatedMongod, target: string): Promise<void> {
    await withConnection(uri, async (connection) => {
      const admin = connection.db?.admin();
      await admin?.command({ fsync: 1, lock: true });
      await cp(dbPath, target, { recursive: true, filter: (path) => !/mongod\.lock$|\.sock$/.test(path) });
      await admin?.command({ fsyncUnlock: 1 });
    });
  }

  it("has every write that was acknowledged before the snapshot, and valid and revoked tokens", async () => {
    if (!mongod) throw new Error("expected a mongod");
    const environment = { MONGODB_URI: withDatabase(mongod.uri, "gatehouse") };
    const service = await startProcess(environment);
    const provisioned = await provision(service);
    const load = startWriteLoad(service, "restored");
    await load.waitForWrites(100);
    const acknowledgedBefore = load.acknowledgedSoFar();
    await copyFiles(mongod, join(directory, "snapshot"));
    const admin = service.clientWithSecret(provisioned.fullAccess);
    await admin.delete(`/api/tokens/${provisioned.revokedLater.id}`).expect(204);
    await service.stop("SIGTERM");
    await load.result(); // clients that waited for the lock for longer than a request may take got 503

    await mongod.kill();
    await rm(mongod.dbPath, { recursive: true });
    await cp(join(directory, "snapshot"), mongod.dbPath, { recursive: true });
    await mongod.start();
    const verified = await runCliProcess("", environment, "verify");
    expect(verified.code, `${verified.stdout}${verified.stderr}`).to.equal(0);
    const restored = await startProcess(environment);
    await assertRestored(restored, provisioned, acknowledgedBefore);
    await restored.stop("SIGTERM");
  });
});
