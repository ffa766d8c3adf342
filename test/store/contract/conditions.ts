import { expect } from "chai";
import type { Condition, Scalar, Store } from "../../../src/store/collection.ts";
import { type Email, insertAll, newOrganization, reading, select, type Thing, thing } from "./things.ts";

/** What each operator of `Condition` selects, on single values and in arrays. */
export function conditionContract(store: () => Store): void {
  const selects =
    (records: Readonly<Record<string, Partial<Thing>>>, rows: readonly (readonly [Condition, string])[]) =>
    async (): Promise<void> => {
      const organization = newOrganization();
      await insertAll(
        store(),
        organization,
        Object.entries(records).map(([name, fields]) => thing(organization, name, fields)),
      );
      for (const [where, names] of rows) {
        const message = JSON.stringify(where);
        expect((await select(store(), organization, where)).join(""), message).to.equal(names);
        expect(await reading(store(), organization).count(where), message).to.equal(names.length);
        const not = Object.keys(records).filter((name) => !names.includes(name));
        expect(
          (await select(store(), organization, { op: "not", condition: where })).join(""),
          `not ${message}`,
        ).to.equal(not.join(""));
      }
    };

  describe("Condition", () => {
    describe("on one value", () => {
      for (const path of ["name", "note"] as const) {
        const texts = { a: { [path]: "alfa" }, b: { [path]: "alfred" }, c: { [path]: "Alfa" }, d: { [path]: "" } };
        const empty = { m: {}, n: { [path]: null } };
        it(
          `compares texts of ${path === "name" ? "an indexed" : "an unindexed"} path`,
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
          `compares numbers of ${path === "rank" ? "an indexed" : "an unindexed"} path by their size`,
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
          `finds nothing where the value asked for is of another type than ${path}`,
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
        "does not compare a text with a number",
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
        "compares booleans, of which false is a value",
        selects({ a: { active: true }, b: { active: false }, m: {} }, [
          [eq("active", true), "a"],
          [eq("active", false), "b"],
          [{ op: "ne", path: "active", value: true }, "bm"],
          [{ op: "present", path: "active" }, "ab"],
          [{ op: "in", path: "active", values: [true, false] }, "ab"],
        ]),
      );

      it(
        "reaches inside objects, and holds nothing where there is none",
        selects(
          {
            a: { folded: { title: "x" }, usage: { count: 1 }, extra: { deep: { er: "y" } } },
            b: { folded: {}, usage: {}, extra: { deep: "er" } },
            c: { extra: "text" },
            d: { extra: [{ deep: { er: "y" } }] },
            e: { extra: null },
          },
          [
            [eq("folded.title", "x"), "a"],
            [{ op: "startsWith", path: "folded.title", value: "x" }, "a"],
            [eq("usage.count", 1), "a"],
            [eq("extra.deep.er", "y"), "a"],
            [{ op: "present", path: "extra.deep.er" }, "a"],
            [{ op: "present", path: "extra.deep" }, "ab"],
          ],
        ),
      );

      it(
        'takes nothing, null, "", [] and {} for absent, and nothing else',
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
        "knows id, version, createdAt and updatedAt",
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

    describe("on arrays", () => {
      const email = (...values: readonly Email[]) => ({ emails: values });
      it(
        "asks one element for everything that `some` says of it",
        selects(
          {
            a: email({ value: "a@x", type: "work", primary: true, order: 1 }, { value: "a@y", type: "home", order: 2 }),
            b: email({ value: "a@x", type: "home" }, { value: "b@y", type: "work" }),
            c: email({ value: "", type: "work" }),
            d: email(),
            e: {},
            f: email({ type: "work" }),
          },
          [
            [some("emails", eq("value", "a@x")), "ab"],
            [some("emails", eq("type", "work")), "abcf"],
            [some("emails", { op: "and", all: [eq("value", "a@x"), eq("type", "work")] }), "a"],
            [some("emails", { op: "and", all: [eq("type", "work"), eq("value", "a@x")] }), "a"],
            [{ op: "and", all: [some("emails", eq("value", "a@x")), some("emails", eq("type", "work"))] }, "ab"],
            [some("emails", { op: "or", all: [eq("value", "b@y"), eq("order", 2)] }), "ab"],
            [some("emails", { op: "startsWith", path: "value", value: "a@" }), "ab"],
            [some("emails", { op: "in", path: "value", values: ["b@y", "zz"] }), "b"],
            [some("emails", { op: "in", path: "value", values: [] }), ""],
            [some("emails", { op: "contains", path: "value", value: "@y" }), "ab"],
            [some("emails", { op: "endsWith", path: "value", value: "@y" }), "ab"],
            [some("emails", { op: "ne", path: "value", value: "a@x" }), "abcf"],
            [some("emails", { op: "not", condition: eq("type", "work") }), "ab"],
            [some("emails", { op: "present", path: "value" }), "ab"],
            [some("emails", { op: "present", path: "type" }), "abcf"],
            [some("emails", { op: "gt", path: "order", value: 1 }), "a"],
            [some("emails", { op: "le", path: "value", value: "a@x" }), "abc"],
            [some("emails", eq("primary", true)), "a"],
            [some("emails", eq("value", "")), "c"],
            [some("emails", { op: "and", all: [] }), "abcf"],
            [some("emails", { op: "or", all: [] }), ""],
            [{ op: "present", path: "emails" }, "abcf"],
          ],
        ),
      );

      it(
        "speaks of scalars as the whole element",
        selects(
          {
            a: { tags: ["red", "green"], numbers: [1, 20] },
            b: { tags: ["redder", ""], numbers: [3] },
            c: { tags: [], numbers: [] },
            d: {},
            e: { tags: ["[]"] },
            f: { tags: [""] },
          },
          [
            [some("tags", eq("", "red")), "a"],
            [some("tags", eq("", "")), "bf"],
            [some("tags", { op: "ne", path: "", value: "red" }), "abef"],
            [some("tags", { op: "startsWith", path: "", value: "red" }), "ab"],
            [some("tags", { op: "startsWith", path: "", value: "" }), "abef"],
            [some("tags", { op: "contains", path: "", value: "e" }), "ab"],
            [some("tags", { op: "endsWith", path: "", value: "er" }), "b"],
            [some("tags", { op: "in", path: "", values: ["green", "redder"] }), "ab"],
            [some("tags", { op: "gt", path: "", value: "red" }), "b"],
            [some("tags", { op: "present", path: "" }), "abe"],
            [some("numbers", { op: "ge", path: "", value: 20 }), "a"],
            [some("numbers", { op: "in", path: "", values: [3, 1] }), "ab"],
            [some("numbers", eq("", "3")), ""],
            // A scalar has no fields; `ne` says so truly.
            [some("tags", eq("value", "red")), ""],
            [some("tags", { op: "ne", path: "value", value: "red" }), "abef"],
            [some("tags", { op: "present", path: "value" }), ""],
          ],
        ),
      );

      it(
        "nests: arrays in the elements of arrays",
        selects(
          {
            a: email({ value: "1", labels: ["x", "y"], parts: [{ name: "n", kind: "k" }] }),
            b: email({ value: "1", labels: ["z"] }, { value: "2", parts: [{ name: "n" }, { kind: "k" }] }),
            c: email({ value: "3" }),
            d: {},
          },
          [
            [some("emails", some("labels", eq("", "x"))), "a"],
            [some("emails", { op: "and", all: [eq("value", "1"), some("labels", eq("", "z"))] }), "b"],
            [some("emails", { op: "and", all: [eq("value", "2"), some("labels", eq("", "z"))] }), ""],
            [some("emails", some("parts", { op: "and", all: [eq("name", "n"), eq("kind", "k")] })), "a"],
            [some("emails", some("parts", eq("name", "n"))), "ab"],
            [some("emails", { op: "not", condition: some("parts", eq("name", "n")) }), "bc"],
            [some("emails", { op: "or", all: [some("labels", eq("", "x")), eq("value", "3")] }), "ac"],
          ],
        ),
      );

      it(
        "asks in vain of what is no array, and of elements that are no objects",
        selects(
          {
            a: { extra: [{ x: "1" }, "1", 1, null, true, [{ x: "1" }]] },
            b: { extra: { x: "1", inner: { x: "1" } } },
            c: { extra: "1" },
            d: { extra: 1 },
            e: { extra: null },
            f: { extra: ["text", { list: ["1"] }, "[1]"] },
            g: { extra: [{ list: "1" }, { list: { x: "1" } }] },
          },
          [
            [some("extra", eq("x", "1")), "a"],
            [some("extra", { op: "present", path: "x" }), "a"],
            [some("extra", some("list", eq("", "1"))), "f"],
            [some("extra", some("list", { op: "and", all: [] })), "f"],
            [some("extra.inner", { op: "and", all: [] }), ""],
          ],
        ),
      );
    });

    it(
      "combines: and of nothing is true, or of nothing is false",
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

    it("takes every character of a text for itself", async () => {
      const organization = newOrganization();
      await insertAll(
        store(),
        organization,
        awkward.map((text, at) =>
          thing(organization, mark(at), { name: text, note: text, tags: [text], emails: [{ value: text }] }),
        ),
      );
      for (const [at, text] of awkward.entries()) {
        const starting = awkward.flatMap((each, i) => (each.startsWith(text) ? [mark(i)] : []));
        const holding = awkward.flatMap((each, i) => (each.includes(text) ? [mark(i)] : []));
        const ending = awkward.flatMap((each, i) => (each.endsWith(text) ? [mark(i)] : []));
        const check = async (where: Condition, names: readonly string[]): Promise<void> => {
          expect(await select(store(), organization, where), JSON.stringify(where)).to.deep.equal(names);
        };
        for (const path of ["name", "note"]) {
          await check(eq(path, text), [mark(at)]);
          await check({ op: "in", path, values: [text] }, [mark(at)]);
          await check({ op: "startsWith", path, value: text }, starting);
          await check({ op: "contains", path, value: text }, holding);
          await check({ op: "endsWith", path, value: text }, ending);
        }
        await check(some("tags", eq("", text)), [mark(at)]);
        await check(some("emails", eq("value", text)), [mark(at)]);
        await check(some("emails", { op: "startsWith", path: "value", value: text }), starting);
        await check(some("emails", { op: "contains", path: "value", value: text }), holding);
      }
    });

    it("orders and ranges texts by code point, beyond the first plane too", async () => {
      const organization = newOrganization();
      // In code point order; by UTF-16 unit, those of the astral planes would come before U+E000.
      const texts = ["a", "\ud7fe", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{1f600}", "\u{10ffff}"];
      await insertAll(
        store(),
        organization,
        texts.map((text, at) => thing(organization, mark(at), { name: text, note: text })),
      );
      for (const path of ["name", "note"]) {
        for (const [at, value] of texts.entries()) {
          const check = async (op: "lt" | "le" | "gt" | "ge", from: number, to: number): Promise<void> => {
            const expected = texts.map((_, i) => mark(i)).slice(from, to);
            expect(await select(store(), organization, { op, path, value }), `${op} ${at}`).to.deep.equal(expected);
          };
          await check("lt", 0, at);
          await check("le", 0, at + 1);
          await check("gt", at + 1, texts.length);
          await check("ge", at, texts.length);
          expect(await select(store(), organization, { op: "startsWith", path, value })).to.deep.equal([mark(at)]);
        }
        const { items } = await reading(store(), organization).list({
          sort: { path, direction: "ascending" },
          limit: 99,
        });
        expect(items.map((item) => item.name)).to.deep.equal(texts);
      }
    });

    it("takes a list of a thousand values and more", async () => {
      const organization = newOrganization();
      await insertAll(
        store(),
        organization,
        Array.from({ length: 60 }, (_, at) =>
          thing(organization, mark(at), { name: `n${at}`, note: `n${at}`, rank: at }),
        ),
      );
      const texts = Array.from({ length: 1000 }, (_, at) => `n${at * 2}`);
      const numbers: Scalar[] = Array.from({ length: 1000 }, (_, at) => at * 3);
      const ids = Array.from({ length: 1000 }, (_, at) => `thg_${mark(at)}`);
      const count = (where: Condition): Promise<number> => reading(store(), organization).count(where);
      expect(await count({ op: "in", path: "name", values: texts })).to.equal(30);
      expect(await count({ op: "in", path: "note", values: texts })).to.equal(30);
      expect(await count({ op: "in", path: "rank", values: numbers })).to.equal(20);
      expect(await count({ op: "in", path: "id", values: ids })).to.equal(60);
      expect(await count({ op: "not", condition: { op: "in", path: "name", values: texts } })).to.equal(30);
    });
  });
}

const comparisons = ["gt", "ge", "lt", "le"] as const;
const eq = (path: string, value: Scalar): Condition => ({ op: "eq", path, value });
const some = (path: string, where: Condition): Condition => ({ op: "some", path, where });
const mark = (at: number): string => String(at).padStart(3, "0");

/** Text that some language between a filter and the disk gives a meaning to. */
const awkward = [
  "'",
  '"',
  "`",
  "''",
  "a'b",
  "%",
  "_",
  "100%",
  "a_b",
  "aXb",
  "\\",
  "\\\\",
  "\\n",
  "\n",
  "\t",
  "\r\n",
  ".",
  ".*",
  "^a",
  "a$",
  "(",
  ")",
  "[",
  "]",
  "[a]",
  "{",
  "}",
  "{}",
  "[]",
  "a|b",
  "a+b",
  "a?",
  "*",
  "$gt",
  "$where",
  '{"$gt":""}',
  "$.a",
  "?",
  "?1",
  ":x",
  "@x",
  ";",
  "--",
  "/* */",
  "') OR 1=1 --",
  "null",
  "NULL",
  "true",
  "0",
  "1",
  "undefined",
  "__proto__",
  "constructor",
  " ",
  "  ",
  " a",
  "a ",
  "é",
  "e\u0301",
  "ß",
  "ẞ",
  "ss",
  "İ",
  "i",
  "ı",
  "\u200b",
  "\u{1f600}",
  "\u{1f600}\u{1f601}",
  "x\u{1f600}y",
  "\u{1f468}\u200d\u{1f469}",
  "\uffff",
  "\ufeff",
  "\u0001",
  "\u007f",
  "\u{10ffff}",
]; // prettier-ignore
