import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { organizations, serviceTenant, users } from "../../src/store/collections.ts";
import { openStore } from "../../src/store/open.ts";
import { withConnection, withDatabase } from "../store/mongodb/mongodb.fixture.ts";
import { describeOnMongod } from "../support/mongod.ts";
import { startProcess } from "../support/process.ts";
import { repetitionsOf } from "../support/repetitions.ts";
import { startWriteLoad } from "./write-load.fixture.ts";

const rounds = repetitionsOf(30);
/** Services that run at the same time, each with a database of its own. The rounds are divided among them. */
const lanes = [0, 1];
/** Acknowledged writes before a signal: different in each round, so that signals arrive at different moments. */
const writesBefore = (round: number): number => 10 + ((round * 7) % 40);
/** The most that a shutdown may take, in milliseconds: ten seconds for open requests, and the rest for the buffers. */
const exitMsMax = 12_000;

/** The settings of the service, and those of a store that reads its database. */
interface Database {
  readonly environment: Readonly<Record<string, string>>;
  readonly mongodbUri?: string;
  readonly dataDir: string;
}

/** Starts a service, interrupts it under a write load, and starts it again, until its share of the rounds is done. */
async function interrupt(database: Database, signal: "SIGKILL" | "SIGTERM"): Promise<void> {
  const acknowledged: string[] = [];
  let secret = "";
  for (let round = 0; round < rounds / lanes.length; round++) {
    const service = await startProcess(database.environment);
    try {
      secret ||= service.firstSecret;
      const load = startWriteLoad({ port: service.port, firstSecret: secret }, `round-${round}`);
      await load.waitForWrites(writesBefore(round));
      const signaledAt = Date.now();
      const exitCode = await service.stop(signal);
      const exitMs = Date.now() - signaledAt;
      const { unanswered, rejected, ...result } = await load.result();
      acknowledged.push(...result.acknowledged);
      expect(rejected, `rejected in round ${round}`).to.deep.equal([]);
      if (signal === "SIGKILL") continue;
      expect(unanswered, `unanswered in round ${round}`).to.deep.equal([]);
      expect(exitCode, service.stderr()).to.equal(0);
      expect(exitMs, service.stderr()).to.be.lessThan(exitMsMax);
    } finally {
      if (service.child.exitCode === null && service.child.signalCode === null) await service.stop("SIGKILL");
    }
  }
  expect(acknowledged.length).to.be.greaterThan((rounds / lanes.length) * 10);
  expect(await findLost(database, acknowledged)).to.deep.equal([]);
}

/** Returns the acknowledged users that the database does not have. */
async function findLost(database: Database, acknowledged: readonly string[]): Promise<readonly string[]> {
  const store = await openStore(database);
  try {
    const [organization] = (await store.for(serviceTenant).open(organizations).list({ limit: 1 })).items;
    const reader = store.for(organization?.id ?? "").open(users);
    const lost: string[] = [];
    for (const id of acknowledged) if (!(await reader.get(id))) lost.push(id);
    return lost;
  } finally {
    await store.close();
  }
}

/** Declares the promises about a service that is interrupted under a write load. */
function interruptionSuite(databaseOf: (lane: number) => Database): void {
  const run = async (signal: "SIGKILL" | "SIGTERM"): Promise<void> => {
    const first = signal === "SIGKILL" ? 0 : lanes.length;
    await Promise.all(lanes.map((lane) => interrupt(databaseOf(first + lane), signal)));
  };

  it(`loses no acknowledged write when it is killed ${rounds} times`, async function () {
    this.timeout(300_000);
    await run("SIGKILL");
  });

  it(`responds to every request, loses no acknowledged write and exits with 0 at ${rounds} SIGTERMs`, async function () {
    this.timeout(300_000);
    await run("SIGTERM");
  });
}

describe("The service under a write load on SQLite", () => {
  let directory: string;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "gatehouse-interruptions-"));
  });
  after(() => rm(directory, { recursive: true, force: true }));
  interruptionSuite((lane) => {
    const dataDir = join(directory, String(lane));
    return { environment: { DATA_DIR: dataDir }, dataDir };
  });
});

describeOnMongod("The service under a write load on MongoDB", (server) => {
  const name = `gatehouse_interruptions_${randomBytes(6).toString("hex")}`;
  const uriOf = (lane: number): string => withDatabase(server(), `${name}_${lane}`);
  after(async function () {
    this.timeout(180_000); // a transaction of a killed service locks its database for up to a minute
    for (let lane = 0; lane < 2 * lanes.length; lane++)
      await withConnection(uriOf(lane), (connection) => connection.dropDatabase());
  });
  interruptionSuite((lane) => ({ environment: { MONGODB_URI: uriOf(lane) }, mongodbUri: uriOf(lane), dataDir: "" }));
});
