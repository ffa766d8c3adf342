import { expect } from "chai";
import type { Condition, Scalar } from "../../../src/store/query.ts";
import type { Store } from "../../../src/store/store.ts";
import { insertAll, newOrganizationId, newTestRecord, selectNames, testRecordReader } from "./records.fixture.ts";
import { eq, some } from "./selects.fixture.ts";

/** Tests strings with a special meaning in SQL, JSON, patterns or encodings, and long lists of values. */
export function stringContract(store: () => Store): void {
  describe("conditions on strings", () => {
    it("treats every character literally", async () => {
      const organization = newOrganizationId();
      await insertAll(
        store(),
        organization,
        awkward.map((text, at) =>
          newTestRecord(organization, mark(at), { name: text, note: text, tags: [text], emails: [{ value: text }] }),
        ),
      );
      for (const [at, text] of awkward.entries()) {
        const starting = awkward.flatMap((each, i) => (each.startsWith(text) ? [mark(i)] : []));
        const holding = awkward.flatMap((each, i) => (each.includes(text) ? [mark(i)] : []));
        const ending = awkward.flatMap((each, i) => (each.endsWith(text) ? [mark(i)] : []));
        const check = async (where: Condition, names: readonly string[]): Promise<void> => {
          expect(await selectNames(store(), organization, where), JSON.stringify(where)).to.deep.equal(names);
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

    it("sorts and compares strings by code point, including supplementary planes", async () => {
      const organization = newOrganizationId();
      // In code point order; by UTF-16 unit, those of the astral planes would come before U+E000.
      const strings = ["a", "\ud7fe", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{1f600}", "\u{10ffff}"];
      await insertAll(
        store(),
        organization,
        strings.map((text, at) => newTestRecord(organization, mark(at), { name: text, note: text })),
      );
      for (const path of ["name", "note"]) {
        for (const [at, value] of strings.entries()) {
          const check = async (op: "lt" | "le" | "gt" | "ge", from: number, to: number): Promise<void> => {
            const expected = strings.map((_, i) => mark(i)).slice(from, to);
            expect(await selectNames(store(), organization, { op, path, value }), `${op} ${at}`).to.deep.equal(
              expected,
            );
          };
          await check("lt", 0, at);
          await check("le", 0, at + 1);
          await check("gt", at + 1, strings.length);
          await check("ge", at, strings.length);
          expect(await selectNames(store(), organization, { op: "startsWith", path, value })).to.deep.equal([mark(at)]);
        }
        const { items } = await testRecordReader(store(), organization).list({
          sort: { path, direction: "ascending" },
          limit: 99,
        });
        expect(items.map((item) => item.name)).to.deep.equal(strings);
      }
    });

    it("accepts a list of more than a thousand values", async () => {
      const organization = newOrganizationId();
      await insertAll(
        store(),
        organization,
        Array.from({ length: 60 }, (_, at) =>
          newTestRecord(organization, mark(at), { name: `n${at}`, note: `n${at}`, rank: at }),
        ),
      );
      const strings = Array.from({ length: 1000 }, (_, at) => `n${at * 2}`);
      const numbers: Scalar[] = Array.from({ length: 1000 }, (_, at) => at * 3);
      const ids = Array.from({ length: 1000 }, (_, at) => `thg_${mark(at)}`);
      const count = (where: Condition): Promise<number> => testRecordReader(store(), organization).count(where);
      expect(await count({ op: "in", path: "name", values: strings })).to.equal(30);
      expect(await count({ op: "in", path: "note", values: strings })).to.equal(30);
      expect(await count({ op: "in", path: "rank", values: numbers })).to.equal(20);
      expect(await count({ op: "in", path: "id", values: ids })).to.equal(60);
      expect(await count({ op: "not", condition: { op: "in", path: "name", values: strings } })).to.equal(30);
    });
  });
}

const mark = (at: number): string => String(at).padStart(3, "0");

/** Strings with a special meaning in some language between a filter and the disk. */
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
];
