import { expect } from "chai";
import { OffsetPositionCache } from "../../../src/store/cache/offset-positions.ts";
import { type WriteKind, WrittenRecords } from "../../../src/store/cache/written-records.ts";
import { listPage } from "../../../src/store/paging/list-page.ts";
import type { Query } from "../../../src/store/query.ts";
import type { Entity } from "../../../src/store/record.ts";
import type { Reader } from "../../../src/store/store.ts";

const byId = { limit: 10 };
const byName: Query = { limit: 10, sort: { path: "name", direction: "ascending" } };

const toMessage = (id: string, kind: WriteKind): WrittenRecords => {
  const written = new WrittenRecords();
  written.add("users", "org_1", id, kind);
  return written;
};

const createCache = (ttlMs = Number.POSITIVE_INFINITY, hasOtherWriters = false): OffsetPositionCache =>
  new OffsetPositionCache(ttlMs, hasOtherWriters);

describe("OffsetPositionCache", () => {
  it("returns a position only for the same query, offset and collection", () => {
    const cache = createCache();
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
    const cache = createCache();
    cache.forCollection("users", "org_1").set(byId, { id: "m" });
    cache.invalidate(toMessage("a", "updated"));
    cache.invalidate(toMessage("n", "inserted-or-removed"));
    expect(cache.forCollection("users", "org_1").find({ ...byId, offset: 10 })?.position).to.deep.equal({ id: "m" });
    cache.invalidate(toMessage("m", "inserted-or-removed"));
    expect(cache.forCollection("users", "org_1").find({ ...byId, offset: 10 })).to.equal(undefined);
  });

  it("drops positions of any other list on every write to its collection", () => {
    for (const kind of ["inserted-or-removed", "updated"] as const) {
      const cache = createCache();
      cache.forCollection("users", "org_1").set(byName, { id: "m", value: "x" });
      cache.invalidate(toMessage("z", kind));
      expect(cache.forCollection("users", "org_1").find({ ...byName, offset: 10 })).to.equal(undefined);
    }
  });

  it("discards positions of a page that was read before a write and is cached after it", () => {
    const cache = createCache();
    const stalePositions = cache.forCollection("users", "org_1");
    cache.invalidate(toMessage("a", "inserted-or-removed"));
    stalePositions.set(byId, { id: "m" });
    expect(cache.forCollection("users", "org_1").find({ ...byId, offset: 10 })).to.equal(undefined);
  });

  it("does not return a position after its lifetime", async () => {
    const cache = createCache(1);
    cache.forCollection("users", "org_1").set(byId, { id: "m" });
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(cache.forCollection("users", "org_1").find({ ...byId, offset: 10 })).to.equal(undefined);
  });

  it("limits its size: evicts the oldest entries first and does not cache long queries", () => {
    const cache = createCache();
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

describe("OffsetPositionCache.decorate", () => {
  const timestamp = "2026-01-01T00:00:00.000Z";
  const all = Array.from({ length: 100 }, (_, at): Entity => {
    const id = `usr_${String(at).padStart(4, "0")}`;
    return { id, organizationId: "org_1", version: 1, createdAt: timestamp, updatedAt: timestamp };
  });
  const idsOf = ({ items }: { readonly items: readonly Entity[] }): string[] => items.map(({ id }) => id);
  const expectedIds = (from: number): string[] => idsOf({ items: all.slice(from, from + 10) });

  /** A reader over the records in order, with the operations that it ran. */
  function startReader(hasOtherWriters: boolean) {
    const operations: string[] = [];
    const count = async (): Promise<number> => {
      operations.push("count");
      return all.length;
    };
    const reader: Reader<Entity> = {
      get: async () => undefined,
      count,
      list: async (query) => {
        const { rows, ...rest } = await listPage<Entity>(query, {
          read: async ({ after, offset = 0, limit }) => {
            operations.push(after ? `read after ${after.id}` : `read from ${offset}`);
            const from = after ? all.findIndex(({ id }) => id === after.id) + 1 : offset;
            return { rows: all.slice(from, from + limit) };
          },
          count,
          toPosition: ({ id }) => ({ id }),
          measure: () => 1,
          farOffsetMin: 1000,
        });
        return { items: rows, ...rest };
      },
    };
    const cache = createCache(undefined, hasOtherWriters);
    const list = cache.decorate(reader, "users", "org_1");
    return { list, reader, cache, operations };
  }

  it("continues from the end of the previous page without confirming it if no other process writes", async () => {
    const { list, operations } = startReader(false);
    expect(await list({ offset: 0, limit: 10 })).to.have.all.keys("items");
    operations.length = 0;
    expect(idsOf(await list({ offset: 10, limit: 10 }))).to.deep.equal(expectedIds(10));
    expect(operations).to.deep.equal(["read after usr_0009"]);
  });

  it("continues from the end of the previous page after one count if other processes write", async () => {
    const { list, operations } = startReader(true);
    await list({ offset: 0, limit: 10, total: true });
    operations.length = 0;
    const page = await list({ offset: 10, limit: 10, total: true });
    expect([idsOf(page), page.total]).to.deep.equal([expectedIds(10), 100]);
    expect(operations).to.deep.equal(["count", "read after usr_0009"]);
  });

  it("reads the page from its offset if other processes write and the number of matches has changed", async () => {
    const { reader, cache, operations } = startReader(true);
    cache.forCollection("users", "org_1").set({ limit: 10 }, { id: "usr_0012" }, 97);
    operations.length = 0;
    expect(idsOf(await cache.decorate(reader, "users", "org_1")({ offset: 10, limit: 10, total: true }))).to.deep.equal(
      expectedIds(10),
    );
    expect(operations).to.deep.equal(["count", "read after usr_0012", "read from 10", "count"]);
  });

  it("continues after a page that its size limit has cut", async () => {
    const { list, operations } = startReader(false);
    const page = await list({ limit: 50, sizeLimit: { lengthMax: 20, firstBatch: 5 } });
    expect([page.items.length, page.isCut]).to.deep.equal([20, true]);
    operations.length = 0;
    await list({ offset: 20, limit: 10 });
    expect(operations).to.deep.equal(["read after usr_0019"]);
  });
});
