import { expect } from "chai";
import type { Condition, Position, Scalar } from "../../../src/store/query.ts";
import type { Store } from "../../../src/store/store.ts";
import {
  contractCollections,
  insertAll,
  nameOf,
  newTestRecord,
  type TestRecord,
  testRecordReader,
} from "../contract/records.fixture.ts";
import { matchesCondition, sortRecords, valueAt } from "../evaluate.fixture.ts";
import type { TestStore } from "../test-store.fixture.ts";
import { openSqliteTestStore } from "./sqlite.fixture.ts";

const many = 5003;
const organization = "org_scans";

describe("a full scan on SQLite", () => {
  let opened: TestStore;
  let store: Store;
  const records = Array.from({ length: many }, (_, at): TestRecord => {
    const name = at % 5 === 0 ? undefined : `${at % 2 ? "odd" : "even"} ${at % 700}`;
    return newTestRecord(organization, String(at).padStart(6, "0"), {
      ...(name !== undefined && { name, note: name }),
      code: `code ${(at * 7919) % many}`,
      size: at % 13,
      emails: [{ value: `${at % 3 ? "a" : "b"}${at}@x` }],
    });
  });
  before(async () => {
    opened = await openSqliteTestStore({ collections: contractCollections, scanTimeMs: 60_000 });
    store = opened.store;
    await insertAll(store, organization, records);
    // Records of another tenant precede and follow these in the same indexes.
    for (const other of ["org_scan", "org_scans2"]) {
      const theirs = records.slice(0, 2500).map((each) => ({ ...each, organizationId: other }));
      await insertAll(
        store,
        other,
        theirs.map((each) => ({ ...each, emails: [] })),
      );
    }
  });
  after(() => opened.dispose());

  const conditions: Readonly<Record<string, Condition>> = {
    "that few records meet": { op: "endsWith", path: "note", value: " 123" },
    "that most records meet": { op: "ne", path: "size", value: 3 },
    "that none meets": { op: "contains", path: "note", value: "nowhere" },
    "along a range that holds duplicates": {
      op: "and",
      all: [
        { op: "startsWith", path: "name", value: "odd" },
        { op: "lt", path: "size", value: 11 },
      ],
    },
    "along a range of a unique key": {
      op: "and",
      all: [
        { op: "ge", path: "code", value: "code 2" },
        { op: "ne", path: "size", value: 1 },
      ],
    },
    "of a range of ids": { op: "gt", path: "id", value: "thg_002500" },
    "of elements by their beginning": {
      op: "some",
      path: "emails",
      where: { op: "startsWith", path: "value", value: "b" },
    },
  };

  for (const [title, where] of Object.entries(conditions)) {
    const matching = records.filter((record) => matchesCondition(where, record));

    it(`counts every match once, for a condition ${title}`, async () => {
      expect(await testRecordReader(store, organization).count(where)).to.equal(matching.length);
    });

    for (const path of ["id", "name", "note", "size", "code"]) {
      for (const direction of ["ascending", "descending"] as const) {
        it(`returns first and later pages ${direction} by ${path}, for a condition ${title}`, async () => {
          const sort = { path, direction };
          const expected = sortRecords(matching, sort).map(nameOf);
          const reader = testRecordReader(store, organization);
          const first = await reader.list({ where, sort, limit: 40, total: true });
          expect(first.items.map(nameOf)).to.deep.equal(expected.slice(0, 40));
          expect(first.total).to.equal(expected.length);
          const last = first.items.at(-1);
          if (last) {
            const next = await reader.list({ where, sort, after: positionOf(last, path), limit: 40 });
            expect(next.items.map(nameOf)).to.deep.equal(expected.slice(40, 80));
          }
          const far = await reader.list({ where, sort, offset: 3000, limit: 40 });
          expect(far.items.map(nameOf)).to.deep.equal(expected.slice(3000, 3040));
        });
      }
    }
  }

  it("does not delay two hundred later reads", async () => {
    const order: string[] = [];
    const where: Condition = { op: "contains", path: "note", value: "nowhere" };
    const scans = Array.from({ length: 20 }, () =>
      testRecordReader(store, organization)
        .list({ where, limit: 1, total: true })
        .then(() => order.push("full-scan")),
    );
    for (let at = 0; at < 200; at++) {
      await testRecordReader(store, organization).get("thg_000001");
      order.push("get");
    }
    await Promise.all(scans);
    expect(order.lastIndexOf("get")).to.be.lessThan(order.lastIndexOf("full-scan"));
  });

  it("ends as unavailable when the store is closed", async () => {
    const closingStore = await openSqliteTestStore({ collections: contractCollections, scanTimeMs: 60_000 });
    await insertAll(closingStore.store, organization, records);
    const where: Condition = { op: "contains", path: "note", value: "nowhere" };
    const reads = Array.from({ length: 20 }, () =>
      testRecordReader(closingStore.store, organization).list({ where, limit: 1 }),
    );
    const outcomes = Promise.allSettled(reads);
    await closingStore.dispose();
    const reasons = (await outcomes).flatMap((each) => (each.status === "rejected" ? [String(each.reason)] : []));
    expect(reasons).to.not.have.length(0);
    for (const reason of reasons) expect(reason).to.contain("is not available");
  });
});

function positionOf(record: TestRecord, path: string): Position {
  if (path === "id") return { id: record.id };
  return { id: record.id, value: (valueAt(record, path) as Scalar | undefined) ?? null };
}
