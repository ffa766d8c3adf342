import { openSqliteStore } from "../../../src/store/sqlite/store.ts";
import { contractCollections, newTestRecord, writeTestRecords } from "../contract/records.fixture.ts";

// A process that writes until it is killed, eight transactions at a time, and prints the id of each acknowledged one.
const [dataDir = "", round = ""] = process.argv.slice(2);
const store = openSqliteStore({ dataDir, collections: contractCollections });
const organization = "org_writer";
await Promise.all(
  Array.from({ length: 8 }, async (_, writer) => {
    for (let at = 0; ; at++) {
      const record = newTestRecord(organization, `${round}_${writer}_${at}`);
      await writeTestRecords(store, organization, (each) => each.insert(record));
      process.stdout.write(`${record.id}\n`);
    }
  }),
);
