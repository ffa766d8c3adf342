import { expect } from "chai";
import type { Condition } from "../../../src/store/query.ts";
import type { Store } from "../../../src/store/store.ts";
import {
  insertAll,
  nameOf,
  newOrganizationId,
  newTestRecord,
  testRecordReader,
  writeTestRecords,
} from "./records.fixture.ts";
import { createSelectAssertion, eq, some } from "./selects.fixture.ts";

/** Tests each operator of `Condition` on single values, and combinations of operators. */
export function conditionContract(store: () => Store): void {
  const selects = createSelectAssertion(store);

  describe("conditions on one value", () => {
    for (const path of ["name", "note"] as const) {
      const texts = { a: { [path]: "alfa" }, b: { [path]: "alfred" }, c: { [path]: "Alfa" }, d: { [path]: "" } };
      const empty = { m: {}, n: { [path]: null } };
      it(
        `compares strings at ${path === "name" ? "an indexed" : "an unindexed"} path`,
        selects({ ...texts, ...empty }, [
          [eq(path, "alfa"), "a"],
          [eq(path, "ALFA"), ""],
          [eq(path, ""), "d"],
          [{ op: "ne", path, value: "alfa" }, "bcdmn"],
          [{ op: "ne", path, value: "" }, "abcmn"],
          [{ op: "gt", path, value: "alfa" }, "b"],
          [{ op: "ge", path, value: "alfa" }, "ab"],
          [{ op: "lt", path, value: "alfa" }, "cd"],
          [{ op: "le", path, value: "alfa" }, "acd"],
          [{ op: "lt", path, value: "" }, ""],
          [{ op: "ge", path, value: "" }, "abcd"],
          [{ op: "contains", path, value: "lf" }, "abc"],
          [{ op: "contains", path, value: "alfa" }, "a"],
          [{ op: "contains", path, value: "" }, "abcd"],
          [{ op: "startsWith", path, value: "alf" }, "ab"],
          [{ op: "startsWith", path, value: "alfred!" }, ""],
          [{ op: "startsWith", path, value: "" }, "abcd"],
          [{ op: "endsWith", path, value: "fa" }, "ac"],
          [{ op: "endsWith", path, value: "xalfa" }, ""],
          [{ op: "endsWith", path, value: "" }, "abcd"],
          [{ op: "present", path }, "abc"],
          [{ op: "in", path, values: ["alfa", "", "x"] }, "ad"],
          [{ op: "in", path, values: [] }, ""],
          [{ op: "in", path, values: ["alfa", "alfa"] }, "a"],
        ]),
      );
    }

    for (const path of ["rank", "size"] as const) {
      it(
        `compares numbers at ${path === "rank" ? "an indexed" : "an unindexed"} path numerically`,
        selects(
          { a: { [path]: 9 }, b: { [path]: 10 }, c: { [path]: -1 }, d: { [path]: 0 }, e: { [path]: 1.5 }, m: {} },
          [
            [eq(path, 10), "b"],
            [eq(path, 0), "d"],
            [eq(path, -0), "d"],
            [{ op: "ne", path, value: 0 }, "abcem"],
            [{ op: "gt", path, value: 9 }, "b"],
            [{ op: "ge", path, value: 1.5 }, "abe"],
            [{ op: "lt", path, value: 0 }, "c"],
            [{ op: "le", path, value: 0 }, "cd"],
            [{ op: "present", path }, "abcde"],
            [{ op: "in", path, values: [1.5, -1, 7] }, "ce"],
          ],
        ),
      );
      it(
        `matches nothing when the value has another type than ${path}`,
        selects({ a: { [path]: 5 }, m: {} }, [
          [eq(path, "5"), ""],
          [{ op: "ne", path, value: "5" }, "am"],
          [{ op: "in", path, values: ["5"] }, ""],
          ...comparisons.map((op) => [{ op, path, value: "5" }, ""] as const),
          [{ op: "startsWith", path, value: "5" }, ""],
          [{ op: "contains", path, value: "5" }, ""],
          [{ op: "endsWith", path, value: "" }, ""],
        ]),
      );
    }

    it(
      "does not compare a string with a number",
      selects({ a: { name: "5", note: "5" }, m: {} }, [
        ...["name", "note", "id", "createdAt"].flatMap((path) => [
          [eq(path, 5), ""] as const,
          [{ op: "in", path, values: [5] }, ""] as const,
          ...comparisons.map((op) => [{ op, path, value: 5 }, ""] as const),
        ]),
        [eq("version", "1"), ""],
        [{ op: "startsWith", path: "version", value: "1" }, ""],
        ...comparisons.map((op) => [{ op, path: "version", value: "1" }, ""] as const),
      ]),
    );

    it(
      "compares booleans, and treats false as a value",
      selects({ a: { active: true }, b: { active: false }, m: {} }, [
        [eq("active", true), "a"],
        [eq("active", false), "b"],
        [{ op: "ne", path: "active", value: true }, "bm"],
        [{ op: "present", path: "active" }, "ab"],
        [{ op: "in", path: "active", values: [true, false] }, "ab"],
      ]),
    );

    it(
      "reads paths inside objects, and finds no value where there is no object",
      selects(
        {
          a: { normalized: { title: "x" }, usage: { count: 1 }, extra: { deep: { er: "y" } } },
          b: { normalized: {}, usage: {}, extra: { deep: "er" } },
          c: { extra: "text" },
          d: { extra: [{ deep: { er: "y" } }] },
          e: { extra: null },
        },
        [
          [eq("normalized.title", "x"), "a"],
          [{ op: "startsWith", path: "normalized.title", value: "x" }, "a"],
          [eq("usage.count", 1), "a"],
          [eq("extra.deep.er", "y"), "a"],
          [{ op: "present", path: "extra.deep.er" }, "a"],
          [{ op: "present", path: "extra.deep" }, "ab"],
        ],
      ),
    );

    it(
      'treats only no value, null, "", [] and {} as absent',
      selects(
        {
          a: {},
          b: { extra: null },
          c: { extra: "" },
          d: { extra: [] },
          e: { extra: {} },
          f: { extra: 0 },
          g: { extra: false },
          h: { extra: " " },
          i: { extra: "null" },
          j: { extra: "[]" },
          k: { extra: "{}" },
          l: { extra: [null] },
          m: { extra: [""] },
          n: { extra: { x: null } },
          o: { extra: '""' },
        },
        [[{ op: "present", path: "extra" }, "fghijklmno"]],
      ),
    );

    it(
      "compares id, version, createdAt and updatedAt",
      selects({ a: {}, b: { version: 2, createdAt: "2026-02-01T00:00:00.000Z" }, c: { updatedAt: "2027" } }, [
        [eq("id", "thg_b"), "b"],
        [{ op: "in", path: "id", values: ["thg_a", "thg_c", "thg_x"] }, "ac"],
        [{ op: "gt", path: "id", value: "thg_a" }, "bc"],
        [{ op: "startsWith", path: "id", value: "thg_" }, "abc"],
        [{ op: "ge", path: "version", value: 2 }, "b"],
        [{ op: "ge", path: "createdAt", value: "2026-01-15T00:00:00.000Z" }, "b"],
        [{ op: "gt", path: "updatedAt", value: "2026-06" }, "c"],
        [{ op: "present", path: "id" }, "abc"],
        [{ op: "present", path: "updatedAt" }, "abc"],
        [{ op: "ne", path: "id", value: "thg_b" }, "ac"],
      ]),
    );
  });

  describe("in with thousands of values", () => {
    let organization: string;
    const values = [...Array.from({ length: 4000 }, (_, at) => `thg_x${at}`), "thg_a", "thg_c", "thg_d"];
    const many: Condition = { op: "in", path: "id", values };
    before(async () => {
      organization = newOrganizationId();
      await insertAll(
        store(),
        organization,
        Array.from("abcde", (name, at) => newTestRecord(organization, name, { name, note: at % 2 ? "odd" : "even" })),
      );
    });
    const rows: readonly (readonly [string, Condition, string])[] = [
      ["alone", many, "acd"],
      ["on another path", { ...many, path: "name", values: [...values, "b"] }, "b"],
      ["on an unindexed path", { ...many, path: "note", values: [...values, "odd"] }, "bd"],
      ["inside and", { op: "and", all: [many, eq("note", "even")] }, "ac"],
      ["inside and with a range", { op: "and", all: [{ op: "gt", path: "name", value: "a" }, many] }, "cd"],
      ["inside or", { op: "or", all: [many, eq("name", "b")] }, "abcd"],
      ["inside or with an unindexed path", { op: "or", all: [many, eq("note", "even")] }, "acde"],
      ["inside not", { op: "not", condition: many }, "be"],
      ["inside not inside and", { op: "and", all: [{ op: "not", condition: many }, eq("name", "e")] }, "e"],
    ];
    for (const [title, where, names] of rows) {
      it(`selects, pages and counts ${title}`, async () => {
        const reader = testRecordReader(store(), organization);
        for (const sort of [undefined, { path: "name", direction: "descending" }] as const) {
          const expected = sort ? Array.from(names).reverse().join("") : names;
          const page = await reader.list({ where, ...(sort && { sort }), limit: 9, total: true });
          expect(page.items.map(nameOf).join("")).to.equal(expected);
          expect(page.total).to.equal(names.length);
          const next = await reader.list({ where, ...(sort && { sort }), offset: 1, limit: 1 });
          expect(next.items.map(nameOf).join("")).to.equal(expected.slice(1, 2));
        }
        expect(await reader.count(where)).to.equal(names.length);
      });
    }

    it("works inside a transaction", async () => {
      await writeTestRecords(store(), organization, async (writer) => {
        expect(await writer.count(many)).to.equal(3);
        expect((await writer.list({ where: many, limit: 9, total: true })).total).to.equal(3);
      });
    });
  });

  describe("combined conditions", () => {
    it(
      "evaluates an empty and as true and an empty or as false",
      selects({ a: { name: "x", note: "1" }, b: { name: "y", note: "1" }, c: { note: "2" } }, [
        [{ op: "and", all: [] }, "abc"],
        [{ op: "or", all: [] }, ""],
        [{ op: "and", all: [eq("name", "x"), eq("note", "1")] }, "a"],
        [{ op: "or", all: [eq("name", "x"), eq("name", "y")] }, "ab"],
        [{ op: "or", all: [eq("name", "x"), eq("note", "2")] }, "ac"],
        [{ op: "and", all: [eq("note", "1"), { op: "not", condition: eq("name", "x") }] }, "b"],
        [{ op: "not", condition: { op: "or", all: [eq("name", "x"), eq("name", "y")] } }, "c"],
        [
          {
            op: "and",
            all: [
              { op: "or", all: [eq("name", "x"), eq("note", "2")] },
              { op: "ne", path: "note", value: "1" },
            ],
          },
          "c",
        ],
        [{ op: "not", condition: { op: "not", condition: { op: "gt", path: "name", value: "x" } } }, "b"],
        [{ op: "or", all: [{ op: "and", all: [eq("name", "x"), some("tags", eq("", "t"))] }, eq("name", "y")] }, "b"],
      ]),
    );
  });
}

const comparisons = ["gt", "ge", "lt", "le"] as const;
