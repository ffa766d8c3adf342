import { expect } from "chai";
import { StartupError } from "../../../src/errors.ts";
import type { Migration } from "../../../src/store/migrations.ts";
import { openMongoStore } from "../../../src/store/mongodb/store.ts";
import { describeOnMongod, startDedicatedMongod } from "../../support/mongod.ts";
import {
  contractCollections,
  insertAll,
  newTestRecord,
  testRecordReader,
  testRecords,
} from "../contract/records.fixture.ts";
import { expectFailure } from "../contract/rejected.fixture.ts";
import type { TestStoreOptions } from "../test-store.fixture.ts";
import { mongoTestStoreOpener, withConnection } from "./mongodb.fixture.ts";

describeOnMongod("openMongoStore", (uri) => {
  const open = (options: TestStoreOptions) => mongoTestStoreOpener(uri())(options);
  const startupErrorFor = async (invalidUri: string): Promise<string> => {
    const error = await expectFailure(() => openMongoStore({ uri: invalidUri, collections: contractCollections }));
    expect(error).to.be.instanceOf(StartupError);
    return String(error);
  };

  it("rejects a standalone server and explains how to convert it to a replica set", async function () {
    const mongod = await startDedicatedMongod("standalone");
    if (!mongod) return skip(this);
    try {
      expect(await startupErrorFor(mongod.uri)).to.match(/standalone.*--replSet.*rs\.initiate\(\)/);
    } finally {
      await mongod.dispose();
    }
  });

  it("rejects an unreachable server without revealing the credentials", async () => {
    const message = await startupErrorFor("mongodb://somebody:open%20sesame@127.0.0.1:1/gatehouse?replicaSet=rs0");
    expect(message).to.contain("127.0.0.1:1");
    expect(message).not.to.match(/somebody|sesame/);
  });

  it("rejects an invalid connection string without repeating it", async () => {
    for (const invalidUri of [
      "http://somebody:sesame@host/",
      "mongodb://somebody:sesame@/",
      "mongodb://somebody:se%same@host:99999/",
      "mongodb://somebody:sesame@host/?nonsense=sesame",
      "sesame",
    ]) {
      const message = await startupErrorFor(invalidUri);
      expect(message).to.match(/^StartupError: MONGODB_URI/);
      expect(message).not.to.match(/somebody|sesame/);
    }
  });

  it("reads with the read concern of the connection string, also where it sends commands of its own", async () => {
    const opened = await open({ collections: contractCollections });
    const separator = opened.uri.includes("?") ? "&" : "?";
    const store = await openMongoStore({
      uri: `${opened.uri}${separator}readConcernLevel=linearizable`,
      collections: contractCollections,
    });
    try {
      await insertAll(store, "org_1", [newTestRecord("org_1", "a", { secret: "s" })]);
      await withConnection(opened.uri, async ({ db }) => {
        await db?.command({ profile: 2 });
        expect((await store.lookup(testRecords, "secret", ["s"]))?.id).to.equal("thg_a");
        expect((await testRecordReader(store, "org_1").get("thg_a"))?.id).to.equal("thg_a");
        await db?.command({ profile: 0 });
        const operations =
          (await db
            ?.collection("system.profile")
            .find({ ns: /things$/ })
            .toArray()) ?? [];
        expect(operations).not.to.have.length(0);
        for (const { command } of operations) expect(command.readConcern?.level).to.equal("linearizable");
      });
    } finally {
      await store.close();
      await opened.dispose();
    }
  });

  it("runs a migration once if several processes start together", async () => {
    const opened = await open({ collections: contractCollections, migrations: [] });
    try {
      await insertAll(
        opened.store,
        "org_1",
        Array.from({ length: 700 }, (_, at) => newTestRecord("org_1", String(at), { size: 0 })),
      );
      let rewritten = 0;
      const migration: Migration = {
        number: 1,
        name: "increment size",
        collection: testRecords,
        rewrite: (record) => {
          rewritten++;
          return { ...record, size: Number(record["size"]) + 1 };
        },
      };
      const { uri: databaseUri } = opened;
      const stores = await Promise.all(
        [1, 2, 3].map(() =>
          openMongoStore({ uri: databaseUri, collections: contractCollections, migrations: [migration] }),
        ),
      );
      expect(rewritten).to.equal(700);
      const [first] = stores;
      if (first) {
        expect(await testRecordReader(first, "org_1").count({ op: "ge", path: "version", value: 1 })).to.equal(700);
        expect(await testRecordReader(first, "org_1").count({ op: "eq", path: "size", value: 1 })).to.equal(700);
      }
      await Promise.all(stores.map((store) => store.close()));
    } finally {
      await opened.dispose();
    }
  });

  it("warns if the clock of this machine differs from the server's by more than a second", async () => {
    const opened = await open({ collections: contractCollections });
    try {
      for (const [offset, aheadMs] of [
        [0, undefined],
        [-500, undefined],
        [60_000, 60_000],
        [-60_000, -60_000],
      ] as const) {
        const warnings: unknown[] = [];
        const log = {
          debug: () => {},
          info: () => {},
          error: () => {},
          warn: (...line: unknown[]) => warnings.push(line),
        };
        const now = () => Date.now() + offset;
        await (await openMongoStore({ uri: opened.uri, collections: contractCollections, log, now })).close();
        expect(warnings).to.have.length(aheadMs === undefined ? 0 : 1);
        if (aheadMs === undefined) continue;
        const [message, fields] = warnings[0] as [string, { aheadMs: number }];
        expect(message).to.include("Synchronize them");
        expect(fields.aheadMs).to.be.closeTo(aheadMs, 10_000);
      }
    } finally {
      await opened.dispose();
    }
  });

  it("keeps collections and indexes that it did not create", async () => {
    const opened = await open({ collections: contractCollections });
    try {
      const listIndexes = (): Promise<unknown[]> =>
        withConnection(opened.uri, (connection) => connection.collection("things").listIndexes().toArray());
      await withConnection(opened.uri, async (connection) => {
        await connection.collection("things").createIndex({ size: 1 }, { name: "custom_size_index" });
        await connection.collection("reports").insertOne({ isForeign: true });
      });
      const indexesBefore = await listIndexes();
      await opened.reopen();
      expect(await listIndexes()).to.deep.equal(indexesBefore);
      expect(
        await withConnection(opened.uri, (connection) => connection.collection("reports").countDocuments()),
      ).to.equal(1);
    } finally {
      await opened.dispose();
    }
  });
});

function skip(context: Mocha.Context): never {
  process.stderr.write(`skipped, because there is no mongod to start: ${context.test?.fullTitle() ?? ""}\n`);
  return context.skip();
}
