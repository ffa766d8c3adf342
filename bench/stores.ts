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
  dispose(): Promise<void>;
}

/** @throws Error when there is no mongod of our own to be had */
export async function emptyStore(name: StoreName): Promise<OpenedStore> {
  if (name === "SQLite") {
    const dataDir = await mkdtemp(join(tmpdir(), "gatehouse-bench-"));
    return { environment: { DATA_DIR: dataDir }, dispose: () => rm(dataDir, { recursive: true, force: true }) };
  }
  const mongod = await ownMongod("replica-set");
  if (!mongod) throw new Error("the bench needs a mongod of its own");
  return {
    environment: { MONGODB_URI: withDatabase(mongod.uri, "gatehouse") },
    dispose: () => mongod.dispose(),
  };
}
