import { storeContract } from "../store.contract.ts";
import { openSqliteTestStore } from "./sqlite.fixture.ts";

storeContract("SQLite", openSqliteTestStore);

const observer = { recordTime: () => {}, recordError: () => {}, recordRetry: () => {}, addWaiting: () => {} };
storeContract("SQLite whose operations are measured", (options) => openSqliteTestStore({ ...options, observer }));
