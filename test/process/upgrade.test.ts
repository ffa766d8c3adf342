import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "chai";
import { collections } from "../../src/store/collections.ts";
import { type Migration, migrations } from "../../src/store/migrations.ts";
import { openMongoStore } from "../../src/store/mongodb/store.ts";
import { openSqliteStore } from "../../src/store/sqlite/store.ts";
import { withConnection, withDatabase } from "../store/mongodb/mongodb.fixture.ts";
import { describeOnMongod } from "../support/mongod.ts";
import { runCli, startProcess } from "../support/process.ts";
import { userUrn } from "../support/service.ts";

/** A migration of a build that does not exist yet. */
const nextMigration: Migration = { number: migrations.length + 1, name: "of a newer build", renames: [] };

/** Opens the data with a newer build, which leaves its number there, and returns what this build reports. */
async function startAfterNewerBuild(environment: Record<string, string>, openNewer: () => Promise<void>) {
  const service = await startProcess(environment);
  await service.stop("SIGTERM");
  await openNewer();
  const failedStart = await startProcess(environment).catch((error: Error) => error.message);
  const { code, stderr } = await runCli(environment, "token", "list");
  return { failedStart, code, stderr };
}

const newerBuild =
  /the data were written by a newer release \(migration \d+, this one knows \d+\)\. Start that release\.\n$/;

describe("Data of a newer build on SQLite", () => {
  it("stop the service and the CLI with one sentence", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "gatehouse-newer-"));
    try {
      const { failedStart, code, stderr } = await startAfterNewerBuild({ DATA_DIR: dataDir }, () =>
        openSqliteStore({ dataDir, collections, migrations: [...migrations, nextMigration] }).close(),
      );
      expect(failedStart)
        .to.match(/^ended with 1: gatehouse cannot start\. [^\n]+\n$/)
        .and.match(newerBuild);
      expect(code).to.equal(1);
      expect(stderr).to.match(newerBuild);
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  });
});

describeOnMongod("An upgrade on MongoDB", (server) => {
  let uri: string;
  beforeEach(() => {
    uri = withDatabase(server(), `gatehouse_upgrade_${randomBytes(6).toString("hex")}`);
  });
  afterEach(() => withConnection(uri, (connection) => connection.dropDatabase()));

  it("stops an older build with one sentence", async () => {
    const { failedStart, code, stderr } = await startAfterNewerBuild({ MONGODB_URI: uri }, async () => {
      await (await openMongoStore({ uri, collections, migrations: [...migrations, nextMigration] })).close();
    });
    expect(failedStart)
      .to.match(/^ended with 1: gatehouse cannot start\. [^\n]+\n$/)
      .and.match(newerBuild);
    expect(code).to.equal(1);
    expect(stderr).to.match(newerBuild);
  });

  it("migrates once, without a lost record, if two processes start at the same time", async () => {
    const environment = { MONGODB_URI: uri, LOG_LEVEL: "debug" };
    const older = await startProcess(environment);
    const client = older.clientWithSecret(older.firstSecret);
    for (let at = 0; at < 40; at++)
      await client
        .post("/scim/v2/Users")
        .send({ schemas: [userUrn], userName: `User-${at}` })
        .expect(201);
    await older.stop("SIGTERM");
    // The data as the builds before migration 1 wrote them.
    await withConnection(uri, async ({ db }) => {
      await db?.collection("users").updateMany({}, { $rename: { normalized: "folded" } });
      await db?.collection("tokens").updateMany({}, { $unset: { normalizedName: "" } });
      await db
        ?.collection<{ _id: number | string }>("migrations")
        .deleteMany({ _id: { $in: migrations.map(({ number }) => number) } });
    });

    const newer = await Promise.all([startProcess(environment), startProcess(environment)]);
    try {
      const runs = newer.map((each) => each.stderr().split('"message":"migration run"').length - 1);
      expect(runs.sort()).to.deep.equal([0, migrations.length]);
      for (const each of newer) {
        expect(each.firstSecret).to.equal("");
        const { body } = await each
          .clientWithSecret(older.firstSecret)
          .get(`/scim/v2/Users?count=0&filter=${encodeURIComponent('userName sw "user-"')}`)
          .expect(200);
        expect(body.totalResults).to.equal(40);
        const tokens = await each.clientWithSecret(older.firstSecret).get("/api/tokens?name=FIRST").expect(200);
        expect(tokens.body.data).to.have.length(1);
      }
      await withConnection(uri, async ({ db }) => {
        const applied = (await db?.collection("migrations").find().toArray()) ?? [];
        expect(applied.map(({ _id }) => _id as unknown)).to.deep.equal(migrations.map(({ number }) => number));
        expect(await db?.collection("users").countDocuments({ folded: { $exists: true } })).to.equal(0);
      });
    } finally {
      await Promise.all(newer.map((each) => each.stop("SIGTERM")));
    }
  });

  it("finds tokens by name that an older build writes after the migration", async () => {
    const environment = { MONGODB_URI: uri };
    const first = await startProcess(environment);
    const newer = [first];
    try {
      const client = first.clientWithSecret(first.firstSecret);
      const create = async (name: string): Promise<string> =>
        (await client.post("/api/tokens").send({ name, type: "scim" }).expect(201)).body.id;
      const created = await create("Created");
      const renamed = await create("Before");
      // As the builds before migration 2 store a new token, and a token that they rename.
      await withConnection(uri, async ({ db }) => {
        const documents = db?.collection("tokens");
        const matches = [
          await documents?.updateOne({ name: "Created" }, { $unset: { normalizedName: "" } }),
          await documents?.updateOne({ name: "Before" }, { $set: { name: "After" } }),
        ];
        expect(matches.map((each) => each?.modifiedCount)).to.deep.equal([1, 1]);
      });
      const last = await startProcess(environment);
      newer.push(last);
      const find = async (name: string): Promise<readonly string[]> => {
        const { body } = await last.clientWithSecret(first.firstSecret).get("/api/tokens").query({ name }).expect(200);
        return body.data.map(({ id }: { id: string }) => id);
      };
      while ((await find("CREATED")).length === 0) await delay(100);
      expect(await find("created")).to.deep.equal([created]);
      expect(await find("after")).to.deep.equal([renamed]);
      expect(await find("before")).to.deep.equal([]);
    } finally {
      await Promise.all(newer.map((each) => each.stop("SIGTERM")));
    }
  });
});
