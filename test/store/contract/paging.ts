import { expect } from "chai";
import type { Condition, Position, Query, Scalar, Sort, Store } from "../../../src/store/collection.ts";
import { insertAll, nameOf, newOrganization, others, reading, type Thing, thing, write } from "./things.ts";

/** Order, pages, totals and counts. */
export function pagingContract(store: () => Store): void {
  describe("list", () => {
    let organization: string;
    const list = async (query: Query): Promise<string> =>
      (await reading(store(), organization).list(query)).items.map(nameOf).join("");
    const sorted = (path: string, direction: Sort["direction"]): Promise<string> =>
      list({ sort: { path, direction }, limit: 100 });

    before(async () => {
      organization = newOrganization();
      const at = (day: number): string => `2026-01-0${day}T00:00:00.000Z`;
      await insertAll(store(), organization, [
        thing(organization, "f", { ...both("b"), rank: 2, size: 2, active: true, createdAt: at(1) }),
        thing(organization, "a", { ...both("c"), rank: 10, size: 10, active: false, createdAt: at(2) }),
        thing(organization, "d", { ...both("a"), rank: -1, size: -1, active: true, createdAt: at(3) }),
        thing(organization, "b", { rank: null, createdAt: at(1) }),
        thing(organization, "c", { ...both("b"), rank: 2, size: 2, createdAt: at(2) }),
        thing(organization, "e", { ...both(null), createdAt: at(1) }),
        thing(organization, "g", { ...both(""), rank: 0, size: 0, createdAt: at(1) }),
      ]);
    });

    it("goes by id unless asked otherwise", async () => {
      expect(await list({ limit: 100 })).to.equal("abcdefg");
      expect(await sorted("id", "ascending")).to.equal("abcdefg");
      expect(await sorted("id", "descending")).to.equal("gfedcba");
    });

    it("puts records without the sort path last ascending and first descending, ties by id in the same direction", async () => {
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
      expect(await sorted("folded.title", "descending")).to.equal("ebafcdg");
      expect(await sorted("active", "ascending")).to.equal("adfbceg");
      expect(await sorted("createdAt", "ascending")).to.equal("befgacd");
      expect(await sorted("createdAt", "descending")).to.equal("dcagfeb");
      expect(await sorted("version", "descending")).to.equal("gfedcba");
    });

    it("sorts what a condition selects", async () => {
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
    for (const [what, where] of conditions) {
      for (const path of ["id", "name", "note", "rank", "active", "code", "createdAt"]) {
        for (const direction of ["ascending", "descending"] as const) {
          it(`pages over ${what}, ${direction} by ${path}, by offset and from where the last page ended`, async () => {
            const query: Query = { ...(where && { where }), sort: { path, direction }, limit: 100 };
            const whole = await list(query);
            for (let offset = 0; offset <= 8; offset++) {
              expect(await list({ ...query, offset, limit: 2 }), `offset ${offset}`).to.equal(
                whole.slice(offset, offset + 2),
              );
            }
            for (const limit of [1, 2, 3]) {
              let seen = "";
              for (let after: Position | undefined; ; ) {
                const { items, total } = await reading(store(), organization).list({
                  ...query,
                  ...(after && { after }),
                  limit,
                  total: true,
                });
                expect(total).to.equal(whole.length);
                seen += items.map(nameOf).join("");
                const last = items.at(-1);
                if (!last) break;
                after = positionOf(last, path);
              }
              expect(seen, `pages of ${limit}`).to.equal(whole);
            }
          });
        }
      }
    }

    it("goes on from a record that is no longer there", async () => {
      expect(await list({ after: { id: "thg_bb" }, limit: 2 })).to.equal("cd");
      const sort: Sort = { path: "name", direction: "ascending" };
      expect(await list({ sort, after: { value: "aa", id: "thg_z" }, limit: 2 })).to.equal("cf");
      expect(await list({ sort, after: { value: null, id: "thg_bb" }, limit: 9 })).to.equal("e");
    });

    it("gives the exact total beside any page, and none unasked", async () => {
      const reader = reading(store(), organization);
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

    it("gives back records as they were stored", async () => {
      const own = newOrganization();
      const record = thing(own, "a", {
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
      await insertAll(store(), own, [record]);
      expect(await reading(store(), own).get("thg_a")).to.deep.equal(record);
      expect((await reading(store(), own).list({ limit: 1 })).items).to.deep.equal([record]);
    });
  });

  describe("count", () => {
    it("follows inserts, removes and rollbacks, with and without a condition", async () => {
      const organization = newOrganization();
      const reader = reading(store(), organization);
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
        thing(organization, "a", x),
        thing(organization, "b", x),
        thing(organization, "c"),
      ]);
      expect(await counts()).to.deep.equal([3, 2, 2, 2, 3]);
      await write(store(), organization, (writer) => writer.remove("thg_a", "any"));
      await write(store(), organization, (writer) => writer.remove("thg_a", "any"));
      expect(await counts()).to.deep.equal([2, 1, 1, 1, 2]);
      await write(store(), organization, (writer) => writer.replace(thing(organization, "b", { name: "y" }), "any"));
      expect(await counts()).to.deep.equal([2, 0, 0, 0, 2]);
      await write(store(), organization, async (writer) => {
        await writer.insert(thing(organization, "d", x));
        await writer.remove("thg_b", "any");
        throw new Error("undone");
      }).catch(() => undefined);
      expect(await counts()).to.deep.equal([2, 0, 0, 0, 2]);
      await insertAll(store(), organization, [thing(organization, "b")]).catch(() => undefined);
      expect(await counts()).to.deep.equal([2, 0, 0, 0, 2]);
    });

    it("counts each collection by itself", async () => {
      const organization = newOrganization();
      await insertAll(store(), organization, [thing(organization, "a"), thing(organization, "b")]);
      await write(store(), organization, (writer) => writer.insert(thing(organization, "a")), others);
      expect(await reading(store(), organization).count()).to.equal(2);
      expect(await reading(store(), organization, others).count()).to.equal(1);
    });
  });
}

/** One value under an indexed, an unindexed, a nested and a unique path. */
const both = (value: string | null): Partial<Thing> => ({
  name: value,
  note: value,
  ...(value !== null && { folded: { title: value } }),
  ...(value === "a" && { code: "1" }),
});

function positionOf(record: Thing, path: string): Position {
  if (path === "id") return { id: record.id };
  const value = (record as unknown as Record<string, Scalar | null | undefined>)[path];
  return { value: value ?? null, id: record.id };
}
