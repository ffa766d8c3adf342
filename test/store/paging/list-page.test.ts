import { expect } from "chai";
import { listPage, type PageSource } from "../../../src/store/paging/list-page.ts";
import type { Query } from "../../../src/store/query.ts";

const allIds = Array.from({ length: 1000 }, (_, at) => `r${String(at).padStart(4, "0")}`);

/** A source over the ids in order, with the operations that the algorithm ran. */
function startSource(overrides: Partial<PageSource<string>> = {}) {
  const operations: string[] = [];
  const source: PageSource<string> = {
    read: async ({ sort, after, offset = 0, limit }) => {
      const isDescending = sort?.direction === "descending";
      operations.push(`read${isDescending ? " reversed" : ""} ${after ? `after ${after.id}` : `from ${offset}`}`);
      const ordered = isDescending ? allIds.toReversed() : allIds;
      const from = after ? ordered.indexOf(after.id) + 1 : offset;
      return { rows: ordered.slice(from, from + limit) };
    },
    count: async () => {
      operations.push("count");
      return allIds.length;
    },
    toPosition: (id) => ({ id }),
    measure: (id) => id.length,
    farOffsetMin: 200,
    ...overrides,
  };
  return { source, operations };
}

describe("listPage", () => {
  const first: Query = { offset: 0, limit: 10, total: true };

  it("reads the first page with one read and one count", async () => {
    const { source, operations } = startSource();
    expect(await listPage(first, source)).to.deep.equal({ rows: allIds.slice(0, 10), total: 1000 });
    expect(operations).to.deep.equal(["read from 0", "count"]);
  });

  it("uses the total that the read established and does not count again", async () => {
    const { source, operations } = startSource({ read: async () => ({ rows: ["r0000"], total: 1 }) });
    expect(await listPage(first, source)).to.deep.equal({ rows: ["r0000"], total: 1 });
    expect(operations).to.deep.equal([]);
  });

  it("returns no total and counts nothing unless the query requests it", async () => {
    const { source, operations } = startSource();
    expect(await listPage({ limit: 10 }, source)).to.deep.equal({ rows: allIds.slice(0, 10) });
    expect(operations).to.deep.equal(["read from 0"]);
  });

  it("returns the position at which the next page begins if the query requests it and the page is full", async () => {
    const { source } = startSource();
    const { end } = await listPage({ ...first, end: true }, source);
    expect(end).to.deep.equal({ id: "r0009" });
    const { end: continued } = await listPage({ after: { id: "r0009" }, limit: 10, end: true }, source);
    expect(continued).to.deep.equal({ id: "r0019" });
    expect(await listPage({ offset: 995, limit: 10, end: true }, source)).not.to.have.property("end");
    expect(await listPage(first, source)).not.to.have.property("end");
  });

  it("reads the last page from the end and confirms the total after the read", async () => {
    const { source, operations } = startSource();
    const page = await listPage({ offset: 990, limit: 10, total: true }, source);
    expect(page).to.deep.equal({ rows: allIds.slice(990), total: 1000 });
    expect(operations).to.deep.equal(["count", "read reversed from 0", "count"]);
  });

  it("skips fewer records than `farOffsetMin` without counting first", async () => {
    const { source, operations } = startSource();
    await listPage({ offset: 199, limit: 10 }, source);
    expect(operations).to.deep.equal(["read from 199"]);
  });

  it("does not read a filtered list from its end, because its length is not known", async () => {
    const { source, operations } = startSource();
    await listPage({ offset: 990, limit: 10, where: { op: "present", path: "name" } }, source);
    expect(operations).to.deep.equal(["read from 990"]);
  });

  describe("with a size limit", () => {
    const sizeLimit = { lengthMax: 100, firstBatch: 4 }; // twenty ids of five characters

    it("reads a page of at most the first batch like any other", async () => {
      const { source, operations } = startSource();
      expect(await listPage({ limit: 4, sizeLimit }, source)).to.deep.equal({ rows: allIds.slice(0, 4) });
      expect(operations).to.deep.equal(["read from 0"]);
    });

    it("reads a longer page in batches and returns it whole if its records are small enough", async () => {
      const { source, operations } = startSource();
      const page = await listPage({ limit: 20, total: true, sizeLimit }, source);
      expect(page).to.deep.equal({ rows: allIds.slice(0, 20), total: 1000 });
      expect(operations).to.deep.equal(["read from 0", "count", "read after r0003"]);
    });

    it("cuts the page before the record that exceeds the limit, and continues from there without skipping", async () => {
      const { source, operations } = startSource();
      const { end, ...page } = await listPage({ limit: 50, sizeLimit, end: true }, source);
      expect(page).to.deep.equal({ rows: allIds.slice(0, 20), isCut: true });
      operations.length = 0;
      if (end) await listPage({ after: end, limit: 50, sizeLimit }, source);
      expect(operations[0]).to.equal("read after r0019");
    });

    it("returns one record that is larger than the limit alone", async () => {
      const { source } = startSource({ measure: () => 101 });
      expect(await listPage({ limit: 50, sizeLimit }, source)).to.deep.equal({ rows: allIds.slice(0, 1), isCut: true });
    });

    it("lets the engine bound each batch after the first, because its records may be longer", async () => {
      const requested: number[] = [];
      const fitBatch = ({ limit }: Query): number => {
        requested.push(limit);
        return Math.min(limit, 5);
      };
      const { source, operations } = startSource({ fitBatch });
      const page = await listPage({ limit: 18, sizeLimit }, source);
      expect(page).to.deep.equal({ rows: allIds.slice(0, 18) });
      expect(operations).to.deep.equal(["read from 0", "read after r0003", "read after r0008", "read after r0013"]);
      expect(requested).to.deep.equal([14, 9, 4]);
    });

    it("does not report the end of the list as a cut", async () => {
      const { source } = startSource();
      const page = await listPage({ offset: 980, limit: 50, sizeLimit }, source);
      expect(page).to.deep.equal({ rows: allIds.slice(980) });
    });

    it("continues by offset if the sort value of the last record cannot be compared", async () => {
      const { source, operations } = startSource({ toPosition: () => undefined, farOffsetMin: 1000 });
      const page = await listPage({ limit: 10, sizeLimit }, source);
      expect(page).to.deep.equal({ rows: allIds.slice(0, 10) });
      expect(operations).to.deep.equal(["read from 0", "read from 4"]);
    });
  });
});
