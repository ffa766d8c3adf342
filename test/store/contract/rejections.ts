import { expect } from "chai";
import { conditionDepthMax, conditionTermsMax } from "../../../src/store/condition.ts";
import type { Condition } from "../../../src/store/query.ts";
import type { Store } from "../../../src/store/store.ts";
import { insertAll, newOrganizationId, newTestRecord, testRecordReader, testRecords } from "./records.fixture.ts";
import { expectRejection } from "./rejected.fixture.ts";

/** Tests conditions that are rejected before they reach an engine. */
export function rejectionContract(store: () => Store): void {
  describe("invalid conditions", () => {
    const listWhere = (where: Condition): Promise<unknown> =>
      testRecordReader(store(), "org_refusals").list({ where, limit: 1 });
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
      it(`rejects the path ${JSON.stringify(path)}`, async () => {
        await expectRejection(listWhere(present(path)), "invalid-filter");
        await expectRejection(listWhere({ op: "eq", path, value: "x" }), "invalid-filter");
        await expectRejection(listWhere({ op: "in", path, values: [] }), "invalid-filter");
        await expectRejection(listWhere({ op: "not", condition: present(path) }), "invalid-filter");
        await expectRejection(listWhere({ op: "some", path, where: present("a") }), "invalid-filter");
        if (path !== "")
          await expectRejection(listWhere({ op: "some", path: "a", where: present(path) }), "invalid-filter");
        await expectRejection(
          listWhere({ op: "some", path: "a", where: { op: "and", all: [present(path)] } }),
          "invalid-filter",
        );
        await expectRejection(
          testRecordReader(store(), "org_refusals").list({ sort: { path, direction: "ascending" }, limit: 1 }),
          "invalid-filter",
        );
      });
    }

    it("accepts the path of the element itself only as the whole `where` of `some`", async () => {
      await listWhere({ op: "some", path: "tags", where: present("") });
      await expectRejection(
        listWhere({ op: "some", path: "tags", where: { op: "not", condition: present("") } }),
        "invalid-filter",
      );
      await expectRejection(
        listWhere({ op: "some", path: "tags", where: { op: "some", path: "", where: present("") } }),
        "invalid-filter",
      );
    });

    for (const text of ["\0", "a\0b", "\ud800", "\udc00a", "a\ud83d"]) {
      it(`rejects the string ${JSON.stringify(text)}`, async () => {
        for (const op of ["eq", "ne", "gt", "ge", "lt", "le", "contains", "startsWith", "endsWith"] as const) {
          await expectRejection(listWhere({ op, path: "name", value: text }), "invalid-filter");
        }
        await expectRejection(listWhere({ op: "in", path: "name", values: ["a", text] }), "invalid-filter");
        await expectRejection(
          listWhere({ op: "some", path: "tags", where: { op: "eq", path: "", value: text } }),
          "invalid-filter",
        );
      });
    }

    it("rejects numbers that are not finite", async () => {
      for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        await expectRejection(listWhere({ op: "eq", path: "rank", value }), "invalid-filter");
        await expectRejection(listWhere({ op: "in", path: "rank", values: [value] }), "invalid-filter");
      }
    });

    it("rejects a condition that is nested too deep, and accepts the deepest valid one", async () => {
      const nested = (depth: number, wrap: (inner: Condition) => Condition): Condition =>
        depth === 1 ? present("note") : wrap(nested(depth - 1, wrap));
      for (const wrap of [
        (condition: Condition): Condition => ({ op: "not", condition }),
        (inner: Condition): Condition => ({ op: "and", all: [inner, present("name")] }),
        (inner: Condition): Condition => ({ op: "or", all: [inner] }),
        (where: Condition): Condition => ({ op: "some", path: "emails", where }),
      ]) {
        await listWhere(nested(conditionDepthMax, wrap));
        await expectRejection(listWhere(nested(conditionDepthMax + 1, wrap)), "invalid-filter");
      }
    });

    it("rejects a condition with too many terms, and accepts the longest valid one", async () => {
      const wide = (terms: number, one: Condition): Condition => ({
        op: "or",
        all: Array.from({ length: terms }, () => one),
      });
      for (const one of [present("note"), { op: "eq", path: "name", value: "x" }, { op: "or", all: [] }] as const) {
        await listWhere(wide(conditionTermsMax, one));
        await expectRejection(listWhere(wide(conditionTermsMax + 1, one)), "invalid-filter");
      }
    });

    it("rejects them in a count and inside a transaction", async () => {
      const where: Condition = { op: "eq", path: "$where", value: "1" };
      await expectRejection(testRecordReader(store(), "org_refusals").count(where), "invalid-filter");
      await expectRejection(
        store().transaction((change) => change.for("org_refusals").open(testRecords).count(where)),
        "invalid-filter",
      );
    });

    it("returns undefined for an id that no record can have", async () => {
      const organization = newOrganizationId();
      await insertAll(store(), organization, [
        newTestRecord(organization, "a"),
        newTestRecord(organization, "b\ufffd"),
      ]);
      for (const id of ["", "\0", "thg_a\0", "thg_b\ud800", "thg_", "THG_A", "%", "$ne"]) {
        expect(await testRecordReader(store(), organization).get(id), JSON.stringify(id)).to.equal(undefined);
      }
    });
  });
}
