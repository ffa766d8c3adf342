import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Environment } from "../src/config.ts";
import { withDatabase } from "../test/store/mongo-opened.ts";
import { ownMongod } from "../test/support/mongod.ts";

export const storeNames = ["SQLite", "MongoDB"] as const;
export type StoreName = (typeof storeNames)[number];

/** An empty store, the settings that choose it, and its end. */
export interface OpenedStore {
  readonly environment: Environment;
  /** Brings what is stored into the system's cache. Machines lose what they have not read for a while. */
  cache(): Promise<void>;
  dispose(): Promise<void>;
}

/** @throws Error when there is no mongod of our own to be had */
export async function emptyStore(name: StoreName): Promise<OpenedStore> {
  if (name === "SQLite") {
    const dataDir = await mkdtemp(join(tmpdir(), "gatehouse-bench-"));
    return {
      environment: { DATA_DIR: dataDir },
      cache: () => readWhole(join(dataDir, "gatehouse.db")),
      dispose: () => rm(dataDir, { recursive: true, force: true }),
    };
  }
  const mongod = await ownMongod("replica-set");
  if (!mongod) throw new Error("the bench needs a mongod of its own");
  return {
    environment: { MONGODB_URI: withDatabase(mongod.uri, "gatehouse") },
    cache: async () => {}, // mongod has one of its own
    dispose: () => mongod.dispose(),
  };
}

async function readWhole(path: string): Promise<void> {
  for await (const _ of createReadStream(path, { highWaterMark: 1024 * 1024 }));
}
