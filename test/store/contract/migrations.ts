import { expect } from "chai";
import { hasErrorCode, StartupError } from "../../../src/errors.ts";
import type { Migration } from "../../../src/store/migrations.ts";
import type { Store } from "../../../src/store/store.ts";
import type { OpenTestStore, TestStore } from "../test-store.fixture.ts";
import {
  contractCollections,
  insertAll,
  newTestRecord,
  searchableRecords,
  selectNames,
  type TestSearchFields,
  testRecordReader,
  testRecords,
  writeTestRecords,
} from "./records.fixture.ts";
import { expectFailure } from "./rejected.fixture.ts";

/** How migrations run over the records of a store that is opened again. */
export function migrationContract(open: OpenTestStore): void {
  const organization = "org_migrations";
  let opened: TestStore;
  beforeEach(async () => {
    opened = await open({ collections: contractCollections, migrations: [] });
  });
  afterEach(() => opened.dispose());

  const toUpperCase: Migration = {
    number: 1,
    name: "names in upper case",
    collection: testRecords,
    rewrite: (record) =>
      typeof record["name"] === "string" ? { ...record, name: record["name"].toUpperCase() } : undefined,
  };
  const appendLetter: Migration = {
    number: 2,
    name: "names with a letter appended",
    collection: testRecords,
    rewrite: (record) => (typeof record["name"] === "string" ? { ...record, name: `${record["name"]}A` } : undefined),
  };
  const nameOfFirst = async (store: Store): Promise<unknown> =>
    (await testRecordReader(store, organization).get("thg_a"))?.name;

  describe("migrations", () => {
    it("run once each, in order, over the records of every organization", async () => {
      await insertAll(opened.store, organization, [
        newTestRecord(organization, "a", { name: "a", note: "unchanged" }),
        newTestRecord(organization, "b"),
      ]);
      await insertAll(opened.store, "org_other", [newTestRecord("org_other", "a", { name: "b" })]);
      let store = await opened.reopen({ migrations: [toUpperCase] });
      expect(await nameOfFirst(store)).to.equal("A");
      expect(await testRecordReader(store, organization).get("thg_b")).to.deep.equal(newTestRecord(organization, "b"));
      expect((await testRecordReader(store, "org_other").get("thg_a"))?.name).to.equal("B");
      await writeTestRecords(store, organization, (writer) =>
        writer.replace(newTestRecord(organization, "a", { name: "a", note: "unchanged" }), "any"),
      );
      store = await opened.reopen({ migrations: [toUpperCase, appendLetter] });
      expect(await nameOfFirst(store)).to.equal("aA");
      store = await opened.reopen({ migrations: [toUpperCase, appendLetter] });
      expect(await nameOfFirst(store)).to.equal("aA");
      expect(await selectNames(store, organization, { op: "eq", path: "name", value: "aA" })).to.deep.equal(["a"]);
      expect(await testRecordReader(store, organization).get("thg_a")).to.deep.equal(
        newTestRecord(organization, "a", { name: "aA", note: "unchanged" }),
      );
    });

    it("receive a record with its search fields and rewrite both", async () => {
      const retitle: Migration = {
        number: 1,
        name: "new titles in the search fields",
        collection: searchableRecords,
        rewrite: (record) => ({
          ...record,
          note: "rewritten",
          normalized: { ...(record["normalized"] as TestSearchFields), title: "new" },
        }),
      };
      await opened.store.transaction(async (change) => {
        const writer = change.for(organization).open(searchableRecords);
        await writer.insert({ ...newTestRecord(organization, "a"), normalized: { title: "old", code: "unchanged" } });
      });
      const store = await opened.reopen({ migrations: [retitle] });
      const reader = store.for(organization).open(searchableRecords);
      const rewritten = newTestRecord(organization, "a", { note: "rewritten" });
      for (const [path, value] of [
        ["normalized.title", "new"],
        ["normalized.code", "unchanged"],
      ] as const) {
        expect((await reader.list({ where: { op: "eq", path, value }, limit: 9 })).items).to.deep.equal([rewritten]);
      }
      expect(await reader.count({ op: "eq", path: "normalized.title", value: "old" })).to.equal(0);
    });

    it("run over more records than one batch holds", async () => {
      await insertAll(
        opened.store,
        organization,
        Array.from({ length: 1234 }, (_, at) => newTestRecord(organization, String(at), { name: "x" })),
      );
      const store = await opened.reopen({ migrations: [toUpperCase] });
      expect(await testRecordReader(store, organization).count({ op: "eq", path: "name", value: "X" })).to.equal(1234);
    });

    it("rename a field, keep its value and type, and leave records without the field unchanged", async () => {
      const extra = { list: [1, "two", null], "quoted \" and ' key": false };
      await insertAll(opened.store, organization, [
        newTestRecord(organization, "a", { note: "n", size: 0, active: false, extra }),
        newTestRecord(organization, "b", { note: null }),
        newTestRecord(organization, "c"),
      ]);
      const rename: Migration = {
        number: 1,
        name: "renamed fields",
        renames: [
          { collection: "things", from: "note", to: "name" },
          { collection: "things", from: "size", to: "rank" },
          { collection: "things", from: "active", to: "enabled" },
          { collection: "things", from: "extra", to: "more" },
          { collection: "not_declared", from: "a", to: "b" },
        ],
      };
      const store = await opened.reopen({ migrations: [rename] });
      const { items } = await testRecordReader(store, organization).list({ limit: 9 });
      expect(items).to.deep.equal([
        { ...newTestRecord(organization, "a", { name: "n", rank: 0 }), enabled: false, more: extra },
        newTestRecord(organization, "b", { name: null }),
        newTestRecord(organization, "c"),
      ]);
      expect(await selectNames(store, organization, { op: "eq", path: "name", value: "n" })).to.deep.equal(["a"]);
    });

    it("are recorded by an empty store without rewriting anything", async () => {
      let rewriteCount = 0;
      const counting: Migration = {
        number: 1,
        name: "counts the records it receives",
        collection: testRecords,
        rewrite: () => {
          rewriteCount++;
          return undefined;
        },
      };
      const store = await opened.reopen({ migrations: [counting] });
      await insertAll(store, organization, [newTestRecord(organization, "a")]);
      await opened.reopen();
      expect(rewriteCount).to.equal(0);
      await opened.store.close();
      expect(String(await expectFailure(() => opened.reopen({ migrations: [] })))).to.match(/newer/);
      await opened.reopen({ migrations: [counting] });
    });

    it("reject data that a newer release has written", async () => {
      await opened.reopen({ migrations: [toUpperCase, appendLetter] });
      await opened.store.close();
      const error = await expectFailure(() => opened.reopen({ migrations: [toUpperCase] }));
      expect(error).to.be.instanceOf(StartupError);
      expect(hasErrorCode(error)).to.equal(false);
      expect(String(error)).to.match(/newer/);
      await opened.reopen({ migrations: [toUpperCase, appendLetter] });
    });
  });
}
