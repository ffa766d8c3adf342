import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { MongoInstance, MongoMemoryReplSet } from "mongodb-memory-server-core";
import mongoose from "mongoose";
import { freePort } from "./free-port.ts";
import { type Binary, findMongod } from "./mongod-binary.ts";

/**
 * The MongoDB that the suites share: started by the first that asks, a replica set of one. Says in one line which it
 * is, or why there is none.
 * @returns its address without a database, or undefined when the MongoDB half of the suites is to be skipped
 */
export function testMongo(): Promise<{ readonly uri: string } | undefined> {
  shared ??= start();
  return shared;
}

/** Stops what `testMongo` started. */
export async function stopTestMongo(): Promise<void> {
  await (await shared)?.stop?.();
  shared = undefined;
}

/** A mongod of a test's own, which it may kill, freeze and start again on the same port and data. */
export interface OwnMongod {
  readonly uri: string;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
  /** Stops it in the middle of whatever it does. */
  freeze(): Promise<void>;
  thaw(): void;
  start(): Promise<void>;
  /** Ends it and removes its data. */
  dispose(): Promise<void>;
}

/** @returns undefined when there is no mongod to start */
export async function ownMongod(kind: "replica-set" | "standalone"): Promise<OwnMongod | undefined> {
  const found = await binary();
  if (!found) return skipped();
  const [port, dbPath] = [await freePort(), await mkdtemp(join(tmpdir(), "gatehouse-mongod-"))];
  const address = `mongodb://127.0.0.1:${port}`;
  const launch = (): Promise<MongoInstance> =>
    MongoInstance.create({
      instance: {
        ip: "127.0.0.1",
        port,
        dbPath,
        storageEngine: "wiredTiger",
        launchTimeout: 30_000,
        ...(kind === "replica-set" && { replSet: "rs0" }),
      },
      binary: { systemBinary: found.path },
    });
  let instance = await launch();
  if (kind === "replica-set") await initiate(address, port);
  const end = async (): Promise<void> => {
    instance.killerProcess?.kill("SIGKILL");
    const process = instance.mongodProcess;
    if (!process || process.exitCode !== null || process.signalCode !== null) return;
    await new Promise((resolve) => {
      process.once("exit", resolve);
      process.kill("SIGKILL"); // ends a frozen one too
    });
  };
  return {
    uri: kind === "replica-set" ? `${address}/?replicaSet=rs0` : address,
    kill: end,
    freeze: async () => {
      instance.mongodProcess?.kill("SIGSTOP");
      while (!(await stateOf(instance.mongodProcess?.pid)).startsWith("T"));
    },
    thaw: () => void instance.mongodProcess?.kill("SIGCONT"),
    start: async () => {
      instance = await launch();
    },
    dispose: async () => {
      await end();
      await rm(dbPath, { recursive: true, force: true });
    },
  };
}

interface Shared {
  readonly uri: string;
  readonly stop?: () => Promise<unknown>;
}

let shared: Promise<Shared | undefined> | undefined;
let foundBinary: Promise<Binary | undefined> | undefined;

function binary(): Promise<Binary | undefined> {
  // The one that is found is used whatever its version.
  process.env["MONGOMS_SYSTEM_BINARY_VERSION_CHECK"] = "false";
  foundBinary ??= findMongod();
  return foundBinary;
}

async function start(): Promise<Shared | undefined> {
  const say = (line: string): void => void process.stderr.write(`MongoDB for the tests: ${line}\n`);
  if (process.env["TEST_STORES"] === "sqlite") {
    say("none, because TEST_STORES=sqlite");
    return undefined;
  }
  const given = process.env["TEST_MONGODB_URI"];
  if (given) {
    say("the server in TEST_MONGODB_URI");
    return { uri: given };
  }
  const found = await binary();
  if (!found) {
    say("none. Set TEST_MONGODB_URI, or put mongod on the PATH. What needs it is skipped.");
    if (process.env["CI"] === "true")
      throw new Error("there is no MongoDB to test against, and in CI nothing is skipped");
    return undefined;
  }
  say(`${found.path} (${found.origin})`);
  const set = await MongoMemoryReplSet.create({
    binary: { systemBinary: found.path },
    replSet: { count: 1, storageEngine: "wiredTiger" },
    instanceOpts: [{ launchTimeout: 30_000 }],
  });
  return { uri: set.getUri(), stop: () => set.stop() };
}

/** @throws in CI, where a half that is not tested must not look like one that is */
function skipped(): undefined {
  if (process.env["CI"] === "true")
    throw new Error("there is no MongoDB to test against, and in CI nothing is skipped");
  return undefined;
}

async function initiate(address: string, port: number): Promise<void> {
  const connection = await mongoose.createConnection(address, { directConnection: true }).asPromise();
  try {
    const config = { _id: "rs0", members: [{ _id: 0, host: `127.0.0.1:${port}` }] };
    await connection.db?.admin().command({ replSetInitiate: config });
  } finally {
    await connection.close();
  }
}

/** As `ps` has it; a signal is sent before it is felt. */
async function stateOf(pid: number | undefined): Promise<string> {
  if (pid === undefined) throw new Error("mongod does not run");
  return (await promisify(execFile)("ps", ["-o", "stat=", "-p", String(pid)])).stdout;
}
