import { expect } from "chai";
import { openMongoStore } from "../../../src/store/mongodb/store.ts";
import type { Store } from "../../../src/store/store.ts";
import { type DedicatedMongod, describeOnMongod, startDedicatedMongod } from "../../support/mongod.ts";
import {
  contractCollections,
  insertAll,
  newTestRecord,
  testRecordReader,
  testRecords,
} from "../contract/records.fixture.ts";
import { expectRejection } from "../contract/rejected.fixture.ts";

describeOnMongod("Store during a MongoDB outage", () => {
  let mongod: DedicatedMongod;
  let store: Store;
  before(async function () {
    const started = await startDedicatedMongod("replica-set");
    if (!started) {
      process.stderr.write("skipped, because there is no mongod to start: Store during a MongoDB outage\n");
      return this.skip();
    }
    mongod = started;
    store = await openMongoStore({ uri: mongod.uri, collections: contractCollections });
    await insertAll(store, "org_1", [newTestRecord("org_1", "a", { size: 0 })]);
  });
  after(async () => {
    await store?.close();
    await mongod?.dispose();
  });

  const expectUnavailable = async (): Promise<void> => {
    const rejections = await Promise.all(
      [
        () => store.ping(),
        () => testRecordReader(store, "org_1").get("thg_a"),
        () => testRecordReader(store, "org_1").list({ limit: 1, total: true }),
        () => testRecordReader(store, "org_1").list({ where: { op: "contains", path: "note", value: "x" }, limit: 1 }),
        () => store.lookup(testRecords, "secret", ["x"]),
        () => store.for("org_1").memberships.transitiveGroupsOf("usr_1"),
        () => insertAll(store, "org_1", [newTestRecord("org_1", "b")]),
      ].map((attempt) => expectRejection(attempt(), "unavailable")),
    );
    for (const { details } of rejections) expect(details.retryAfterSeconds).to.be.a("number");
  };
  const expectRecovery = async (): Promise<void> => {
    for (let triesLeft = 60; ; triesLeft--) {
      try {
        await store.ping();
        break;
      } catch (error) {
        if (triesLeft === 0) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
    expect((await testRecordReader(store, "org_1").get("thg_a"))?.id).to.equal("thg_a");
    await insertAll(store, "org_1", [newTestRecord("org_1", `c${Date.now()}`)]);
  };

  it("rejects every operation as unavailable while the server is frozen, and recovers afterwards", async () => {
    await mongod.freeze();
    try {
      await expectUnavailable();
      await expectUnavailable();
    } finally {
      mongod.thaw();
    }
    await expectRecovery();
  });

  it("rejects every operation as unavailable after the server was killed, and recovers after its restart", async () => {
    await mongod.kill();
    await expectUnavailable();
    await expectUnavailable();
    await mongod.start();
    await expectRecovery();
  });

  it("rejects an interrupted transaction as unavailable and keeps none of its writes", async () => {
    const interrupted = store.transaction(async (change) => {
      const writer = change.for("org_1").open(testRecords);
      await writer.increment("thg_a", { size: 1 });
      await mongod.freeze();
      await writer.increment("thg_a", { size: 1 });
    });
    try {
      await expectRejection(interrupted, "unavailable");
    } finally {
      mongod.thaw();
    }
    await expectRecovery();
    // The server aborts the transaction when it notices the closed connection, at the latest with the next write.
    await store.transaction((change) => change.for("org_1").open(testRecords).increment("thg_a", { rank: 1 }));
    expect((await testRecordReader(store, "org_1").get("thg_a"))?.size).to.equal(0);
  });
});
