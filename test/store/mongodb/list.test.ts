import { expect } from "chai";
import mongoose from "mongoose";
import { listDocuments } from "../../../src/store/mongodb/query/list.ts";
import { openMongoStore } from "../../../src/store/mongodb/store.ts";
import type { Query } from "../../../src/store/query.ts";
import { describeOnMongod } from "../../support/mongod.ts";
import {
  contractCollections,
  insertAll,
  newOrganizationId,
  newTestRecord,
  testRecordReader,
  testRecords,
} from "../contract/records.fixture.ts";
import { mongoTestStoreOpener } from "./mongodb.fixture.ts";

describeOnMongod("Listing a collection that two processes share", (uri) => {
  const total = 500;
  const numbered = (organization: string, from: number, count: number) =>
    Array.from({ length: count }, (_, at) => newTestRecord(organization, String(from + at).padStart(5, "0")));

  it("returns every record once if the processes take turns and records are inserted and removed in between", async () => {
    const opened = await mongoTestStoreOpener(uri())({ collections: contractCollections });
    const otherStore = await openMongoStore({ uri: opened.uri, collections: contractCollections });
    const organization = newOrganizationId();
    const reader = testRecordReader(opened.store, organization);
    const otherReader = testRecordReader(otherStore, organization);
    const page = (from: typeof reader, offset: number) => from.list({ offset, limit: 100, total: true });
    try {
      await insertAll(opened.store, organization, numbered(organization, 1000, total));
      for (let offset = 0; offset < total; offset += 100) await page(otherReader, offset); // fills the position cache of `otherReader`
      await insertAll(opened.store, organization, numbered(organization, 0, 5));
      const pages = await Promise.all(
        Array.from({ length: 6 }, (_, at) => page(at % 2 === 0 ? reader : otherReader, at * 100)),
      );
      const ids = pages.flatMap(({ items }) => items.map(({ id }) => id));
      expect(new Set(ids).size).to.equal(total + 5);
      expect(ids).to.deep.equal([...ids].sort());
      await opened.store.transaction(async (change) => {
        for (const { id } of numbered(organization, 0, 5)) {
          await change.for(organization).open(testRecords).remove(id, "any");
        }
      });
      const pagesAfterRemoval = await Promise.all([page(reader, 300), page(otherReader, 400)]);
      expect(new Set(pagesAfterRemoval.flatMap(({ items }) => items.map(({ id }) => id))).size).to.equal(200);
    } finally {
      await otherStore.close();
      await opened.dispose();
    }
  });
});

describe("listDocuments near the end of a list", () => {
  const [a, b] = ["a", "b"].map((id) => mongoose.mongo.BSON.serialize({ id })) as [Uint8Array, Uint8Array];
  const query: Query = { offset: 900, limit: 10, total: true };

  it("reads the page from the end", async () => {
    const queries: Query[] = [];
    const { rows, total } = await listDocuments(query, {
      count: async () => 1000,
      read: async (each) => {
        queries.push(each);
        return [b, a];
      },
    });
    expect([rows, total]).to.deep.equal([[a, b], 1000]);
    expect(queries.map(({ offset }) => offset)).to.deep.equal([90]);
  });

  it("reads the page again from the beginning if records were inserted during the read", async () => {
    const counts = [1000, 1003];
    const queries: Query[] = [];
    const { total } = await listDocuments(query, {
      count: async () => counts.shift() ?? Number.NaN,
      read: async (each) => {
        queries.push(each);
        return [a];
      },
    });
    expect(total).to.equal(1003);
    expect(queries.at(-1)).to.deep.equal(query);
  });

  it("counts if documents were removed between the two steps of the read", async () => {
    const { total } = await listDocuments(
      { offset: 150, limit: 10, total: true },
      { count: async () => 250, read: async () => [a] },
    );
    expect(total).to.equal(250);
  });
});
