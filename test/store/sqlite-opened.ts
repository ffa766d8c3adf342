import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqliteStore } from "../../src/store/sqlite.ts";
import { assertFilesHoldNoSecret } from "../support/secrets.ts";
import type { Open, Opened } from "./opened.ts";

export interface SqliteOpened extends Opened {
  readonly dataDir: string;
}

/** An embedded store in a temporary folder of its own. */
export const openSqlite = (async (first): Promise<SqliteOpened> => {
  const dataDir = await mkdtemp(join(tmpdir(), "gatehouse-store-"));
  let options = first;
  let store = openSqliteStore({ dataDir, ...options });
  return {
    dataDir,
    get store() {
      return store;
    },
    reopen: async (changed = {}) => {
      await store.close();
      options = { ...options, ...changed };
      store = openSqliteStore({ dataDir, ...options });
      return store;
    },
    dispose: async () => {
      await store.close();
      await assertFilesHoldNoSecret(dataDir);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}) satisfies Open;
