import { expect } from "chai";
import type { Store } from "../../src/store/collection.ts";
import { openMongoStore } from "../../src/store/mongo.ts";
import { type OwnMongod, ownMongod, testMongo } from "../support/mongod.ts";
import { refused } from "./contract/refused.ts";
import { contractCollections, insertAll, reading, thing, things } from "./contract/things.ts";

const server = await testMongo();

if (server) {
  describe("MongoDB that is gone", () => {
    let mongod: OwnMongod;
    let store: Store;
    before(async function () {
      const started = await ownMongod("replica-set");
      if (!started) {
        process.stderr.write("skipped, because there is no mongod to start: MongoDB that is gone\n");
        return this.skip();
      }
      mongod = started;
      store = await openMongoStore({ uri: mongod.uri, collections: contractCollections });
      await insertAll(store, "org_1", [thing("org_1", "a", { size: 0 })]);
    });
    after(async () => {
      await store?.close();
      await mongod?.dispose();
    });

    const everythingIsUnavailable = async (): Promise<void> => {
      const causes = await Promise.all(
        [
          () => store.ping(),
          () => reading(store, "org_1").get("thg_a"),
          () => reading(store, "org_1").list({ limit: 1, total: true }),
          () => reading(store, "org_1").list({ where: { op: "contains", path: "note", value: "x" }, limit: 1 }),
          () => store.lookup(things, "secret", ["x"]),
          () => store.for("org_1").memberships.allGroupsOf("usr_1"),
          () => insertAll(store, "org_1", [thing("org_1", "b")]),
        ].map((attempt) => refused(attempt(), "unavailable")),
      );
      for (const { details } of causes) expect(details.retryAfterSeconds).to.be.a("number");
    };
    const answersAgain = async (): Promise<void> => {
      for (let triesLeft = 60; ; triesLeft--) {
        try {
          await store.ping();
          break;
        } catch (error) {
          if (triesLeft === 0) throw error;
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
      }
      expect((await reading(store, "org_1").get("thg_a"))?.id).to.equal("thg_a");
      await insertAll(store, "org_1", [thing("org_1", `c${Date.now()}`)]);
    };

    it("is answered as unavailable while it is frozen, and used again once it is not", async () => {
      await mongod.freeze();
      try {
        await everythingIsUnavailable();
        await everythingIsUnavailable();
      } finally {
        mongod.thaw();
      }
      await answersAgain();
    });

    it("is answered as unavailable when it is killed, and used again once it is back", async () => {
      await mongod.kill();
      await everythingIsUnavailable();
      await everythingIsUnavailable();
      await mongod.start();
      await answersAgain();
    });

    it("ends a transaction that is half done as unavailable, and keeps nothing of it", async () => {
      const half = store.transaction(async (change) => {
        const writer = change.for("org_1").open(things);
        await writer.increment("thg_a", { size: 1 });
        await mongod.freeze();
        await writer.increment("thg_a", { size: 1 });
      });
      try {
        await refused(half, "unavailable");
      } finally {
        mongod.thaw();
      }
      await answersAgain();
      // The server lets go of it when it hears of the connection's end, at the latest with the next write.
      await store.transaction((change) => change.for("org_1").open(things).increment("thg_a", { rank: 1 }));
      expect((await reading(store, "org_1").get("thg_a"))?.size).to.equal(0);
    });
  });
}
