import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withCaches } from "../../../src/store/cache/cached-store.ts";
import type { StoreEngine } from "../../../src/store/engine.ts";
import { measureEngine } from "../../../src/store/measured-store.ts";
import { openSqliteStore } from "../../../src/store/sqlite/store.ts";
import type { Store } from "../../../src/store/store.ts";
import { assertNoSecretsInFiles } from "../../support/secrets.ts";
import { areCachesEnabled, type OpenTestStore, type TestStore, type TestStoreOptions } from "../test-store.fixture.ts";

export interface SqliteTestStore extends TestStore {
  readonly dataDir: string;
  /** The engine of `store`, which reads everything from the database. */
  readonly engine: StoreEngine;
}

/** Opens an embedded store in its own temporary directory. */
export const openSqliteTestStore = (async (first): Promise<SqliteTestStore> => {
  const dataDir = await mkdtemp(join(tmpdir(), "gatehouse-store-"));
  await writeFile(join(dataDir, "gatehouse.db"), await createEmptyDatabase(first), { mode: 0o600 });
  let options = { hasCache: areCachesEnabled, ...first };
  const openEngine = (): StoreEngine => {
    const { observer, ...engineOptions } = options;
    const opened = openSqliteStore({ dataDir, ...engineOptions });
    return observer ? measureEngine(opened, observer) : opened;
  };
  const decorate = (opened: StoreEngine): Store => (options.hasCache ? withCaches(opened) : opened);
  let engine = openEngine();
  let store = decorate(engine);
  return {
    dataDir,
    get engine() {
      return engine;
    },
    get store() {
      return store;
    },
    reopen: async (changed = {}) => {
      await store.close();
      options = { ...options, ...changed };
      engine = openEngine();
      store = decorate(engine);
      return store;
    },
    dispose: async () => {
      await store.close();
      await assertNoSecretsInFiles(dataDir);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}) satisfies OpenTestStore;

const emptyDatabases = new Map<string, Promise<Buffer>>();

/**
 * Returns the database file of an empty store. The service creates it once per schema, because creating the tables and
 * indexes takes longer than most tests.
 */
function createEmptyDatabase({ collections, migrations }: TestStoreOptions): Promise<Buffer> {
  const create = async (): Promise<Buffer> => {
    const dataDir = await mkdtemp(join(tmpdir(), "gatehouse-empty-"));
    try {
      await openSqliteStore({ dataDir, collections, ...(migrations && { migrations }) }).close();
      return await readFile(join(dataDir, "gatehouse.db"));
    } finally {
      await rm(dataDir, { recursive: true, force: true });
    }
  };
  const key = JSON.stringify([collections, migrations?.map(({ number }) => number)]);
  const database = emptyDatabases.get(key) ?? create();
  emptyDatabases.set(key, database);
  return database;
}
