import { expect } from "chai";
import type { Query } from "../../src/store/collection.ts";
import { openMongoStore } from "../../src/store/mongo.ts";
import { listPage } from "../../src/store/mongo-list.ts";
import { testMongo } from "../support/mongod.ts";
import { contractCollections, insertAll, newOrganization, reading, thing, things } from "./contract/things.ts";
import { openMongo } from "./mongo-opened.ts";

const mongo = await testMongo();

(mongo ? describe : describe.skip)("Pages of a list that two processes share", () => {
  const total = 500;
  const numbered = (organization: string, from: number, count: number) =>
    Array.from({ length: count }, (_, at) => thing(organization, String(from + at).padStart(5, "0")));

  it("hold everybody, also when the pages are read here and there and records come and go in between", async () => {
    const opened = await openMongo(mongo?.uri ?? "")({ collections: contractCollections });
    const other = await openMongoStore({ uri: opened.uri, collections: contractCollections });
    const organization = newOrganization();
    const here = reading(opened.store, organization);
    const there = reading(other, organization);
    const page = (from: typeof here, offset: number) => from.list({ offset, limit: 100, total: true });
    try {
      await insertAll(opened.store, organization, numbered(organization, 1000, total));
      for (let offset = 0; offset < total; offset += 100) await page(there, offset); // what `there` remembers
      await insertAll(opened.store, organization, numbered(organization, 0, 5));
      const all = await Promise.all(Array.from({ length: 6 }, (_, at) => page(at % 2 === 0 ? here : there, at * 100)));
      const ids = all.flatMap(({ items }) => items.map(({ id }) => id));
      expect(new Set(ids).size).to.equal(total + 5);
      expect(ids).to.deep.equal([...ids].sort());
      await opened.store.transaction(async (change) => {
        for (const { id } of numbered(organization, 0, 5)) {
          await change.for(organization).open(things).remove(id, "any");
        }
      });
      const again = await Promise.all([page(here, 300), page(there, 400)]);
      expect(new Set(again.flatMap(({ items }) => items.map(({ id }) => id))).size).to.equal(200);
    } finally {
      await other.close();
      await opened.dispose();
    }
  });
});

describe("A page near the end of a list", () => {
  const query: Query = { offset: 900, limit: 10, total: true };

  it("is read from the end", async () => {
    const asked: Query[] = [];
    const { found, total } = await listPage(query, {
      count: async () => 1000,
      read: async (each) => {
        asked.push(each);
        return [{ id: "b" }, { id: "a" }];
      },
    });
    expect([found, total]).to.deep.equal([[{ id: "a" }, { id: "b" }], 1000]);
    expect(asked.map(({ offset }) => offset)).to.deep.equal([90]);
  });

  it("is read from the beginning once records have come while it was read", async () => {
    const counts = [1000, 1003];
    const asked: Query[] = [];
    const { total } = await listPage(query, {
      count: async () => counts.shift() ?? Number.NaN,
      read: async (each) => {
        asked.push(each);
        return [{ id: "a" }];
      },
    });
    expect(total).to.equal(1003);
    expect(asked.at(-1)).to.deep.equal(query);
  });

  it("that has become short while it was read does not pass for the last", async () => {
    const { total } = await listPage(
      { offset: 150, limit: 10, total: true },
      { count: async () => 250, read: async () => [{ id: "a" }] },
    );
    expect(total).to.equal(250);
  });
});
