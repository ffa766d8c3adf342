import { randomBytes } from "node:crypto";
import mongoose from "mongoose";
import { openMongoStore } from "../../src/store/mongo.ts";
import { assertHoldsNoSecret } from "../support/secrets.ts";
import type { Opened, OpenOptions } from "./opened.ts";

export interface MongoOpened extends Opened {
  /** The server and the database. */
  readonly uri: string;
}

/** @returns how a store is opened on a database of its own on this server */
export function openMongo(server: string): (options: OpenOptions) => Promise<MongoOpened> {
  return async (first): Promise<MongoOpened> => {
    const uri = withDatabase(server, `gatehouse_test_${randomBytes(6).toString("hex")}`);
    let options = first;
    let store = await openMongoStore({ uri, ...options });
    return {
      uri,
      get store() {
        return store;
      },
      reopen: async (changed = {}) => {
        await store.close();
        options = { ...options, ...changed };
        store = await openMongoStore({ uri, ...options });
        return store;
      },
      beside: () => openMongoStore({ uri, ...options }),
      dispose: async () => {
        await store.close();
        await withConnection(uri, async (connection) => {
          await assertDocumentsHoldNoSecret(connection);
          await connection.dropDatabase();
        });
      },
    };
  };
}

/** @throws Error naming the collection in which a secret of this run stands */
export async function assertDocumentsHoldNoSecret(connection: mongoose.Connection): Promise<void> {
  for (const { name } of (await connection.db?.listCollections().toArray()) ?? []) {
    const documents = await connection.collection(name).find().toArray();
    assertHoldsNoSecret(JSON.stringify(documents), name);
  }
}

/** `mongodb://host/?options` -> `mongodb://host/name?options` */
export function withDatabase(server: string, name: string): string {
  return server.replace(/^(mongodb(?:\+srv)?:\/\/[^/?]+)\/?[^?]*/, `$1/${name}`);
}

/** Goes past the store, to look at what it has done to the database. */
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
