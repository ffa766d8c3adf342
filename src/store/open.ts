import type { Log } from "../log.ts";
import type { CacheCounts } from "./cache/cache-counts.ts";
import { withCaches } from "./cache/cached-store.ts";
import { collections } from "./collections.ts";
import type { StoreEngine } from "./engine.ts";
import { type EndedOperation, measureEngine, type StoreObserver, silentObserver } from "./measured-store.ts";
import type { Store } from "./store.ts";

/**
 * Opens MongoDB when a URI is set, otherwise the embedded SQLite engine. Only the engine in use is loaded: without
 * mongoose a CLI command takes little more than half the time.
 * @param settings.mongodbUri the connection string of a replica set; undefined selects SQLite
 * @param settings.dataDir the directory of the SQLite database file
 * @param settings.missing what to do when there is no database; by default, one is created
 * @param settings.hasCache false disables every cache of the store
 * @param settings.log receives debug lines about migrations and full scans
 * @param settings.metrics receives what the operations of the engine cost, and the hits of the caches
 * @param settings.recordOperation receives each operation of the engine as a whole, for traces
 * @throws StartupError when the database cannot be used, with the reason and the fix
 */
export async function openStore({
  mongodbUri,
  dataDir,
  missing = "create",
  hasCache = true,
  log,
  metrics,
  recordOperation,
}: {
  readonly mongodbUri?: string;
  readonly dataDir: string;
  readonly missing?: "create" | "reject";
  readonly hasCache?: boolean;
  readonly log?: Log;
  readonly metrics?: { readonly observer: StoreObserver; readonly caches: CacheCounts } | undefined;
  readonly recordOperation?: ((operation: EndedOperation) => void) | undefined;
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
  const opened = await open();
  const observer = recordOperation ? { ...(metrics?.observer ?? silentObserver), recordOperation } : metrics?.observer;
  const engine = observer ? measureEngine(opened, observer) : opened;
  return hasCache ? withCaches(engine, undefined, metrics?.caches) : engine;
}
