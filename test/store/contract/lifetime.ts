import { expect } from "chai";
import { StartupError } from "../../../src/errors.ts";
import type { CollectionDefinition } from "../../../src/store/store.ts";
import type { OpenTestStore, TestStore } from "../test-store.fixture.ts";
import {
  contractCollections,
  insertAll,
  nameOf,
  newTestRecord,
  newUniqueKey,
  selectNames,
  type TestRecord,
  testRecordReader,
  testRecords,
} from "./records.fixture.ts";
import { expectFailure, expectRejection } from "./rejected.fixture.ts";

/** Tests closing and reopening, and changes of the declared indexes. */
export function lifetimeContract(open: OpenTestStore): void {
  const organization = "org_lifetime";
  let opened: TestStore;
  beforeEach(async () => {
    opened = await open({ collections: contractCollections, migrations: [] });
  });
  afterEach(() => opened.dispose());

  describe("close", () => {
    it("finishes running transactions and keeps all data for the next start", async () => {
      const { store } = opened;
      const secret = newUniqueKey();
      const record = newTestRecord(organization, "a", { name: "n", secret, emails: [{ value: "a@x" }] });
      await insertAll(store, organization, [record]);
      await store.transaction((change) => change.for(organization).memberships.add("grp_1", ["usr_1"]));
      const running = Array.from({ length: 40 }, (_, at) =>
        insertAll(store, organization, [newTestRecord(organization, `b${at}`)]),
      );
      await store.close();
      const outcomes = await Promise.allSettled(running);
      expect(outcomes.filter(({ status }) => status === "rejected")).to.deep.equal([]);
      const reopened = await opened.reopen();
      expect(await testRecordReader(reopened, organization).get("thg_a")).to.deep.equal(record);
      expect(await reopened.lookup(testRecords, "secret", [secret])).to.deep.equal(record);
      expect(
        await selectNames(reopened, organization, {
          op: "some",
          path: "emails",
          where: { op: "eq", path: "value", value: "a@x" },
        }),
      ).to.deep.equal(["a"]);
      expect(await reopened.for(organization).memberships.members("grp_1", { limit: 9 })).to.deep.equal(["usr_1"]);
      expect(await testRecordReader(reopened, organization).count()).to.equal(41);
    });

    it("makes every later call fail as unavailable", async () => {
      const { store } = opened;
      await insertAll(store, organization, [newTestRecord(organization, "a")]);
      const reader = testRecordReader(store, organization);
      await store.close();
      for (const attempt of [
        () => reader.get("thg_a"),
        () => reader.list({ limit: 1 }),
        () => reader.list({ where: { op: "contains", path: "note", value: "x" }, limit: 1 }),
        () => reader.count(),
        () => store.for(organization).memberships.members("grp_1", { limit: 1 }),
        () => store.lookup(testRecords, "secret", ["x"]),
        () => store.transaction(async () => undefined),
        () => insertAll(store, organization, [newTestRecord(organization, "b")]),
        () => store.ping(),
      ]) {
        await expectRejection(attempt(), "unavailable");
      }
    });

    it("can be called twice", async () => {
      await Promise.all([opened.store.close(), opened.store.close()]);
      await opened.store.close();
    });
  });

  describe("declared indexes", () => {
    const bare: CollectionDefinition<TestRecord> = { name: "things", indexes: [] };

    it("are built over existing records", async () => {
      const secret = newUniqueKey();
      const serial = newUniqueKey();
      await opened.reopen({ collections: [bare] });
      await insertAll(opened.store, organization, [
        newTestRecord(organization, "a", {
          name: "n",
          code: "c",
          secret,
          emails: [{ value: "a@x" }],
          devices: [{ serial }],
        }),
      ]);
      const store = await opened.reopen({ collections: contractCollections });
      const where = { op: "eq", path: "value", value: "a@x" } as const;
      expect(await selectNames(store, organization, { op: "some", path: "emails", where })).to.deep.equal(["a"]);
      expect(await selectNames(store, organization, { op: "eq", path: "name", value: "n" })).to.deep.equal(["a"]);
      expect((await store.lookup(testRecords, "secret", [secret]))?.id).to.equal("thg_a");
      expect((await store.lookup(testRecords, "devices.serial", [serial]))?.id).to.equal("thg_a");
      await expectRejection(
        insertAll(store, organization, [newTestRecord(organization, "b", { code: "c" })]),
        "conflict",
      );
      await expectRejection(
        insertAll(store, organization, [newTestRecord(organization, "b", { devices: [{ serial }] })]),
        "conflict",
      );
    });

    it("stop enforcing uniqueness when they are no longer declared", async () => {
      const serial = newUniqueKey();
      await insertAll(opened.store, organization, [
        newTestRecord(organization, "a", { code: "c", devices: [{ serial }] }),
      ]);
      const store = await opened.reopen({ collections: [bare] });
      await insertAll(store, organization, [newTestRecord(organization, "b", { code: "c", devices: [{ serial }] })]);
      const where = { op: "eq", path: "code", value: "c" } as const;
      const { items } = await testRecordReader(store, organization, bare).list({ where, limit: 9 });
      expect(items.map(nameOf)).to.deep.equal(["a", "b"]);
    });

    it("become unique or non-unique with their declaration", async () => {
      const plain: CollectionDefinition<TestRecord> = {
        name: "things",
        indexes: [{ path: "code" }, { path: "name", unique: "organization" }, { path: "devices", element: "serial" }],
      };
      const serial = newUniqueKey();
      let store = await opened.reopen({ collections: [plain] });
      await insertAll(store, organization, [
        newTestRecord(organization, "a", { code: "1", name: "n", devices: [{ serial }] }),
      ]);
      await expectRejection(
        insertAll(store, organization, [newTestRecord(organization, "b", { name: "n" })]),
        "conflict",
      );
      store = await opened.reopen({ collections: contractCollections });
      await insertAll(store, organization, [newTestRecord(organization, "b", { code: "2", name: "n" })]);
      await expectRejection(
        insertAll(store, organization, [newTestRecord(organization, "c", { code: "1" })]),
        "conflict",
      );
      await expectRejection(
        insertAll(store, organization, [newTestRecord(organization, "c", { devices: [{ serial }] })]),
        "conflict",
      );
    });

    it("are rejected at startup when existing records violate them", async () => {
      let store = await opened.reopen({ collections: [bare] });
      await insertAll(store, organization, [
        newTestRecord(organization, "a", { code: "c" }),
        newTestRecord(organization, "b", { code: "c" }),
      ]);
      await store.close();
      const error = await expectFailure(() => opened.reopen({ collections: contractCollections }));
      expect(error).to.be.instanceOf(StartupError);
      expect(String(error)).to.contain("code");
      store = await opened.reopen({ collections: [bare] });
      expect(await testRecordReader(store, organization).count()).to.equal(2);
    });
  });
}
