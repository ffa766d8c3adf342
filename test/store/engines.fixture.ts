import { describeOnMongod } from "../support/mongod.ts";
import { mongoTestStoreOpener } from "./mongodb/mongodb.fixture.ts";
import { openSqliteTestStore } from "./sqlite/sqlite.fixture.ts";
import type { OpenTestStore } from "./test-store.fixture.ts";

/**
 * Declares one suite per storage engine, titled `TITLE on ENGINE`. MongoDB is started when its first suite runs, so
 * that a run of other suites starts none; without a mongod its suites are skipped, and `startSharedMongod` prints why.
 * @param declare declares the tests; `open` opens an empty store on the engine
 */
export function describeOnEngines(title: string, declare: (open: OpenTestStore, engine: string) => void): void {
  describe(`${title} on SQLite`, () => declare(openSqliteTestStore, "SQLite"));
  if (process.env["TEST_STORES"] === "sqlite") return;
  describeOnMongod(`${title} on MongoDB`, (uri) =>
    declare((options) => mongoTestStoreOpener(uri())(options), "MongoDB"),
  );
}
