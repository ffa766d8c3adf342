import { join } from "node:path";
import { expect } from "chai";
import type { Condition } from "../../../src/store/query.ts";
import { SqliteConnection } from "../../../src/store/sqlite/driver.ts";
import { planPage, type SqlPageRequest, toPartSql } from "../../../src/store/sqlite/query/page.ts";
import { ReaderPool } from "../../../src/store/sqlite/readers/reader-pool.ts";
import { TimeLimit } from "../../../src/store/sqlite/readers/time-limit.ts";
import {
  contractCollections,
  insertAll,
  newTestRecord,
  testRecordReader,
  testRecords,
} from "../contract/records.fixture.ts";
import { expectRejection } from "../contract/rejected.fixture.ts";
import { openSqliteTestStore, type SqliteTestStore } from "./sqlite.fixture.ts";

describe("an expensive query on SQLite", () => {
  const rich = "org_rich";
  const poor = "org_poor";
  const timeMs = 300;
  /** A record costs milliseconds: each of a hundred terms is compared with each of a hundred emails. */
  const expensive: Condition = {
    op: "or",
    all: Array.from({ length: 100 }, (_, at) => ({
      op: "some",
      path: "emails",
      where: { op: "contains", path: "value", value: `nowhere ${at}` },
    })),
  };
  const cheap: Condition = { op: "contains", path: "note", value: "nowhere" };
  const manyKeys: Condition = { op: "in", path: "code", values: Array.from({ length: 300 }, (_, at) => `code ${at}`) };
  let opened: SqliteTestStore;
  let reader: ReaderPool;

  before(async () => {
    opened = await openSqliteTestStore({ collections: contractCollections, scanTimeMs: timeMs });
    // Cheap records first, so that their cost does not predict the cost of later ones.
    const light = Array.from({ length: 2500 }, (_, at) => newTestRecord(rich, `a${String(at).padStart(6, "0")}`));
    const heavy = Array.from({ length: 1000 }, (_, at) =>
      newTestRecord(rich, `b${String(at).padStart(6, "0")}`, {
        emails: Array.from({ length: 100 }, (_, each) => ({ value: `${at}-${each}@example.com` })),
      }),
    );
    await insertAll(opened.store, rich, [...light, ...heavy]);
    await insertAll(opened.store, poor, [newTestRecord(poor, "one", { code: "code 1" }), newTestRecord(poor, "two")]);
  });
  beforeEach(() => {
    reader = readerOf({});
  });
  afterEach(() => reader.close());
  after(() => opened.dispose());

  const readerOf = (waits: { readonly queueTimeoutMs?: number; readonly queueSizeMax?: number }): ReaderPool =>
    new ReaderPool(join(opened.dataDir, "gatehouse.db"), timeMs, {
      queueTimeoutMs: 60_000,
      queueSizeMax: 100,
      ...waits,
    });
  /** Runs a query and records its completion under this name. */
  const runQuery = (organizationId: string, where: Condition, order: string[] = [], name = ""): Promise<unknown> => {
    const { request, mode } = planPage({ where, limit: 10, total: true }, testRecords, organizationId);
    if (mode === "inline") throw new Error("this question goes to no thread");
    return reader.run(request, { kind: "page", mode }).finally(() => order.push(name));
  };

  it("ends at its time limit, whatever the previous records cost", async () => {
    await expectRejection(
      testRecordReader(opened.store, rich).list({ where: expensive, limit: 10 }),
      "query-too-expensive",
    );
    await expectRejection(testRecordReader(opened.store, rich).count(expensive), "query-too-expensive");
  });

  it("ends at its time limit when an index narrows it too little", async () => {
    const where: Condition = {
      op: "and",
      all: [{ op: "some", path: "emails", where: { op: "startsWith", path: "value", value: "1" } }, expensive],
    };
    expect(planPage({ where, limit: 10, total: true }, testRecords, rich).mode).to.equal("indexed");
    await expectRejection(
      testRecordReader(opened.store, rich).list({ where, limit: 10, total: true }),
      "query-too-expensive",
    );
  });

  it("ends when the store is closed", async () => {
    const readerPool = new ReaderPool(join(opened.dataDir, "gatehouse.db"), 3_600_000);
    const { request } = planPage({ where: expensive, limit: 10 }, testRecords, rich);
    const rejection = expectRejection(readerPool.run(request, { kind: "page", mode: "full-scan" }), "unavailable");
    await readerPool.close();
    await rejection;
    await expectRejection(readerPool.run(request, { kind: "page", mode: "full-scan" }), "unavailable");
  });

  it("leaves the thread usable for the next query", async () => {
    await expectRejection(runQuery(rich, expensive), "query-too-expensive");
    expect(await runQuery(poor, cheap)).to.deep.equal({ rows: [], total: 0 });
  });

  it("uses the same index with and without a time limit", () => {
    const connection = new SqliteConnection(join(opened.dataDir, "gatehouse.db"), { readOnly: true });
    new TimeLimit(connection, new Int32Array(1));
    const ranged: Condition = { op: "startsWith", path: "name", value: "a" };
    const listed: Condition = {
      op: "some",
      path: "emails",
      where: { op: "startsWith", path: "value", value: "a" },
    };
    const entries: Condition = { op: "some", path: "emails", where: { op: "eq", path: "value", value: "a" } };
    for (const where of [manyKeys, ranged, listed, entries, { op: "and", all: [ranged, cheap] } satisfies Condition]) {
      const { request } = planPage({ where, limit: 10 }, testRecords, rich);
      const planSteps = (rejection: SqlPageRequest): unknown[] => {
        const { text, values } = toPartSql(rejection, "all", "id");
        return connection.all(`EXPLAIN QUERY PLAN ${text}`, values).map(({ detail }) => detail);
      };
      expect(planSteps(TimeLimit.applyTo(request)))
        .to.deep.equal(planSteps(request))
        .and.to.not.have.length(0);
    }
    connection.close();
  });

  it("does not delay indexed queries", async () => {
    const order: string[] = [];
    const scan = expectRejection(runQuery(rich, expensive, order, "full-scan"), "query-too-expensive");
    await runQuery(poor, manyKeys, order, "by index");
    await scan;
    expect(order).to.deep.equal(["by index", "full-scan"]);
  });

  it("makes another organization wait for one query only, not for all queued ones", async () => {
    const order: string[] = [];
    const scans = ["rich 1", "rich 2", "rich 3"].map((name) =>
      expectRejection(runQuery(rich, expensive, order, name), "query-too-expensive"),
    );
    await Promise.all([...scans, runQuery(poor, cheap, order, "poor 1"), runQuery(poor, cheap, order, "poor 2")]);
    expect(order).to.deep.equal(["rich 1", "poor 1", "rich 2", "poor 2", "rich 3"]);
  });

  it("does not count toward the time limit of waiting queries", async () => {
    const scans = [rich, "org_third"].map((organizationId) =>
      runQuery(organizationId, expensive).catch(() => undefined),
    );
    const waited = runQuery(poor, cheap);
    await expectRejection(runQuery(rich, expensive), "query-too-expensive");
    await Promise.all(scans);
    expect(await waited).to.deep.equal({ rows: [], total: 0 });
  });

  it("is `unavailable` and not query-too-expensive when it waits too long", async () => {
    reader = readerOf({ queueTimeoutMs: 20 });
    const scan = expectRejection(runQuery(rich, expensive), "query-too-expensive");
    const late = await expectRejection(runQuery(poor, cheap), "unavailable");
    expect(late.details.retryAfterSeconds).to.equal(2);
    await scan;
    expect(await runQuery(poor, cheap)).to.deep.equal({ rows: [], total: 0 });
  });

  it("is `unavailable` at once when too many queries of its own organization wait", async () => {
    reader = readerOf({ queueSizeMax: 2 });
    const order: string[] = [];
    const admitted = ["running", "waiting 1", "waiting 2"].map((name) =>
      expectRejection(runQuery(rich, expensive, order, name), "query-too-expensive"),
    );
    const other = runQuery(poor, cheap, order, "poor");
    await expectRejection(runQuery(rich, expensive, order, "too many"), "unavailable");
    await Promise.all([...admitted, other]);
    expect(order[0]).to.equal("too many");
    expect(order).to.include("poor");
  });
});
