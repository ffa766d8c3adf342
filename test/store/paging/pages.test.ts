import { expect } from "chai";
import { chunks, idPages, pages } from "../../../src/store/paging/pages.ts";
import type { Query } from "../../../src/store/query.ts";

const toEntity = (id: string) => ({ id, organizationId: "org", version: 1, createdAt: "", updatedAt: "" });

function createReader(ids: readonly string[]) {
  const queries: Query[] = [];
  const list = async (query: Query) => {
    queries.push(query);
    const { after, limit } = query;
    return {
      items: ids
        .filter((id) => after === undefined || id > after.id)
        .slice(0, limit)
        .map(toEntity),
    };
  };
  return { queries, list };
}

async function collect<T>(generator: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of generator) items.push(item);
  return items;
}

describe("pages", () => {
  it("reads all records in id order and stops after a short page", async () => {
    const reader = createReader(["a", "b", "c"]);
    const read = await collect(pages(reader, { limit: 2 }));
    expect(read.map((page) => page.map(({ id }) => id))).to.deep.equal([["a", "b"], ["c"]]);
    expect(reader.queries).to.have.length(2);
  });

  it("yields no empty page when the last page is full or no record matches", async () => {
    expect(await collect(pages(createReader(["a", "b"]), { limit: 2 }))).to.have.length(1);
    expect(await collect(pages(createReader([]), { limit: 2 }))).to.deep.equal([]);
  });

  it("starts after the given position and keeps the condition", async () => {
    const reader = createReader(["a", "b", "c"]);
    const where = { op: "present", path: "id" } as const;
    const read = await collect(pages(reader, { where, after: { id: "a" }, limit: 1 }));
    expect(read.flat().map(({ id }) => id)).to.deep.equal(["b", "c"]);
    expect(reader.queries.every((query) => query.where === where)).to.equal(true);
  });

  it("reads no page that is not requested", async () => {
    const reader = createReader(["a", "b", "c"]);
    for await (const page of pages(reader, { limit: 1 })) if (page) break;
    expect(reader.queries).to.have.length(1);
  });
});

describe("idPages", () => {
  it("reads all ids page by page", async () => {
    const ids = ["a", "b", "c"];
    const readPage = async ({ after, limit }: { after: string; limit: number }) =>
      ids.filter((id) => id > after).slice(0, limit);
    expect(await collect(idPages(readPage, 2))).to.deep.equal([["a", "b"], ["c"]]);
    expect(await collect(idPages(readPage, 3))).to.deep.equal([ids]);
  });
});

describe("chunks", () => {
  it("splits a list into chunks of the size", () => {
    expect([...chunks([1, 2, 3, 4, 5], 2)]).to.deep.equal([[1, 2], [3, 4], [5]]);
    expect([...chunks([], 2)]).to.deep.equal([]);
  });

  it("includes items that are appended during the iteration", () => {
    const queue = [1];
    const visited: number[] = [];
    for (const chunk of chunks(queue, 2)) {
      visited.push(...chunk);
      for (const each of chunk) if (each < 4) queue.push(each * 2, each * 2 + 1);
    }
    expect(visited).to.deep.equal([1, 2, 3, 4, 5, 6, 7]);
  });
});
