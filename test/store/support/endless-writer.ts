import { openSqliteStore } from "../../../src/store/sqlite.ts";
import { contractCollections, thing, write } from "../contract/things.ts";

// A process that writes until it is killed, eight changes at a time, and says the id of each that was acknowledged.
const [dataDir = "", round = ""] = process.argv.slice(2);
const store = openSqliteStore({ dataDir, collections: contractCollections });
const organization = "org_writer";
await Promise.all(
  Array.from({ length: 8 }, async (_, writer) => {
    for (let at = 0; ; at++) {
      const record = thing(organization, `${round}_${writer}_${at}`);
      await write(store, organization, (each) => each.insert(record));
      process.stdout.write(`${record.id}\n`);
    }
  }),
);
