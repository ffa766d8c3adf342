import { join } from "node:path";
import { expect } from "chai";
import { parseRawRecord } from "../../../src/store/record.ts";
import { createSqliteReader } from "../../../src/store/sqlite/collection.ts";
import { SqliteConnection } from "../../../src/store/sqlite/driver.ts";
import { type RowReader, readRowByRow } from "../../../src/store/sqlite/record.ts";
import type { Writer } from "../../../src/store/store.ts";
import {
  contractCollections,
  insertAll,
  newTestRecord,
  type TestRecord,
  testRecordReader,
  testRecords,
} from "../contract/records.fixture.ts";
import { openSqliteTestStore, type SqliteTestStore } from "./sqlite.fixture.ts";

/** The driver is synchronous, so each of these operations holds the event loop for as long as it takes. */
describe("Long records on SQLite", () => {
  const organization = "org_long";
  const long = "x".repeat(200_000);
  let opened: SqliteTestStore;
  beforeEach(async () => {
    opened = await openSqliteTestStore({ collections: contractCollections });
  });
  afterEach(() => opened.dispose());

  /** Whether the event loop turned before the work was finished. */
  const turnsDuring = async (work: () => Promise<unknown>): Promise<boolean> => {
    let hasTurned = false;
    const immediate = setImmediate(() => {
      hasTurned = true;
    });
    await work();
    clearImmediate(immediate);
    return hasTurned;
  };

  for (const [size, note, turns] of [
    ["long", long, true],
    ["short", "x", false],
  ] as const) {
    it(`are written and read in ${turns ? "separate steps" : "one step if they are short"}`, async () => {
      const record = newTestRecord(organization, "a", { note });
      const writes: Readonly<Record<string, (writer: Writer<TestRecord>) => Promise<unknown>>> = {
        insert: (writer) => writer.insert(record),
        replace: (writer) => writer.replace({ ...record, rank: 1 }, "any"),
        get: (writer) => writer.get(record.id),
        list: (writer) => writer.list({ where: { op: "eq", path: "id", value: record.id }, limit: 1 }),
      };
      for (const [name, write] of Object.entries(writes)) {
        await opened.store.transaction(async (change) => {
          const writer = change.for(organization).open(testRecords);
          expect(await turnsDuring(() => write(writer)), `${size} ${name}`).to.equal(turns);
        });
      }
      expect((await testRecordReader(opened.store, organization).get(record.id))?.note).to.equal(note);
    });
  }

  it("are committed in a step of their own if the transaction took long", async () => {
    let hasTurned = false;
    await opened.store.transaction(async (change) => {
      await change.for(organization).open(testRecords).insert(newTestRecord(organization, "a"));
      for (const startedAt = performance.now(); performance.now() - startedAt < 30; );
      setImmediate(() => {
        hasTurned = true;
      });
    });
    expect(hasTurned).to.equal(true);
  });

  it("are read one page per iteration of the event loop, however many lists are requested at once", async () => {
    const records = Array.from({ length: 30 }, (_, at) => newTestRecord(organization, String(at).padStart(2, "0")));
    await insertAll(opened.store, organization, records);
    const connection = new SqliteConnection(join(opened.dataDir, "gatehouse.db"), { readOnly: true });
    let iteration = 0;
    const readIn: number[] = [];
    const read: RowReader = (readConnection, select) => {
      readIn.push(iteration);
      return readRowByRow(readConnection, select);
    };
    const reader = createSqliteReader({
      ...{ connection: () => connection, definition: testRecords, organizationId: organization, read },
      decode: (record) => parseRawRecord(record) as TestRecord,
    });
    let next = setImmediate(function count() {
      iteration++;
      next = setImmediate(count);
    });
    const pages = await Promise.all(Array.from({ length: 8 }, () => reader.list({ limit: 30 })));
    clearImmediate(next);
    connection.close();
    expect(pages.map(({ items }) => items.length)).to.deep.equal(Array(8).fill(30));
    expect(new Set(readIn).size).to.equal(8);
  });

  it("are read a million characters at a time, also if the records before them are short", async () => {
    const idOf = (at: number): string => String(at).padStart(3, "0");
    const records = Array.from({ length: 60 }, (_, at) =>
      newTestRecord(organization, idOf(at), { note: at < 20 ? "" : long }),
    );
    await insertAll(opened.store, organization, records);
    const connection = new SqliteConnection(join(opened.dataDir, "gatehouse.db"), { readOnly: true });
    const lengths: number[] = [];
    const read: RowReader = (readConnection, select) => {
      const rows = readRowByRow(readConnection, select);
      lengths.push(rows.reduce((sum, { json }) => sum + json.length, 0));
      return rows;
    };
    const reader = createSqliteReader({
      ...{ connection: () => connection, definition: testRecords, organizationId: organization, read },
      decode: (record) => parseRawRecord(record) as TestRecord,
    });
    const sizeLimit = { lengthMax: 100 * long.length, firstBatch: 10 };
    const { items } = await reader.list({ limit: 60, sizeLimit });
    connection.close();
    expect(items.map(({ id }) => id)).to.deep.equal(records.map(({ id }) => id));
    expect(Math.max(...lengths)).to.be.below(1_100_000);
  });
});
