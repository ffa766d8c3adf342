import { expect } from "chai";
import type { Condition } from "../../../src/store/query.ts";
import type { Reader, Store, Writer } from "../../../src/store/store.ts";
import {
  nameOf,
  newOrganizationId,
  newTestRecord,
  searchableRecords,
  type TestRecord,
  type TestRecordWithSearchFields,
  type TestSearchFields,
} from "./records.fixture.ts";
import { expectFailure, expectRejection } from "./rejected.fixture.ts";
import { eq, some } from "./selects.fixture.ts";

/** Tests fields that are filterable and not read back. */
export function searchFieldsContract(store: () => Store): void {
  describe("search fields", () => {
    let organization: string;
    beforeEach(() => {
      organization = newOrganizationId();
    });
    const reader = (): Reader<TestRecord> => store().for(organization).open(searchableRecords);
    const change = <R>(body: (writer: Writer<TestRecord, TestRecordWithSearchFields>) => Promise<R>): Promise<R> =>
      store().transaction((transaction) => body(transaction.for(organization).open(searchableRecords)));
    const insert = (name: string, normalized: TestSearchFields, fields: Partial<TestRecord> = {}): Promise<void> =>
      change((writer) => writer.insert({ ...newTestRecord(organization, name, fields), normalized }));
    const select = async (where: Condition): Promise<string> =>
      (await reader().list({ where, limit: 100 })).items.map(nameOf).join("");

    it("are not part of a record that is read", async () => {
      await insert("a", { title: "x" }, { name: "X" });
      const expected = newTestRecord(organization, "a", { name: "X" });
      expect(await reader().get("thg_a")).to.deep.equal(expected);
      for (const where of [
        eq("normalized.title", "x"),
        { op: "contains", path: "normalized.title", value: "x" } as const,
      ]) {
        for (const path of ["id", "normalized.title", "normalized.rank", "note"]) {
          const page = await reader().list({ where, sort: { path, direction: "ascending" }, limit: 1 });
          expect(page.items, path).to.deep.equal([expected]);
        }
      }
      await change(async (writer) => {
        expect(await writer.get("thg_a")).to.deep.equal(expected);
        expect((await writer.list({ limit: 1 })).items).to.deep.equal([expected]);
      });
    });

    it("are filtered, counted and sorted by, with and without an index", async () => {
      await insert("a", { title: "b", rank: 2, emails: [{ value: "x@y", type: "work", primary: true }] });
      await insert("b", { title: "a", emails: [{ value: "x@y", type: "home" }, { value: "z" }] });
      await insert("c", { rank: 1, emails: [] });
      const rows: readonly (readonly [Condition, string])[] = [
        [eq("normalized.title", "a"), "b"],
        [{ op: "startsWith", path: "normalized.title", value: "a" }, "b"],
        [{ op: "present", path: "normalized.title" }, "ab"],
        [{ op: "present", path: "normalized" }, "abc"],
        [{ op: "present", path: "normalized.emails" }, "ab"],
        [{ op: "ge", path: "normalized.rank", value: 2 }, "a"],
        [some("normalized.emails", eq("value", "x@y")), "ab"],
        [some("normalized.emails", eq("type", "home")), "b"],
        [some("normalized.emails", { op: "and", all: [eq("value", "x@y"), eq("primary", true)] }), "a"],
        [some("normalized.emails", { op: "and", all: [eq("value", "x@y"), eq("type", "other")] }), ""],
        [{ op: "not", condition: some("normalized.emails", eq("value", "z")) }, "ac"],
        [{ op: "present", path: "title" }, ""],
      ];
      for (const [where, names] of rows) {
        const message = JSON.stringify(where);
        expect(await select(where), message).to.equal(names);
        expect(await reader().count(where), message).to.equal(names.length);
      }
      const sorted = async (path: string): Promise<string> =>
        (await reader().list({ sort: { path, direction: "ascending" }, limit: 9 })).items.map(nameOf).join("");
      expect(await sorted("normalized.title")).to.equal("bac");
      expect(await sorted("normalized.rank")).to.equal("cab");
    });

    it("are replaced by each write", async () => {
      await insert("a", { title: "x", emails: [{ value: "x" }] });
      await change((writer) =>
        writer.replace(
          { ...newTestRecord(organization, "a"), normalized: { title: "y", emails: [{ value: "y" }] } },
          1,
        ),
      );
      expect(await select(eq("normalized.title", "x"))).to.equal("");
      expect(await select(eq("normalized.title", "y"))).to.equal("a");
      expect(await select(some("normalized.emails", eq("value", "x")))).to.equal("");
      expect(await select(some("normalized.emails", eq("value", "y")))).to.equal("a");
      await change((writer) => writer.remove("thg_a", "any"));
      expect(await select(some("normalized.emails", eq("value", "y")))).to.equal("");
    });

    it("keep unique paths unique", async () => {
      await insert("a", { code: "x" });
      const { details } = await expectRejection(insert("b", { code: "x" }), "conflict");
      expect(details).to.deep.equal({ key: "normalized.code" });
    });

    it("are required in each write, and change only together with their record", async () => {
      await insert("a", { title: "x" });
      const without = newTestRecord(organization, "a") as TestRecordWithSearchFields;
      const attempts: readonly ((writer: Writer<TestRecord, TestRecordWithSearchFields>) => Promise<unknown>)[] = [
        (writer) => writer.insert({ ...without, id: "thg_b" }),
        (writer) => writer.replace(without, "any"),
        (writer) => writer.increment("thg_a", { "normalized.rank": 1 }),
        (writer) => writer.increment("thg_a", {}, { "normalized.title": "z" }),
      ];
      for (const attempt of attempts) {
        const error = await expectFailure(() => change(attempt));
        expect(error).to.be.an("error").with.property("message").that.contains("normalized");
      }
      expect(await select(eq("normalized.title", "x"))).to.equal("a");
      await change((writer) => writer.increment("thg_a", { size: 2 }));
      expect(await select(eq("normalized.title", "x"))).to.equal("a");
    });
  });
}
