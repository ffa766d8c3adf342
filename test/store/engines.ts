import { testMongo } from "../support/mongod.ts";
import { openMongo } from "./mongo-opened.ts";
import type { Open } from "./opened.ts";
import { openSqlite } from "./sqlite-opened.ts";

const mongo = await testMongo();

/** Every engine that keeps the contract and is to be had here. */
export const engines: readonly { readonly name: string; readonly open: Open }[] = [
  { name: "SQLite", open: openSqlite },
  ...(mongo ? [{ name: "MongoDB", open: openMongo(mongo.uri) }] : []),
];
