import { storeContract } from "../store.contract.ts";
import { openSqliteTestStore } from "./sqlite.fixture.ts";

storeContract("SQLite", openSqliteTestStore);
