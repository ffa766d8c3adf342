import { openSqliteStore } from "../../../src/store/sqlite.ts";
import { contractCollections } from "../contract/things.ts";

// A process that opens a store, says so or why not, and holds it until its input ends.
const [dataDir = ""] = process.argv.slice(2);
try {
  const store = openSqliteStore({ dataDir, collections: contractCollections });
  process.stdout.write("open\n");
  process.stdin.resume().on("end", () => void store.close());
} catch (error) {
  process.stdout.write(`${error}\n`);
  process.stdin.destroy();
}
