import { expect } from "chai";
import { readRaw } from "../../../../src/store/mongodb/read/find-raw.ts";
import { describeOnMongod } from "../../../support/mongod.ts";
import { repetitionsOf } from "../../../support/repetitions.ts";
import { withConnection, withDatabase } from "../mongodb.fixture.ts";

describeOnMongod("A query whose result does not fit in the first batch", (server) => {
  it("closes its cursor, whatever the id of the cursor, and reads in the other way", async () => {
    // The id is random, and one in a thousand fits in a number of JavaScript.
    const queries = repetitionsOf(5000);
    await withConnection(withDatabase(server(), `gatehouse_cursors_${Date.now()}`), async (connection) => {
      const { db } = connection;
      if (!db) throw new Error("there is no connection");
      await db.collection("records").insertMany([{ at: 1 }, { at: 2 }]);
      const read = () => readRaw(db, { find: "records", filter: {}, batchSize: 1 }, async () => []);
      for (let done = 0; done < queries; done += 50)
        expect(await Promise.all(Array.from({ length: 50 }, read))).to.have.length(50);
      await connection.dropDatabase();
    });
  });
});
