import { openSqliteStore } from "../../../src/store/sqlite/store.ts";
import { contractCollections } from "../contract/records.fixture.ts";

// A process that opens a store, prints the result or the error, and keeps the store open until its input ends.
const [dataDir = ""] = process.argv.slice(2);
try {
  const store = openSqliteStore({ dataDir, collections: contractCollections });
  process.stdout.write("open\n");
  process.stdin.resume().on("end", () => void store.close());
} catch (error) {
  process.stdout.write(`${error}\n`);
  process.stdin.destroy();
}
