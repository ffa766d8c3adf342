import { expect } from "chai";
import type { Condition, Position, Query, Scalar, Sort } from "../../../src/store/query.ts";
import type { Store } from "../../../src/store/store.ts";
import {
  insertAll,
  nameOf,
  newOrganizationId,
  newTestRecord,
  otherRecords,
  type TestRecord,
  testRecordReader,
  writeTestRecords,
} from "./records.fixture.ts";

/** Tests sort order, pages, totals and counts. */
export function pagingContract(store: () => Store): void {
  describe("list", () => {
    let organization: string;
    const list = async (query: Query): Promise<string> =>
      (await testRecordReader(store(), organization).list(query)).items.map(nameOf).join("");
    const sorted = (path: string, direction: Sort["direction"]): Promise<string> =>
      list({ sort: { path, direction }, limit: 100 });

    before(async () => {
      organization = newOrganizationId();
      const at = (day: number): string => `2026-01-0${day}T00:00:00.000Z`;
      await insertAll(store(), organization, [
        newTestRecord(organization, "f", { ...both("b"), rank: 2, size: 2, active: true, createdAt: at(1) }),
        newTestRecord(organization, "a", { ...both("c"), rank: 10, size: 10, active: false, createdAt: at(2) }),
        newTestRecord(organization, "d", { ...both("a"), rank: -1, size: -1, active: true, createdAt: at(3) }),
        newTestRecord(organization, "b", { rank: null, createdAt: at(1) }),
        newTestRecord(organization, "c", { ...both("b"), rank: 2, size: 2, createdAt: at(2) }),
        newTestRecord(organization, "e", { ...both(null), createdAt: at(1) }),
        newTestRecord(organization, "g", { ...both(""), rank: 0, size: 0, createdAt: at(1) }),
      ]);
    });

    it("sorts by id by default", async () => {
      expect(await list({ limit: 100 })).to.equal("abcdefg");
      expect(await sorted("id", "ascending")).to.equal("abcdefg");
      expect(await sorted("id", "descending")).to.equal("gfedcba");
    });

    it("sorts records without the sort path last ascending and first descending, and breaks ties by id (RFC 7644 section 3.4.2.3)", async () => {
      for (const path of ["name", "note"]) {
        expect(await sorted(path, "ascending"), path).to.equal("gdcfabe");
        expect(await sorted(path, "descending"), path).to.equal("ebafcdg");
      }
      for (const path of ["rank", "size"]) {
        expect(await sorted(path, "ascending"), path).to.equal("dgcfabe");
        expect(await sorted(path, "descending"), path).to.equal("ebafcgd");
      }
      expect(await sorted("code", "ascending")).to.equal("dabcefg");
      expect(await sorted("code", "descending")).to.equal("gfecbad");
      expect(await sorted("secret", "ascending")).to.equal("abcdefg");
      expect(await sorted("normalized.title", "descending")).to.equal("ebafcdg");
      expect(await sorted("active", "ascending")).to.equal("adfbceg");
      expect(await sorted("createdAt", "ascending")).to.equal("befgacd");
      expect(await sorted("createdAt", "descending")).to.equal("dcagfeb");
      expect(await sorted("version", "descending")).to.equal("gfedcba");
    });

    it("sorts the matches of a condition", async () => {
      const where: Condition = { op: "in", path: "id", values: ["thg_a", "thg_b", "thg_d", "thg_f"] };
      const slow: Condition = { op: "not", condition: { op: "in", path: "id", values: ["thg_c", "thg_e", "thg_g"] } };
      const range: Condition = { op: "ge", path: "rank", value: 0 };
      for (const path of ["name", "note"]) {
        for (const condition of [where, slow]) {
          expect(await list({ where: condition, sort: { path, direction: "ascending" }, limit: 9 })).to.equal("dfab");
          expect(await list({ where: condition, sort: { path, direction: "descending" }, limit: 2 })).to.equal("ba");
        }
        expect(await list({ where: range, sort: { path, direction: "ascending" }, limit: 9 })).to.equal("gcfa");
      }
      expect(await list({ where: range, sort: { path: "rank", direction: "descending" }, limit: 9 })).to.equal("afcg");
      expect(await list({ where: range, limit: 9 })).to.equal("acfg");
    });

    const conditions: readonly (readonly [string, Condition | undefined])[] = [
      ["all records", undefined],
      [
        "a condition that an index narrows",
        { op: "in", path: "id", values: ["thg_a", "thg_b", "thg_c", "thg_e", "thg_f"] },
      ],
      ["a range of the sort path", { op: "ge", path: "name", value: "a" }],
      ["a condition that no index narrows", { op: "ne", path: "note", value: "a" }],
      ["a condition that nothing meets", { op: "eq", path: "name", value: "nobody" }],
    ];
    for (const [title, where] of conditions) {
      for (const path of ["id", "name", "note", "rank", "active", "code", "createdAt"]) {
        for (const direction of ["ascending", "descending"] as const) {
          it(`pages over ${title}, ${direction} by ${path}, by offset and by position`, async () => {
            const query: Query = { ...(where && { where }), sort: { path, direction }, limit: 100 };
            const whole = await list(query);
            for (let offset = 0; offset <= 8; offset++) {
              expect(await list({ ...query, offset, limit: 2 }), `offset ${offset}`).to.equal(
                whole.slice(offset, offset + 2),
              );
            }
            for (const limit of [1, 2, 3]) {
              let namesRead = "";
              for (let after: Position | undefined; ; ) {
                const { items, total } = await testRecordReader(store(), organization).list({
                  ...query,
                  ...(after && { after }),
                  limit,
                  total: true,
                });
                expect(total).to.equal(whole.length);
                namesRead += items.map(nameOf).join("");
                const last = items.at(-1);
                if (!last) break;
                after = positionOf(last, path);
              }
              expect(namesRead, `pages of ${limit}`).to.equal(whole);
            }
          });
        }
      }
    }

    it("continues after a position whose record was removed", async () => {
      expect(await list({ after: { id: "thg_bb" }, limit: 2 })).to.equal("cd");
      const sort: Sort = { path: "name", direction: "ascending" };
      expect(await list({ sort, after: { value: "aa", id: "thg_z" }, limit: 2 })).to.equal("cf");
      expect(await list({ sort, after: { value: null, id: "thg_bb" }, limit: 9 })).to.equal("e");
    });

    it("returns the exact total with any page only when requested", async () => {
      const reader = testRecordReader(store(), organization);
      expect(await reader.list({ limit: 0, total: true })).to.deep.equal({ items: [], total: 7 });
      expect((await reader.list({ limit: 1, offset: 50, total: true })).total).to.equal(7);
      expect(
        (await reader.list({ where: { op: "eq", path: "name", value: "b" }, limit: 1, total: true })).total,
      ).to.equal(2);
      expect(
        (await reader.list({ where: { op: "eq", path: "note", value: "b" }, limit: 1, total: true })).total,
      ).to.equal(2);
      expect(await reader.list({ limit: 100 })).not.to.have.property("total");
    });

    it("returns records as they were stored", async () => {
      const organizationId = newOrganizationId();
      const record = newTestRecord(organizationId, "a", {
        version: 7,
        name: "ä\u{1f600}'\"\\",
        rank: -1.5,
        active: false,
        usage: { count: 0 },
        extra: {
          empty: {},
          list: [1, [2, { three: null }]],
          nothing: null,
          text: "",
          big: 9007199254740991,
          small: 1e-7,
        },
        tags: [],
      });
      await insertAll(store(), organizationId, [record]);
      expect(await testRecordReader(store(), organizationId).get("thg_a")).to.deep.equal(record);
      expect((await testRecordReader(store(), organizationId).list({ limit: 1 })).items).to.deep.equal([record]);
    });
  });

  describe("count", () => {
    it("follows inserts, removes and rollbacks, with and without a condition", async () => {
      const organization = newOrganizationId();
      const reader = testRecordReader(store(), organization);
      const counts = async (): Promise<readonly number[]> => [
        await reader.count(),
        await reader.count({ op: "eq", path: "name", value: "x" }),
        await reader.count({ op: "eq", path: "note", value: "x" }),
        await reader.count({ op: "startsWith", path: "name", value: "x" }),
        await reader.count({ op: "and", all: [] }),
      ];
      const x = { name: "x", note: "x" };
      expect(await counts()).to.deep.equal([0, 0, 0, 0, 0]);
      await insertAll(store(), organization, [
        newTestRecord(organization, "a", x),
        newTestRecord(organization, "b", x),
        newTestRecord(organization, "c"),
      ]);
      expect(await counts()).to.deep.equal([3, 2, 2, 2, 3]);
      await writeTestRecords(store(), organization, (writer) => writer.remove("thg_a", "any"));
      await writeTestRecords(store(), organization, (writer) => writer.remove("thg_a", "any"));
      expect(await counts()).to.deep.equal([2, 1, 1, 1, 2]);
      await writeTestRecords(store(), organization, (writer) =>
        writer.replace(newTestRecord(organization, "b", { name: "y" }), "any"),
      );
      expect(await counts()).to.deep.equal([2, 0, 0, 0, 2]);
      await writeTestRecords(store(), organization, async (writer) => {
        await writer.insert(newTestRecord(organization, "d", x));
        await writer.remove("thg_b", "any");
        throw new Error("undone");
      }).catch(() => undefined);
      expect(await counts()).to.deep.equal([2, 0, 0, 0, 2]);
      await insertAll(store(), organization, [newTestRecord(organization, "b")]).catch(() => undefined);
      expect(await counts()).to.deep.equal([2, 0, 0, 0, 2]);
    });

    it("counts each collection separately", async () => {
      const organization = newOrganizationId();
      await insertAll(store(), organization, [newTestRecord(organization, "a"), newTestRecord(organization, "b")]);
      await writeTestRecords(
        store(),
        organization,
        (writer) => writer.insert(newTestRecord(organization, "a")),
        otherRecords,
      );
      expect(await testRecordReader(store(), organization).count()).to.equal(2);
      expect(await testRecordReader(store(), organization, otherRecords).count()).to.equal(1);
    });
  });
}

/** Stores one value at an indexed, an unindexed, a nested and a unique path. */
const both = (value: string | null): Partial<TestRecord> => ({
  name: value,
  note: value,
  ...(value !== null && { normalized: { title: value } }),
  ...(value === "a" && { code: "1" }),
});

function positionOf(record: TestRecord, path: string): Position {
  if (path === "id") return { id: record.id };
  const value = (record as unknown as Record<string, Scalar | null | undefined>)[path];
  return { value: value ?? null, id: record.id };
}
