import { openSqlite } from "./sqlite-opened.ts";
import { storeContract } from "./store.contract.ts";

storeContract("SQLite", openSqlite);
