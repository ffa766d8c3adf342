import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Environment } from "../src/config.ts";
import { withDatabase } from "../test/store/mongodb/mongodb.fixture.ts";
import { startDedicatedMongod } from "../test/support/mongod.ts";

/** The stores that the benchmark measures. */
export const storeNames = ["SQLite", "MongoDB"] as const;
export type StoreName = (typeof storeNames)[number];

/** An empty store and the settings that select it. */
export interface BenchStore {
  readonly environment: Environment;
  /** Loads the data into the page cache. Some machines evict data that was not read for a while. */
  warmCache(): Promise<void>;
  dispose(): Promise<void>;
}

/** Creates an empty store. @throws Error if no dedicated mongod can be started */
export async function openEmptyStore(name: StoreName): Promise<BenchStore> {
  if (name === "SQLite") {
    const dataDir = await mkdtemp(join(tmpdir(), "gatehouse-bench-"));
    return {
      environment: { DATA_DIR: dataDir },
      warmCache: () => readFully(join(dataDir, "gatehouse.db")),
      dispose: () => rm(dataDir, { recursive: true, force: true }),
    };
  }
  const mongod = await startDedicatedMongod("replica-set");
  if (!mongod) throw new Error("the benchmark needs a dedicated mongod");
  return {
    environment: { MONGODB_URI: withDatabase(mongod.uri, "gatehouse") },
    warmCache: async () => {}, // mongod has its own cache
    dispose: () => mongod.dispose(),
  };
}

async function readFully(path: string): Promise<void> {
  for await (const _ of createReadStream(path, { highWaterMark: 1024 * 1024 }));
}
