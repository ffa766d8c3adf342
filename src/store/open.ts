import type { Log } from "../log.ts";
import { withCaches } from "./cache/cached-store.ts";
import { collections } from "./collections.ts";
import type { StoreEngine } from "./engine.ts";
import type { Store } from "./store.ts";

/**
 * Opens MongoDB when a URI is set, otherwise the embedded SQLite engine. Only the engine in use is loaded: without
 * mongoose a CLI command takes little more than half the time.
 * @param settings.mongodbUri the connection string of a replica set; undefined selects SQLite
 * @param settings.dataDir the directory of the SQLite database file
 * @param settings.missing what to do when there is no database; by default, one is created
 * @param settings.hasCache false disables every cache of the store
 * @param settings.log receives debug lines about migrations and full scans
 * @throws StartupError when the database cannot be used, with the reason and the fix
 */
export async function openStore({
  mongodbUri,
  dataDir,
  missing = "create",
  hasCache = true,
  log,
}: {
  readonly mongodbUri?: string;
  readonly dataDir: string;
  readonly missing?: "create" | "reject";
  readonly hasCache?: boolean;
  readonly log?: Log;
}): Promise<Store> {
  const options = { collections, missing, ...(log && { log }) };
  const open = async (): Promise<StoreEngine> => {
    if (mongodbUri === undefined) {
      const { openSqliteStore } = await import("./sqlite/store.ts");
      return openSqliteStore({ dataDir, ...options });
    }
    const { openMongoStore } = await import("./mongodb/store.ts");
    return openMongoStore({ uri: mongodbUri, ...options });
  };
  const engine = await open();
  return hasCache ? withCaches(engine) : engine;
}
