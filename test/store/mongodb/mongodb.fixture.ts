import { randomBytes } from "node:crypto";
import mongoose from "mongoose";
import { withCaches } from "../../../src/store/cache/cached-store.ts";
import { measureEngine } from "../../../src/store/measured-store.ts";
import { openMongoStore } from "../../../src/store/mongodb/store.ts";
import type { Store } from "../../../src/store/store.ts";
import { assertNoSecrets } from "../../support/secrets.ts";
import { areCachesEnabled, type TestStore, type TestStoreOptions } from "../test-store.fixture.ts";

/** A store on a MongoDB database of its own. */
export interface MongoTestStore extends TestStore {
  /** Address of the server and the database. */
  readonly uri: string;
}

/**
 * Emptied databases by server and collection definitions. Creating a database takes about ten times as long as emptying
 * one, and a mongod becomes slower with each dropped collection, whose files it keeps for minutes.
 */
const emptyDatabases = new Map<string, string[]>();

/** Returns a function that opens a store on an empty database of this server. */
export function mongoTestStoreOpener(server: string): (options: TestStoreOptions) => Promise<MongoTestStore> {
  return async (initialOptions): Promise<MongoTestStore> => {
    const key = `${server} ${JSON.stringify(initialOptions.collections)}`;
    // A test that knows the address, or opens the data with other definitions, can change more than the records.
    let isReusable = initialOptions.migrations === undefined;
    const uri =
      (isReusable && emptyDatabases.get(key)?.pop()) ||
      withDatabase(server, `gatehouse_test_${randomBytes(6).toString("hex")}`);
    let options = { hasCache: areCachesEnabled, ...initialOptions };
    const open = async (): Promise<Store> => {
      const { observer, ...engineOptions } = options;
      const opened = await openMongoStore({ uri, ...engineOptions });
      const engine = observer ? measureEngine(opened, observer) : opened;
      return options.hasCache ? withCaches(engine) : engine;
    };
    let store = await open();
    return {
      get uri() {
        isReusable = false;
        return uri;
      },
      get store() {
        return store;
      },
      reopen: async (changedOptions) => {
        await store.close();
        if (changedOptions) isReusable = false;
        options = { ...options, ...changedOptions };
        store = await open();
        return store;
      },
      openSecond: open,
      dispose: async () => {
        await store.close();
        await withConnection(uri, async (connection) => {
          await assertNoSecretInDocuments(connection);
          if (!isReusable) return connection.dropDatabase();
          await removeAllDocuments(connection);
          emptyDatabases.set(key, [...(emptyDatabases.get(key) ?? []), uri]);
        });
      },
    };
  };
}

/** Removes all records. The collections, their indexes and the numbers of the applied migrations stay. */
async function removeAllDocuments(connection: mongoose.Connection): Promise<void> {
  const collections = (await connection.db?.listCollections().toArray()) ?? [];
  const names = collections.map(({ name }) => name).filter((name) => name !== "migrations");
  await Promise.all(names.map((name) => connection.collection(name).deleteMany({})));
}

/** Asserts that no document contains a secret of this run. @throws Error that names the collection */
export async function assertNoSecretInDocuments(connection: mongoose.Connection): Promise<void> {
  for (const { name } of (await connection.db?.listCollections().toArray()) ?? []) {
    const documents = await connection.collection(name).find().toArray();
    assertNoSecrets(JSON.stringify(documents), name);
  }
}

/** `mongodb://host/?options` -> `mongodb://host/name?options` */
export function withDatabase(server: string, name: string): string {
  return server.replace(/^(mongodb(?:\+srv)?:\/\/[^/?]+)\/?[^?]*/, `$1/${name}`);
}

/** Connects to the database without the store, so that a test can inspect or prepare it. */
export async function withConnection<R>(
  uri: string,
  work: (connection: mongoose.Connection) => Promise<R>,
): Promise<R> {
  const connection = await mongoose.createConnection(uri).asPromise();
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}
