import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { MongoInstance, MongoMemoryReplSet } from "mongodb-memory-server-core";
import mongoose from "mongoose";
import { freePort } from "./free-port.ts";
import { findMongod, type MongodBinary } from "./mongod-binary.ts";

/**
 * Declares a suite that needs MongoDB. The shared mongod starts when the suite runs, so that loading its file starts none.
 * Without a mongod the suite is skipped, and `startSharedMongod` prints why.
 * @param declare declares the tests; `uri` returns the address of the server, for use in hooks and tests
 */
export function describeOnMongod(title: string, declare: (uri: () => string) => void): void {
  describeOn(title, "on the shared server", startSharedMongod, declare);
}

/**
 * Like `describeOnMongod`, but nothing else uses the server, so that its counters and fail points belong to the suite.
 * @param args further arguments of mongod
 */
export function describeOnOwnMongod(
  title: string,
  declare: (uri: () => string) => void,
  args: readonly string[] = [],
): void {
  const start = () => (process.env["TEST_STORES"] === "sqlite" ? undefined : startDedicatedMongod("replica-set", args));
  describeOn(title, "on a server of its own", start, declare);
}

function describeOn(
  title: string,
  serverTitle: string,
  start: () => MongodServer | undefined | Promise<MongodServer | undefined>,
  declare: (uri: () => string) => void,
): void {
  describe(title, () => {
    let server: MongodServer | undefined;
    before(async function () {
      this.timeout(180_000); // the first run may download a mongod
      server = await start();
      if (!server) this.skip();
    });
    after(() => server?.dispose?.());
    // If a `before` hook skips, mocha still runs the `after` hooks of its own suite, but none of nested suites.
    describe(serverTitle, () => declare(() => server?.uri ?? ""));
  });
}

/** A server, and how a suite that has started it for itself removes it. */
interface MongodServer {
  readonly uri: string;
  readonly dispose?: () => Promise<void>;
}

/**
 * Returns the MongoDB server that the suites share, a replica set with one member, and starts it on the first call. Prints
 * one line that names the server or the reason why there is none.
 * @returns its address without a database; undefined if there is no mongod, so that MongoDB suites must be skipped
 * @throws Error in CI if there is no mongod, because a skipped suite must not look like a passed one
 */
export function startSharedMongod(): Promise<{ readonly uri: string } | undefined> {
  shared ??= start();
  return shared;
}

/** Stops the server that `startSharedMongod` started. */
export async function stopSharedMongod(): Promise<void> {
  const server = await shared;
  if (!server) return; // the reason is printed only once
  await server.stop?.();
  shared = undefined;
}

/** A mongod for one test, which may kill, freeze and restart it on the same port and data. */
export interface DedicatedMongod {
  readonly uri: string;
  /** The directory of its data. */
  readonly dbPath: string;
  /** Kills the process without a shutdown, as a power failure would. */
  kill(): Promise<void>;
  /** Suspends the process. */
  freeze(): Promise<void>;
  /** Resumes a frozen process. */
  thaw(): void;
  /** Starts the process again after `kill`. */
  start(): Promise<void>;
  /** Kills the process and removes its data. */
  dispose(): Promise<void>;
}

/**
 * Starts a mongod on a free port.
 * @param args further arguments of mongod
 * @returns undefined if there is no mongod binary
 * @throws Error in CI if there is no mongod binary
 */
export async function startDedicatedMongod(
  kind: "replica-set" | "standalone",
  args: readonly string[] = [],
): Promise<DedicatedMongod | undefined> {
  const binary = await resolveBinary();
  if (!binary) return assertNotCi();
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
        args: [...args],
        ...(kind === "replica-set" && { replSet: "rs0" }),
      },
      binary: { systemBinary: binary.path },
    });
  let instance = await launch();
  if (kind === "replica-set") await initiate(address, port);
  const kill = async (): Promise<void> => {
    instance.killerProcess?.kill("SIGKILL");
    const process = instance.mongodProcess;
    if (!process || process.exitCode !== null || process.signalCode !== null) return;
    await new Promise((resolve) => {
      process.once("exit", resolve);
      process.kill("SIGKILL"); // also kills a frozen process
    });
  };
  return {
    uri: kind === "replica-set" ? `${address}/?replicaSet=rs0` : address,
    dbPath,
    kill,
    freeze: async () => {
      instance.mongodProcess?.kill("SIGSTOP");
      while (!(await readProcessState(instance.mongodProcess?.pid)).startsWith("T"));
    },
    thaw: () => void instance.mongodProcess?.kill("SIGCONT"),
    start: async () => {
      instance = await launch();
    },
    dispose: async () => {
      await kill();
      await rm(dbPath, { recursive: true, force: true });
    },
  };
}

/**
 * Closes files that were idle for ten seconds, instead of ten minutes. The suites create thousands of collections and
 * indexes, each with a file, and a mongod that reaches the limit of open files ends.
 */
const idleFiles = "file_manager=(close_idle_time=10,close_scan_interval=2,close_handle_minimum=250)";

interface SharedMongod {
  readonly uri: string;
  readonly stop?: () => Promise<unknown>;
}

let shared: Promise<SharedMongod | undefined> | undefined;
let mongodBinary: Promise<MongodBinary | undefined> | undefined;

function resolveBinary(): Promise<MongodBinary | undefined> {
  // Accepts any version of the binary.
  process.env["MONGOMS_SYSTEM_BINARY_VERSION_CHECK"] = "false";
  mongodBinary ??= findMongod();
  return mongodBinary;
}

async function start(): Promise<SharedMongod | undefined> {
  const logLine = (line: string): void => void process.stderr.write(`MongoDB for the tests: ${line}\n`);
  if (process.env["TEST_STORES"] === "sqlite") {
    logLine("none, because TEST_STORES=sqlite");
    return undefined;
  }
  const configuredUri = process.env["TEST_MONGODB_URI"];
  if (configuredUri) {
    if (!process.env["MOCHA_WORKER_ID"]) logLine("the server in TEST_MONGODB_URI");
    return { uri: configuredUri };
  }
  const binary = await resolveBinary();
  if (!binary) {
    logLine("none. MongoDB suites are skipped. To run them, set TEST_MONGODB_URI or add mongod to the PATH.");
    return assertNotCi();
  }
  logLine(`${binary.path} (${binary.origin})`);
  const set = await MongoMemoryReplSet.create({
    binary: { systemBinary: binary.path },
    replSet: { count: 1, storageEngine: "wiredTiger", args: ["--wiredTigerEngineConfigString", idleFiles] },
    instanceOpts: [{ launchTimeout: 30_000 }],
  });
  return { uri: set.getUri(), stop: () => set.stop() };
}

/** @throws Error in CI, where a skipped suite must not look like a passed one */
function assertNotCi(): undefined {
  if (process.env["CI"] === "true")
    throw new Error("no mongod is available; in CI, MongoDB suites must not be skipped");
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

/** Returns the process state from `ps`. A signal takes effect some time after it was sent. */
async function readProcessState(pid: number | undefined): Promise<string> {
  if (pid === undefined) throw new Error("mongod is not running");
  return (await promisify(execFile)("ps", ["-o", "stat=", "-p", String(pid)])).stdout;
}
