import { expect } from "chai";
import { fromNearerEnd } from "../../../src/store/paging/nearer-end.ts";
import { OffsetPositionCache, RecordChanges } from "../../../src/store/paging/offset-positions.ts";
import type { Query } from "../../../src/store/query.ts";

const byId = { limit: 10 };
const byName: Query = { limit: 10, sort: { path: "name", direction: "ascending" } };

const toChanges = (id: string, kind: "inserted-or-removed" | "updated"): RecordChanges => {
  const changes = new RecordChanges();
  changes.add("users", "org_1", id, kind);
  return changes;
};

describe("OffsetPositionCache", () => {
  it("returns a position only for the same query, offset and collection", () => {
    const cache = new OffsetPositionCache();
    cache.forCollection("users", "org_1").set({ ...byName, offset: 20 }, { id: "m", value: "x" });
    const find = (query: Query, of = cache.forCollection("users", "org_1")) => of.find(query)?.position;
    expect(find({ ...byName, offset: 30 })).to.deep.equal({ id: "m", value: "x" });
    expect(find({ ...byName, offset: 30, limit: 3, total: true })).to.deep.equal({ id: "m", value: "x" });
    for (const other of [
      { ...byName, offset: 31 },
      { ...byId, offset: 30 },
      { ...byName, offset: 30, where: { op: "present", path: "a" } },
      { ...byName, offset: 30, sort: { path: "name", direction: "descending" } },
    ] as const) {
      expect(find(other), JSON.stringify(other)).to.equal(undefined);
    }
    expect(find({ ...byName, offset: 30 }, cache.forCollection("users", "org_2"))).to.equal(undefined);
    expect(find({ ...byName, offset: 30 }, cache.forCollection("groups", "org_1"))).to.equal(undefined);
  });

  it("keeps positions of an unfiltered list by id after updates and after changes behind them", () => {
    const cache = new OffsetPositionCache();
    cache.forCollection("users", "org_1").set(byId, { id: "m" });
    cache.invalidate(toChanges("a", "updated"));
    cache.invalidate(toChanges("n", "inserted-or-removed"));
    expect(cache.forCollection("users", "org_1").find({ ...byId, offset: 10 })?.position).to.deep.equal({ id: "m" });
    cache.invalidate(toChanges("m", "inserted-or-removed"));
    expect(cache.forCollection("users", "org_1").find({ ...byId, offset: 10 })).to.equal(undefined);
  });

  it("drops positions of any other list on every write to its collection", () => {
    for (const kind of ["inserted-or-removed", "updated"] as const) {
      const cache = new OffsetPositionCache();
      cache.forCollection("users", "org_1").set(byName, { id: "m", value: "x" });
      cache.invalidate(toChanges("z", kind));
      expect(cache.forCollection("users", "org_1").find({ ...byName, offset: 10 })).to.equal(undefined);
    }
  });

  it("discards positions of a page that was read before a write and is cached after it", () => {
    const cache = new OffsetPositionCache();
    const stalePositions = cache.forCollection("users", "org_1");
    cache.invalidate(toChanges("a", "inserted-or-removed"));
    stalePositions.set(byId, { id: "m" });
    expect(cache.forCollection("users", "org_1").find({ ...byId, offset: 10 })).to.equal(undefined);
  });

  it("does not return a position after its lifetime", async () => {
    const cache = new OffsetPositionCache(1);
    cache.forCollection("users", "org_1").set(byId, { id: "m" });
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(cache.forCollection("users", "org_1").find({ ...byId, offset: 10 })).to.equal(undefined);
  });

  it("limits its size: evicts the oldest entries first and does not cache long queries", () => {
    const cache = new OffsetPositionCache();
    const positions = cache.forCollection("users", "org_1");
    const values = Array.from({ length: 1000 }, (_, at) => `usr_${at}`);
    positions.set({ ...byId, where: { op: "in", path: "id", values } }, { id: "m" });
    expect(positions.find({ limit: 1, offset: 10, where: { op: "in", path: "id", values } })).to.equal(undefined);
    for (let offset = 0; offset < 1000; offset += 10) positions.set({ ...byId, offset }, { id: String(offset) });
    expect(positions.find({ ...byId, offset: 10 })).to.equal(undefined);
    expect(positions.find({ ...byId, offset: 1000 })?.position).to.deep.equal({ id: "990" });
    for (let at = 0; at < 1000; at++) cache.forCollection("users", `org_x${at}`);
    expect(cache.forCollection("users", "org_1").find({ ...byId, offset: 1000 })).to.equal(undefined);
  });
});

describe("fromNearerEnd", () => {
  const letters = Array.from("abcdefghij");

  it("reads the same page for every offset and limit", () => {
    for (let offset = 0; offset <= letters.length + 2; offset++) {
      for (let limit = 0; limit <= letters.length + 2; limit++) {
        for (const direction of ["ascending", "descending"] as const) {
          const expected = direction === "ascending" ? letters : letters.toReversed();
          const { query, isReversed } = fromNearerEnd(
            { sort: { path: "id", direction }, offset, limit },
            letters.length,
          );
          const ordered = query.sort?.direction === "ascending" ? letters : letters.toReversed();
          const from = query.offset ?? 0;
          const read = ordered.slice(from, from + query.limit);
          expect(isReversed ? read.toReversed() : read).to.deep.equal(expected.slice(offset, offset + limit));
          expect(from).to.be.at.most(Math.max(letters.length / 2, 0));
        }
      }
    }
  });

  it("returns the query unchanged if the page begins after a position", () => {
    const query: Query = { limit: 2, offset: 9, after: { id: "a" } };
    expect(fromNearerEnd(query, 10)).to.deep.equal({ query, isReversed: false });
  });
});
