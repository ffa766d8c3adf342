import { openSqlite } from "./sqlite-opened.ts";
import type { Open } from "./store.contract.ts";

/** Every engine that keeps the contract. */
export const engines: readonly { readonly name: string; readonly open: Open }[] = [
  { name: "SQLite", open: openSqlite },
];
