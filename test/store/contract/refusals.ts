import { expect } from "chai";
import type { Condition, Store } from "../../../src/store/collection.ts";
import { conditionDepthMax, conditionTermsMax } from "../../../src/store/condition.ts";
import { refused } from "./refused.ts";
import { insertAll, newOrganization, reading, thing, things } from "./things.ts";

/** Questions that no engine is asked. */
export function refusalContract(store: () => Store): void {
  describe("Condition that could be misread", () => {
    const ask = (where: Condition): Promise<unknown> => reading(store(), "org_refusals").list({ where, limit: 1 });
    const present = (path: string): Condition => ({ op: "present", path });

    const badPaths = [
      "",
      ".",
      "a.",
      ".a",
      "a..b",
      "a.$b",
      "$where",
      "$gt",
      "a.0",
      "0",
      "a b",
      "a'b",
      'a"b',
      "a[0]",
      "a*",
      "a\0",
      "ä",
      "a/b",
      "a:b",
      "a\\",
      "a\n",
      "__proto__",
      "a.__proto__",
      "constructor",
      "a.constructor.name",
      "prototype",
      "prototype.a",
      "organizationId",
    ]; // prettier-ignore
    for (const path of badPaths) {
      it(`refuses the path ${JSON.stringify(path)}`, async () => {
        await refused(ask(present(path)), "invalid-filter");
        await refused(ask({ op: "eq", path, value: "x" }), "invalid-filter");
        await refused(ask({ op: "in", path, values: [] }), "invalid-filter");
        await refused(ask({ op: "not", condition: present(path) }), "invalid-filter");
        await refused(ask({ op: "some", path, where: present("a") }), "invalid-filter");
        if (path !== "") await refused(ask({ op: "some", path: "a", where: present(path) }), "invalid-filter");
        await refused(ask({ op: "some", path: "a", where: { op: "and", all: [present(path)] } }), "invalid-filter");
        await refused(
          reading(store(), "org_refusals").list({ sort: { path, direction: "ascending" }, limit: 1 }),
          "invalid-filter",
        );
      });
    }

    it("takes an element itself only as the whole of what `some` says", async () => {
      await ask({ op: "some", path: "tags", where: present("") });
      await refused(ask({ op: "some", path: "tags", where: { op: "not", condition: present("") } }), "invalid-filter");
      await refused(
        ask({ op: "some", path: "tags", where: { op: "some", path: "", where: present("") } }),
        "invalid-filter",
      );
    });

    for (const text of ["\0", "a\0b", "\ud800", "\udc00a", "a\ud83d"]) {
      it(`refuses the text ${JSON.stringify(text)}`, async () => {
        for (const op of ["eq", "ne", "gt", "ge", "lt", "le", "contains", "startsWith", "endsWith"] as const) {
          await refused(ask({ op, path: "name", value: text }), "invalid-filter");
        }
        await refused(ask({ op: "in", path: "name", values: ["a", text] }), "invalid-filter");
        await refused(ask({ op: "some", path: "tags", where: { op: "eq", path: "", value: text } }), "invalid-filter");
      });
    }

    it("refuses numbers that are none", async () => {
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        await refused(ask({ op: "eq", path: "rank", value }), "invalid-filter");
        await refused(ask({ op: "in", path: "rank", values: [value] }), "invalid-filter");
      }
    });

    it("refuses a condition that is nested too deep, and answers one that just is not", async () => {
      const nested = (depth: number, wrap: (inner: Condition) => Condition): Condition =>
        depth === 1 ? present("note") : wrap(nested(depth - 1, wrap));
      for (const wrap of [
        (condition: Condition): Condition => ({ op: "not", condition }),
        (inner: Condition): Condition => ({ op: "and", all: [inner, present("name")] }),
        (inner: Condition): Condition => ({ op: "or", all: [inner] }),
        (where: Condition): Condition => ({ op: "some", path: "emails", where }),
      ]) {
        await ask(nested(conditionDepthMax, wrap));
        await refused(ask(nested(conditionDepthMax + 1, wrap)), "invalid-filter");
      }
    });

    it("refuses a condition of too many terms, and answers one that just fits", async () => {
      const wide = (terms: number, one: Condition): Condition => ({
        op: "or",
        all: Array.from({ length: terms }, () => one),
      });
      for (const one of [present("note"), { op: "eq", path: "name", value: "x" }, { op: "or", all: [] }] as const) {
        await ask(wide(conditionTermsMax, one));
        await refused(ask(wide(conditionTermsMax + 1, one)), "invalid-filter");
      }
    });

    it("refuses them in a count and inside a transaction as well", async () => {
      const where: Condition = { op: "eq", path: "$where", value: "1" };
      await refused(reading(store(), "org_refusals").count(where), "invalid-filter");
      await refused(
        store().transaction((change) => change.for("org_refusals").open(things).count(where)),
        "invalid-filter",
      );
    });

    it("finds nothing under an id that no record can have", async () => {
      const organization = newOrganization();
      await insertAll(store(), organization, [thing(organization, "a"), thing(organization, "b\ufffd")]);
      for (const id of ["", "\0", "thg_a\0", "thg_b\ud800", "thg_", "THG_A", "%", "$ne"]) {
        expect(await reading(store(), organization).get(id), JSON.stringify(id)).to.equal(undefined);
      }
    });
  });
}
