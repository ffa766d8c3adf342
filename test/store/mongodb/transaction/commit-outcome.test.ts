import { expect } from "chai";
import { describeOnOwnMongod } from "../../../support/mongod.ts";
import {
  contractCollections,
  newOrganizationId,
  newTestRecord,
  testRecordReader,
  testRecords,
} from "../../contract/records.fixture.ts";
import { type FailPoint, failPointArgs, withFailPoint } from "../fail-points.fixture.ts";
import { type MongoTestStore, mongoTestStoreOpener } from "../mongodb.fixture.ts";

describeOnOwnMongod(
  "Transactions that share a commit on MongoDB",
  (uri) => {
    let opened: MongoTestStore;
    before(async () => {
      opened = await mongoTestStoreOpener(uri())({ collections: contractCollections });
    });
    after(() => opened.dispose());

    /** Runs three transactions while commits fail: two insert a record, and one rejects what it reads of the first. */
    const runDuringFailure = async (failure: Readonly<Record<string, unknown>>, mode?: FailPoint["mode"]) => {
      const organization = newOrganizationId();
      let runs = 0;
      const insert = (name: string) =>
        opened.store.transaction(async (change) => {
          runs++;
          await change.for(organization).open(testRecords).insert(newTestRecord(organization, name));
        });
      const failIfFirstExists = () =>
        opened.store.transaction(async (change) => {
          runs++;
          if (await change.for(organization).open(testRecords).get("thg_a")) throw new Error("a exists");
        });
      const data = { failCommands: ["commitTransaction"], ...failure };
      const outcomes = await withFailPoint(
        opened.uri,
        { configureFailPoint: "failCommand", data, ...(mode && { mode }) },
        () => Promise.allSettled([insert("a"), insert("b"), failIfFirstExists()]),
      );
      return {
        runs,
        codes: outcomes.map((each) =>
          each.status === "rejected" ? (each.reason.code ?? each.reason.message) : "stored",
        ),
        count: (await testRecordReader(opened.store, organization).list({ limit: 9 })).items.length,
      };
    };

    const unknown = ["unavailable", "unavailable", "unavailable"];
    const maxTimeExpired = 50;
    for (const [title, failure, count] of [
      [
        "the majority takes longer than the time limit",
        { writeConcernError: { code: maxTimeExpired, codeName: "MaxTimeMSExpired", errmsg: "too late" } },
        2,
      ],
      ["the time limit ends before the commit", { errorCode: maxTimeExpired }, 0],
      ["the connection is lost before the commit, also for every retry", { closeConnection: true }, 0],
    ] as const) {
      it(`are unavailable and do not run again if ${title}`, async () => {
        expect(await runDuringFailure(failure)).to.deep.equal({ runs: 3, codes: unknown, count });
      });
    }

    it("run again if the transaction is certainly not stored", async () => {
      const noSuchTransaction = 251;
      const failure = { errorCode: noSuchTransaction, errorLabels: ["TransientTransactionError"] };
      const result = await runDuringFailure(failure, { times: 1 });
      expect(result).to.deep.equal({ runs: 6, codes: ["stored", "stored", "a exists"], count: 2 });
    });
  },
  failPointArgs,
);
