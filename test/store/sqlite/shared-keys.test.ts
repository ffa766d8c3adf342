import { expect } from "chai";
import { hasErrorCode } from "../../../src/errors.ts";
import type { Condition, Query } from "../../../src/store/query.ts";
import type { Reader } from "../../../src/store/store.ts";
import {
  contractCollections,
  insertAll,
  newTestRecord,
  type TestRecord,
  testRecordReader,
} from "../contract/records.fixture.ts";
import { expectRejection } from "../contract/rejected.fixture.ts";
import { openSqliteTestStore, type SqliteTestStore } from "./sqlite.fixture.ts";

describe("a query on SQLite by a key that many records share", () => {
  const organizationId = "org_shared";
  const shared = 1000;
  let opened: SqliteTestStore;
  const timeMs = 1000;
  let reader: Reader<TestRecord>;
  before(async () => {
    opened = await openSqliteTestStore({ collections: contractCollections, scanTimeMs: timeMs, hasCache: false });
    reader = testRecordReader(opened.store, organizationId);
    const emails = (at: number) => Array.from({ length: 99 }, (_, each) => ({ value: `${at}-${each}@example.com` }));
    const records = Array.from({ length: shared }, (_, at) =>
      newTestRecord(organizationId, String(at).padStart(6, "0"), {
        code: `code ${at}`,
        name: at < shared - 1 ? "shared" : "own",
        emails: [...emails(at), { value: "shared@example.com" }],
      }),
    );
    await insertAll(opened.store, organizationId, records);
  });
  after(() => opened.dispose());

  const byName = (value: string): Condition => ({ op: "eq", path: "name", value });
  const byEmail = (value: string): Condition => ({
    op: "some",
    path: "emails",
    where: { op: "eq", path: "value", value },
  });
  /** A record costs milliseconds: each of a hundred comparisons is with each of a hundred elements. */
  const expensive: Condition = {
    op: "or",
    all: Array.from({ length: 100 }, (_, at) => ({
      op: "some",
      path: "emails",
      where: { op: "contains", path: "value", value: `nowhere ${at}` },
    })),
  };
  const and = (...all: Condition[]): Condition => ({ op: "and", all });
  it("ends at the time limit if its other comparisons are expensive", async () => {
    for (const key of [byName("shared"), byEmail("shared@example.com")]) {
      const where = and(key, expensive);
      await expectRejection(reader.list({ where, limit: 10, total: true }), "query-too-expensive");
      await expectRejection(reader.count(where), "query-too-expensive");
      await expectRejection(reader.count({ op: "or", all: [where, byName("own")] }), "query-too-expensive");
    }
  });

  it("returns exact pages and totals", async () => {
    const ids = Array.from({ length: shared }, (_, at) => `thg_${String(at).padStart(6, "0")}`);
    for (const [where, expected] of [
      [byName("shared"), ids.slice(0, -1)],
      [byName("own"), ids.slice(-1)],
      [byEmail("shared@example.com"), ids],
      [byEmail("7-7@example.com"), ids.slice(7, 8)],
      [byEmail("none@example.com"), []],
    ] as const)
      for (const direction of ["ascending", "descending"] as const) {
        const sorted = direction === "ascending" ? expected : expected.toReversed();
        const sort = { path: "id", direction };
        for (const offset of [0, 3, 501, 995, 2000]) {
          const { items, total } = await reader.list({ where, sort, offset, limit: 10, total: true });
          expect(items.map(({ id }) => id)).to.deep.equal(sorted.slice(offset, offset + 10));
          expect(total).to.equal(expected.length);
        }
        const after = { id: "thg_000500" };
        const { items, total } = await reader.list({ where, sort, after, limit: 10, total: true });
        const isAfter = (id: string) => (direction === "ascending" ? id > after.id : id < after.id);
        expect(items.map(({ id }) => id)).to.deep.equal(sorted.filter(isAfter).slice(0, 10));
        expect(total).to.equal(expected.length);
        expect(await reader.count(where)).to.equal(expected.length);
      }
  });

  describe("without any time in the reader threads", () => {
    const reopen = async (scanTimeMs: number): Promise<void> => {
      reader = testRecordReader(await opened.reopen({ scanTimeMs }), organizationId);
    };
    before(() => reopen(-1));
    after(() => reopen(timeMs));

    /** A query that runs in a thread is over its time limit at its first row. */
    const runsInThread = (query: Partial<Query>): Promise<boolean> =>
      reader.list({ limit: 10, total: true, ...query }).then(
        () => false,
        (error: unknown) => {
          if (hasErrorCode(error) && error.code === "query-too-expensive") return true;
          throw error;
        },
      );

    it("runs in a reader thread whatever other key is beside the shared one", async () => {
      for (const key of [byEmail("0-1@example.com"), { op: "in", path: "id", values: ["thg_000001"] } as const])
        for (const all of [
          [byName("shared"), expensive, key],
          [key, expensive, byName("shared")],
        ])
          expect(await runsInThread({ where: and(...all) })).to.equal(true);
    });

    it("runs in a reader thread to count, to sort or to skip the records of the key", async () => {
      const sort = { path: "size", direction: "ascending" } as const;
      for (const where of [byName("shared"), byEmail("shared@example.com")]) {
        expect(await runsInThread({ where })).to.equal(true);
        expect(await runsInThread({ where, total: false, sort })).to.equal(true);
        expect(await runsInThread({ where, total: false, offset: 900 })).to.equal(true);
      }
    });

    it("runs on the event loop for few records and cheap comparisons", async () => {
      const contains: Condition = { op: "contains", path: "note", value: "x" };
      for (const where of [
        byName("own"),
        byEmail("0-1@example.com"),
        { op: "eq", path: "code", value: "code 1" } as const,
      ])
        for (const each of [where, and(where, contains)]) expect(await runsInThread({ where: each })).to.equal(false);
      expect(await runsInThread({ where: byName("shared"), total: false })).to.equal(false);
      expect(await runsInThread({ where: byEmail("shared@example.com"), total: false })).to.equal(false);
      expect(await runsInThread({ where: and(byName("own"), expensive) })).to.equal(true);
    });
  });
});
