import { PassThrough } from "node:stream";
import { expect } from "chai";
import { createLog } from "../../../src/log.ts";
import { toDocument } from "../../../src/store/mongodb/document.ts";
import { openMongoStore } from "../../../src/store/mongodb/store.ts";
import type { Store } from "../../../src/store/store.ts";
import { describeOnMongod } from "../../support/mongod.ts";
import {
  contractCollections,
  insertAll,
  newOrganizationId,
  newTestRecord,
  testRecordReader,
  testRecords,
  writeTestRecords,
} from "../contract/records.fixture.ts";
import { expectRejection } from "../contract/rejected.fixture.ts";
import { type MongoTestStore, mongoTestStoreOpener, withConnection } from "./mongodb.fixture.ts";

describeOnMongod("MongoDB store under concurrency", (uri) => {
  let opened: MongoTestStore;
  let organization: string;
  before(async () => {
    opened = await mongoTestStoreOpener(uri())({ collections: contractCollections, scanTimeMs: 150 });
  });
  after(() => opened.dispose());
  beforeEach(() => {
    organization = newOrganizationId();
  });
  const count = (): Promise<number> => testRecordReader(opened.store, organization).count();

  it("commits fifty concurrent changes of one group from two processes with few attempts each", async () => {
    const otherStore = await openMongoStore({ uri: opened.uri, collections: contractCollections });
    try {
      await insertAll(opened.store, organization, [newTestRecord(organization, "group", { size: 0 })]);
      let attempts = 0;
      const change = (store: Store, at: number): Promise<unknown> =>
        store.transaction(
          async (transaction) => {
            attempts++;
            const tenant = transaction.for(organization);
            await tenant.memberships.add("thg_group", [`usr_${at}`]);
            await tenant.open(testRecords).insert(newTestRecord(organization, `event${at}`));
            await tenant.open(testRecords).increment("thg_group", { size: 1, version: 1 });
          },
          { lockKey: "thg_group" },
        );
      await Promise.all(Array.from({ length: 50 }, (_, at) => change(at % 2 ? opened.store : otherStore, at)));
      const group = await testRecordReader(opened.store, organization).get("thg_group");
      expect([group?.size, group?.version]).to.deep.equal([50, 51]);
      expect(await opened.store.for(organization).memberships.members("thg_group", { limit: 100 })).to.have.length(50);
      expect(await count()).to.equal(51);
      expect(attempts).to.be.at.most(50 * 5);
    } finally {
      await otherStore.close();
    }
  });

  it("rejects a transaction as unavailable if every attempt hits a write conflict", async () => {
    await insertAll(opened.store, organization, [newTestRecord(organization, "a", { size: 0 })]);
    const otherStore = await openMongoStore({ uri: opened.uri, collections: contractCollections });
    const increment = (): Promise<boolean> =>
      writeTestRecords(otherStore, organization, (writer) => writer.increment("thg_a", { size: 1 }));
    let attempts = 0;
    const conflicting = opened.store.transaction(async (change) => {
      attempts++;
      const writer = change.for(organization).open(testRecords);
      await writer.get("thg_a");
      await increment();
      await writer.increment("thg_a", { size: 1000 });
    });
    await expectRejection(conflicting, "unavailable").finally(() => otherStore.close());
    expect((await testRecordReader(opened.store, organization).get("thg_a"))?.size).to.equal(attempts);
  });

  it("rejects a transaction even if its body catches the conflict that aborted it", async () => {
    await insertAll(opened.store, organization, [newTestRecord(organization, "a", { code: "c" })]);
    const ignoringConflict = writeTestRecords(opened.store, organization, async (writer) => {
      await writer.insert(newTestRecord(organization, "b", { code: "c" })).catch(() => undefined);
      return "done";
    });
    expect((await expectRejection(ignoringConflict, "conflict")).details.key).to.equal("code");
    const continuingAfterConflict = writeTestRecords(opened.store, organization, async (writer) => {
      await writer.insert(newTestRecord(organization, "b", { code: "c" })).catch(() => undefined);
      await writer.insert(newTestRecord(organization, "c"));
    });
    await expectRejection(continuingAfterConflict, "conflict");
    expect(await count()).to.equal(1);
  });

  it("accepts operations that a transaction body starts concurrently", async () => {
    await writeTestRecords(opened.store, organization, async (writer) => {
      await Promise.all(["a", "b", "c"].map((name) => writer.insert(newTestRecord(organization, name))));
    });
    expect(await count()).to.equal(3);
  });

  it("neither returns nor logs the value that violates a unique index", async () => {
    const value = "somebody@example.com";
    const record = newTestRecord(organization, "a", { code: value, secret: value, devices: [{ serial: value }] });
    await insertAll(opened.store, organization, [record]);
    const output = new PassThrough({ encoding: "utf8" });
    const log = createLog("debug", output);
    for (const fields of [{ code: value }, { secret: value }, { devices: [{ serial: value }] }]) {
      const error = await expectRejection(
        insertAll(opened.store, organization, [newTestRecord(organization, "b", { note: value, ...fields })]),
        "conflict",
      );
      log.error("rejected", { error });
      expect(String((error.cause as Error).stack)).not.to.contain(value);
    }
    expect(String(output.read())).to.contain("11000").and.not.to.contain(value);
  });

  it("keeps exact totals in few rows regardless of the number of inserts and removals", async () => {
    const countRows = (): Promise<number> =>
      withConnection(opened.uri, (connection) =>
        connection.collection("record_counts").countDocuments({ organizationId: organization }),
      );
    const records = Array.from({ length: 1200 }, (_, at) => newTestRecord(organization, String(at)));
    await withConnection(opened.uri, async (connection) => {
      // One count row per record, as single inserts create them.
      const countDeltas = records.map(() => ({ organizationId: organization, collection: "things", delta: 1 }));
      await connection.collection("record_counts").insertMany(countDeltas);
      await connection
        .collection<{ _id: unknown }>("things")
        .insertMany(records.map((each) => ({ _id: "", ...toDocument(each) })));
    });
    const totals = await Promise.all(Array.from({ length: 20 }, count));
    expect(new Set(totals)).to.deep.equal(new Set([1200]));
    while ((await countRows()) > 1) expect(await count()).to.equal(1200);
    await writeTestRecords(opened.store, organization, (writer) => writer.remove("thg_7", "any"));
    expect(await count()).to.equal(1199);
    expect(await countRows()).to.equal(2);
  });

  it("serves indexed reads while expensive queries run, and limits the time of those", async () => {
    await withConnection(opened.uri, async (connection) => {
      const documents = connection.collection<{ _id: unknown }>("things");
      for (let from = 0; from < 100_000; from += 5000) {
        const batch = Array.from({ length: 5000 }, (_, at) =>
          newTestRecord(organization, `n${from + at}`, { note: `note ${from + at} ${"x".repeat(200)}` }),
        );
        await documents.insertMany(
          batch.map((each) => ({ _id: "", ...toDocument(each) })),
          { writeConcern: { w: 1 } },
        );
      }
    });
    const reader = testRecordReader(opened.store, organization);
    const expensive = Array.from({ length: 80 }, (_, at) =>
      reader.list({
        where: { op: "not", condition: { op: "contains", path: "note", value: at % 2 ? "x" : "note" } },
        sort: { path: "note", direction: "descending" },
        limit: 10,
        total: true,
      }),
    );
    let isDone = false;
    const bounded = Promise.all(expensive.map((each) => expectRejection(each, "query-too-expensive"))).finally(() => {
      isDone = true;
    });
    let indexedReads = 0;
    while (!isDone) {
      expect((await reader.get("thg_n77"))?.id).to.equal("thg_n77");
      indexedReads++;
    }
    await bounded;
    expect(indexedReads, "indexed reads that finished during the scans").to.be.greaterThan(4);
    // On an idle machine a single count may finish in 150 ms, but on no machine in 20 ms.
    const impatientStore = await openMongoStore({ uri: opened.uri, collections: contractCollections, scanTimeMs: 20 });
    const slowCount = testRecordReader(impatientStore, organization).count({
      op: "contains",
      path: "note",
      value: "y",
    });
    await expectRejection(slowCount, "query-too-expensive").finally(() => impatientStore.close());
  });
});
