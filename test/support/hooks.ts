import { accessSync, constants, statfsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { config, expect } from "chai";
import { startSharedMongod, stopSharedMongod } from "./mongod.ts";
import { root } from "./root.ts";
import { findUntestedOperations, removeSavedOperations, saveSucceededOperations } from "./tested-operations.ts";

/** Whether all suites run, and not only a file or the tests with certain titles. */
const isCompleteRun =
  process.argv.includes("dist/test/**/*.test.js") &&
  !process.argv.some((argument) => /^(-[gf]|--f?grep)/.test(argument));
const isParallelWorker = process.env["MOCHA_WORKER_ID"] !== undefined;

useMemoryForFiles();
// The message of a failure in CI is all there is of it.
config.truncateThreshold = 500;

// Mocha's pool ends its processes with SIGTERM after a second, while they may still write their coverage.
if (isParallelWorker) process.on("SIGTERM", () => {});

/** Hooks that run around all suites, or in each process of mocha's parallel mode around those of each file. */
export const mochaHooks = {
  async afterAll(): Promise<void> {
    saveSucceededOperations();
    if (isParallelWorker) await stopSharedMongod();
  },
};

/**
 * Runs once, before any suite, in the process that was started. In mocha's parallel mode it starts the MongoDB server that
 * all processes share.
 */
export async function mochaGlobalSetup(): Promise<void> {
  removeSavedOperations();
  if (!process.argv.includes("--parallel")) return;
  const server = await startSharedMongod();
  if (server) process.env["TEST_MONGODB_URI"] = server.uri;
}

/** Runs once, after all suites, in the process that was started. */
export async function mochaGlobalTeardown(): Promise<void> {
  try {
    if (!isCompleteRun) return;
    // The suites have started MongoDB already, if there is one.
    await recordEngines((await startSharedMongod()) !== undefined);
    expect(findUntestedOperations(), "operations that no test has seen succeed").to.deep.equal([]);
  } finally {
    await stopSharedMongod();
  }
}

/**
 * Puts the files of test databases into memory, where there is room: a third of the time of the suites is the wait for
 * disks that have to make each commit durable. TMPDIR, if set, takes precedence.
 */
function useMemoryForFiles(): void {
  const [directory, freeBytesMin] = ["/dev/shm", 8 * 1024 ** 3];
  try {
    accessSync(directory, constants.W_OK);
    const { bavail, bsize } = statfsSync(directory);
    if (bavail * bsize >= freeBytesMin) process.env["TMPDIR"] ??= directory;
  } catch {
    // Only Linux has it.
  }
}

/** Writes the file from which scripts/test.mjs reads how much coverage to require. */
async function recordEngines(hasMongodb: boolean): Promise<void> {
  await mkdir(join(root, "coverage"), { recursive: true });
  await writeFile(join(root, "coverage/engines.txt"), hasMongodb ? "SQLite and MongoDB" : "SQLite");
}
