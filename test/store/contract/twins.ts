import { expect } from "chai";
import type { Condition, Reader, Store, Writer } from "../../../src/store/collection.ts";
import { failed, refused } from "./refused.ts";
import { eq, some } from "./selects.ts";
import { type Folded, nameOf, newOrganization, type Thing, type TwinnedThing, thing, twinned } from "./things.ts";

/** The field of a record that is asked by and not read back. */
export function twinContract(store: () => Store): void {
  describe("A twin", () => {
    let organization: string;
    beforeEach(() => {
      organization = newOrganization();
    });
    const reader = (): Reader<Thing> => store().for(organization).open(twinned);
    const change = <R>(body: (writer: Writer<Thing, TwinnedThing>) => Promise<R>): Promise<R> =>
      store().transaction((transaction) => body(transaction.for(organization).open(twinned)));
    const insert = (name: string, folded: Folded, fields: Partial<Thing> = {}): Promise<void> =>
      change((writer) => writer.insert({ ...thing(organization, name, fields), folded }));
    const select = async (where: Condition): Promise<string> =>
      (await reader().list({ where, limit: 100 })).items.map(nameOf).join("");

    it("is in no record that is read, in whatever way", async () => {
      await insert("a", { title: "x" }, { name: "X" });
      const expected = thing(organization, "a", { name: "X" });
      expect(await reader().get("thg_a")).to.deep.equal(expected);
      for (const where of [eq("folded.title", "x"), { op: "contains", path: "folded.title", value: "x" } as const]) {
        for (const path of ["id", "folded.title", "folded.rank", "note"]) {
          const found = await reader().list({ where, sort: { path, direction: "ascending" }, limit: 1 });
          expect(found.items, path).to.deep.equal([expected]);
        }
      }
      await change(async (writer) => {
        expect(await writer.get("thg_a")).to.deep.equal(expected);
        expect((await writer.list({ limit: 1 })).items).to.deep.equal([expected]);
      });
    });

    it("is asked by, counted by and sorted by, whether an index serves its path or not", async () => {
      await insert("a", { title: "b", rank: 2, emails: [{ value: "x@y", type: "work", primary: true }] });
      await insert("b", { title: "a", emails: [{ value: "x@y", type: "home" }, { value: "z" }] });
      await insert("c", { rank: 1, emails: [] });
      const rows: readonly (readonly [Condition, string])[] = [
        [eq("folded.title", "a"), "b"],
        [{ op: "startsWith", path: "folded.title", value: "a" }, "b"],
        [{ op: "present", path: "folded.title" }, "ab"],
        [{ op: "present", path: "folded" }, "abc"],
        [{ op: "present", path: "folded.emails" }, "ab"],
        [{ op: "ge", path: "folded.rank", value: 2 }, "a"],
        [some("folded.emails", eq("value", "x@y")), "ab"],
        [some("folded.emails", eq("type", "home")), "b"],
        [some("folded.emails", { op: "and", all: [eq("value", "x@y"), eq("primary", true)] }), "a"],
        [some("folded.emails", { op: "and", all: [eq("value", "x@y"), eq("type", "other")] }), ""],
        [{ op: "not", condition: some("folded.emails", eq("value", "z")) }, "ac"],
        [{ op: "present", path: "title" }, ""],
      ];
      for (const [where, names] of rows) {
        const message = JSON.stringify(where);
        expect(await select(where), message).to.equal(names);
        expect(await reader().count(where), message).to.equal(names.length);
      }
      const sorted = async (path: string): Promise<string> =>
        (await reader().list({ sort: { path, direction: "ascending" }, limit: 9 })).items.map(nameOf).join("");
      expect(await sorted("folded.title")).to.equal("bac");
      expect(await sorted("folded.rank")).to.equal("cab");
    });

    it("is written anew by each write", async () => {
      await insert("a", { title: "x", emails: [{ value: "x" }] });
      await change((writer) =>
        writer.replace({ ...thing(organization, "a"), folded: { title: "y", emails: [{ value: "y" }] } }, 1),
      );
      expect(await select(eq("folded.title", "x"))).to.equal("");
      expect(await select(eq("folded.title", "y"))).to.equal("a");
      expect(await select(some("folded.emails", eq("value", "x")))).to.equal("");
      expect(await select(some("folded.emails", eq("value", "y")))).to.equal("a");
      await change((writer) => writer.remove("thg_a", "any"));
      expect(await select(some("folded.emails", eq("value", "y")))).to.equal("");
    });

    it("keeps its unique paths unique", async () => {
      await insert("a", { code: "x" });
      const { details } = await refused(insert("b", { code: "x" }), "conflict");
      expect(details).to.deep.equal({ key: "folded.code" });
    });

    it("may not be left out, and changes only together with its record", async () => {
      await insert("a", { title: "x" });
      const without = thing(organization, "a") as TwinnedThing;
      const attempts: readonly ((writer: Writer<Thing, TwinnedThing>) => Promise<unknown>)[] = [
        (writer) => writer.insert({ ...without, id: "thg_b" }),
        (writer) => writer.replace(without, "any"),
        (writer) => writer.increment("thg_a", { "folded.rank": 1 }),
        (writer) => writer.increment("thg_a", {}, { "folded.title": "z" }),
      ];
      for (const attempt of attempts) {
        const error = await failed(() => change(attempt));
        expect(error).to.be.an("error").with.property("message").that.contains("folded");
      }
      expect(await select(eq("folded.title", "x"))).to.equal("a");
      await change((writer) => writer.increment("thg_a", { size: 2 }));
      expect(await select(eq("folded.title", "x"))).to.equal("a");
    });
  });
}
