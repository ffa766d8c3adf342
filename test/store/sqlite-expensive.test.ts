import { join } from "node:path";
import { expect } from "chai";
import type { Condition } from "../../src/store/collection.ts";
import { Connection } from "../../src/store/sqlite-driver.ts";
import { type PageRequest, partSql, planPage } from "../../src/store/sqlite-page.ts";
import { ScanReader } from "../../src/store/sqlite-reader.ts";
import { ScanBound } from "../../src/store/sqlite-scan-bound.ts";
import { refused } from "./contract/refused.ts";
import { contractCollections, insertAll, reading, thing, things } from "./contract/things.ts";
import { openSqlite, type SqliteOpened } from "./sqlite-opened.ts";

describe("An expensive question on SQLite", () => {
  const rich = "org_rich";
  const poor = "org_poor";
  const timeMs = 300;
  /** A record costs milliseconds: each of a hundred terms looks at each of a hundred e-mails. */
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
  let opened: SqliteOpened;
  let reader: ScanReader;

  before(async () => {
    opened = await openSqlite({ collections: contractCollections, scanTimeMs: timeMs });
    // Cheap records first: what those cost says nothing about the ones behind them.
    const light = Array.from({ length: 2500 }, (_, at) => thing(rich, `a${String(at).padStart(6, "0")}`));
    const heavy = Array.from({ length: 1000 }, (_, at) =>
      thing(rich, `b${String(at).padStart(6, "0")}`, {
        emails: Array.from({ length: 100 }, (_, each) => ({ value: `${at}-${each}@example.com` })),
      }),
    );
    await insertAll(opened.store, rich, [...light, ...heavy]);
    await insertAll(opened.store, poor, [thing(poor, "one", { code: "code 1" }), thing(poor, "two")]);
  });
  beforeEach(() => {
    reader = readerOf({});
  });
  afterEach(() => reader.close());
  after(() => opened.dispose());

  const readerOf = (waits: { readonly waitMs?: number; readonly waitingMax?: number }): ScanReader =>
    new ScanReader(join(opened.dataDir, "gatehouse.db"), timeMs, { waitMs: 60_000, waitingMax: 100, ...waits });
  /** Asks, and notes the end of it under this name. */
  const ask = (organizationId: string, where: Condition, order: string[] = [], name = ""): Promise<unknown> => {
    const { request, way } = planPage({ where, limit: 10, total: true }, things, organizationId);
    if (way === "at-once") throw new Error("this question goes to no thread");
    return reader.ask(request, { asks: "page", way }).finally(() => order.push(name));
  };

  it("is ended in the middle of the records, whatever the ones before cost", async () => {
    await refused(reading(opened.store, rich).list({ where: expensive, limit: 10 }), "query-too-expensive");
    await refused(reading(opened.store, rich).count(expensive), "query-too-expensive");
  });

  it("is ended as well where an index narrows it and too much is left to look at", async () => {
    const where: Condition = {
      op: "and",
      all: [{ op: "some", path: "emails", where: { op: "startsWith", path: "value", value: "1" } }, expensive],
    };
    expect(planPage({ where, limit: 10, total: true }, things, rich).way).to.equal("by-index");
    await refused(reading(opened.store, rich).list({ where, limit: 10, total: true }), "query-too-expensive");
  });

  it("is ended by closing the store, in the middle of the records", async () => {
    const own = new ScanReader(join(opened.dataDir, "gatehouse.db"), 3_600_000);
    const { request } = planPage({ where: expensive, limit: 10 }, things, rich);
    const asked = refused(own.ask(request, { asks: "page", way: "scan" }), "unavailable");
    await own.close();
    await asked;
    await refused(own.ask(request, { asks: "page", way: "scan" }), "unavailable");
  });

  it("leaves the thread as it was: the next question is answered", async () => {
    await refused(ask(rich, expensive), "query-too-expensive");
    expect(await ask(poor, cheap)).to.deep.equal({ rows: [], total: 0 });
  });

  it("is read along the same index with its bound as without", () => {
    const connection = new Connection(join(opened.dataDir, "gatehouse.db"), { readOnly: true });
    new ScanBound(connection, new Int32Array(1));
    const ranged: Condition = { op: "startsWith", path: "name", value: "a" };
    const listed: Condition = {
      op: "some",
      path: "emails",
      where: { op: "startsWith", path: "value", value: "a" },
    };
    for (const where of [manyKeys, ranged, listed, { op: "and", all: [ranged, cheap] } satisfies Condition]) {
      const { request } = planPage({ where, limit: 10 }, things, rich);
      const stepsOf = (asked: PageRequest): unknown[] => {
        const { text, values } = partSql(asked, "all", "id");
        return connection.all(`EXPLAIN QUERY PLAN ${text}`, values).map(({ detail }) => detail);
      };
      expect(stepsOf(ScanBound.over(request)))
        .to.deep.equal(stepsOf(request))
        .and.to.not.have.length(0);
    }
    connection.close();
  });

  it("is overtaken by what an index answers", async () => {
    const order: string[] = [];
    const scan = refused(ask(rich, expensive, order, "scan"), "query-too-expensive");
    await ask(poor, manyKeys, order, "by index");
    await scan;
    expect(order).to.deep.equal(["by index", "scan"]);
  });

  it("makes another organisation wait for one question, not for all that were asked before", async () => {
    const order: string[] = [];
    const scans = ["rich 1", "rich 2", "rich 3"].map((name) =>
      refused(ask(rich, expensive, order, name), "query-too-expensive"),
    );
    await Promise.all([...scans, ask(poor, cheap, order, "poor 1"), ask(poor, cheap, order, "poor 2")]);
    expect(order).to.deep.equal(["rich 1", "poor 1", "rich 2", "poor 2", "rich 3"]);
  });

  it("does not count as the cost of those that wait for it", async () => {
    const scans = [rich, "org_third"].map((organizationId) => ask(organizationId, expensive).catch(() => undefined));
    const waited = ask(poor, cheap);
    await refused(ask(rich, expensive), "query-too-expensive");
    await Promise.all(scans);
    expect(await waited).to.deep.equal({ rows: [], total: 0 });
  });

  it("is `unavailable`, not refused for its cost, when its turn does not come in time", async () => {
    reader = readerOf({ waitMs: 20 });
    const scan = refused(ask(rich, expensive), "query-too-expensive");
    const late = await refused(ask(poor, cheap), "unavailable");
    expect(late.details.retryAfterSeconds).to.equal(2);
    await scan;
    expect(await ask(poor, cheap)).to.deep.equal({ rows: [], total: 0 });
  });

  it("is `unavailable` at once when too many of its organisation wait, and only of that one", async () => {
    reader = readerOf({ waitingMax: 2 });
    const order: string[] = [];
    const admitted = ["running", "waiting 1", "waiting 2"].map((name) =>
      refused(ask(rich, expensive, order, name), "query-too-expensive"),
    );
    const other = ask(poor, cheap, order, "poor");
    await refused(ask(rich, expensive, order, "too many"), "unavailable");
    await Promise.all([...admitted, other]);
    expect(order[0]).to.equal("too many");
    expect(order).to.include("poor");
  });
});
