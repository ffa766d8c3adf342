import { expect } from "chai";
import { StartError } from "../../src/errors.ts";
import type { Migration } from "../../src/store/migrations.ts";
import { openMongoStore } from "../../src/store/mongo.ts";
import { ownMongod, testMongo } from "../support/mongod.ts";
import { failed } from "./contract/refused.ts";
import { contractCollections, insertAll, reading, thing, things } from "./contract/things.ts";
import { openMongo, withConnection } from "./mongo-opened.ts";

const server = await testMongo();

if (server) {
  describe("openMongoStore", () => {
    const open = openMongo(server.uri);
    const refusal = async (uri: string): Promise<string> => {
      const error = await failed(() => openMongoStore({ uri, collections: contractCollections }));
      expect(error).to.be.instanceOf(StartError);
      return String(error);
    };

    it("refuses a standalone server, and says how to make it a replica set of one", async function () {
      const mongod = await ownMongod("standalone");
      if (!mongod) return skipped(this);
      try {
        expect(await refusal(mongod.uri)).to.match(/standalone.*--replSet.*rs\.initiate\(\)/);
      } finally {
        await mongod.dispose();
      }
    });

    it("refuses a server that does not answer, and shows no credentials", async () => {
      const message = await refusal("mongodb://somebody:open%20sesame@127.0.0.1:1/gatehouse?replicaSet=rs0");
      expect(message).to.contain("127.0.0.1:1");
      expect(message).not.to.match(/somebody|sesame/);
    });

    it("refuses what is no connection string, and does not repeat it", async () => {
      for (const uri of [
        "http://somebody:sesame@host/",
        "mongodb://somebody:sesame@/",
        "mongodb://somebody:se%same@host:99999/",
        "mongodb://somebody:sesame@host/?nonsense=sesame",
        "sesame",
      ]) {
        const message = await refusal(uri);
        expect(message).to.match(/^StartError: MONGODB_URI/);
        expect(message).not.to.match(/somebody|sesame/);
      }
    });

    it("runs a migration once although several processes start together", async () => {
      const opened = await open({ collections: contractCollections });
      try {
        await insertAll(
          opened.store,
          "org_1",
          Array.from({ length: 700 }, (_, at) => thing("org_1", String(at), { size: 0 })),
        );
        let rewritten = 0;
        const migration: Migration = {
          number: 1,
          name: "counts itself",
          collection: things,
          rewrite: (record) => {
            rewritten++;
            return { ...record, size: Number(record["size"]) + 1 };
          },
        };
        const { uri } = opened;
        const stores = await Promise.all(
          [1, 2, 3].map(() => openMongoStore({ uri, collections: contractCollections, migrations: [migration] })),
        );
        expect(rewritten).to.equal(700);
        const [first] = stores;
        if (first) {
          expect(await reading(first, "org_1").count({ op: "ge", path: "version", value: 1 })).to.equal(700);
          expect(await reading(first, "org_1").count({ op: "eq", path: "size", value: 1 })).to.equal(700);
        }
        await Promise.all(stores.map((store) => store.close()));
      } finally {
        await opened.dispose();
      }
    });

    it("leaves alone what others have put into the database", async () => {
      const opened = await open({ collections: contractCollections });
      try {
        const indexesOf = (): Promise<unknown[]> =>
          withConnection(opened.uri, (connection) => connection.collection("things").listIndexes().toArray());
        await withConnection(opened.uri, async (connection) => {
          await connection.collection("things").createIndex({ size: 1 }, { name: "by_an_operator" });
          await connection.collection("reports").insertOne({ theirs: true });
        });
        const before = await indexesOf();
        await opened.reopen();
        expect(await indexesOf()).to.deep.equal(before);
        expect(
          await withConnection(opened.uri, (connection) => connection.collection("reports").countDocuments()),
        ).to.equal(1);
      } finally {
        await opened.dispose();
      }
    });
  });
}

function skipped(context: Mocha.Context): never {
  process.stderr.write(`skipped, because there is no mongod to start: ${context.test?.fullTitle() ?? ""}\n`);
  return context.skip();
}
