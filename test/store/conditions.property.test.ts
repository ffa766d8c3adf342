import { expect } from "chai";
import fc from "fast-check";
import type { Position, Query, Scalar, Sort } from "../../src/store/query.ts";
import { repetitionsOf } from "../support/repetitions.ts";
import { arbitraryCondition, arbitraryFields, arbitrarySort } from "./arbitrary.fixture.ts";
import {
  contractCollections,
  newOrganizationId,
  newTestRecord,
  searchableRecords,
  type TestRecord,
  testRecords,
} from "./contract/records.fixture.ts";
import { describeOnEngines } from "./engines.fixture.ts";
import { matchesCondition, sortRecords, valueAt } from "./evaluate.fixture.ts";
import type { TestStore } from "./test-store.fixture.ts";

/** A collection where `normalized` is a normal field, and one where it holds the search fields. */
const kinds = [testRecords, searchableRecords];

describeOnEngines("Any condition", (open) => {
  let opened: TestStore;
  before(async () => {
    opened = await open({ collections: contractCollections });
  });
  after(() => opened.dispose());

  /** Stores the records in a new organization. */
  const stored = async (
    all: readonly Partial<TestRecord>[],
  ): Promise<{ organization: string; records: readonly TestRecord[] }> => {
    const organization = newOrganizationId();
    const records = all.map((each, at) =>
      newTestRecord(organization, `${at}`, { ...each, ...(at % 3 > 0 && { code: `code${(at * 7) % 10}` }) }),
    );
    await opened.store.transaction(async (change) => {
      const tenant = change.for(organization);
      for (const record of records) {
        await tenant.open(testRecords).insert(record);
        await tenant.open(searchableRecords).insert({ normalized: {}, ...record });
      }
    });
    return { organization, records };
  };
  const ids = (records: readonly TestRecord[]): readonly string[] => records.map(({ id }) => id);
  const records = fc.array(arbitraryFields, { minLength: 1, maxLength: 9 });
  const queries = fc.array(fc.record({ where: arbitraryCondition, sort: arbitrarySort }), {
    minLength: 6,
    maxLength: 6,
  });

  it("selects, sorts and counts as a plain evaluation in memory does", async function () {
    this.timeout(120_000);
    await fc.assert(
      fc.asyncProperty(records, queries, async (all, sample) => {
        const { organization, records } = await stored(all);
        for (const [at, { where, sort }] of sample.entries()) {
          const kind = kinds[at % kinds.length] ?? testRecords;
          const reader = opened.store.for(organization).open(kind);
          const expected = ids(sortRecords(records, sort).filter((record) => matchesCondition(where, record)));
          const message = JSON.stringify({ collection: kind.name, where, sort });
          const page = await reader.list({ where, sort, limit: 100, total: true });
          expect(ids(page.items), message).to.deep.equal(expected);
          expect(page.total, message).to.equal(expected.length);
          expect(await reader.count(where), message).to.equal(expected.length);
        }
      }),
      { numRuns: repetitionsOf(100) },
    );
  });

  it("returns the same records page by page, by offset and by position", async function () {
    this.timeout(120_000);
    await fc.assert(
      fc.asyncProperty(records, queries, fc.integer({ min: 1, max: 4 }), async (all, sample, limit) => {
        const { organization, records } = await stored(all);
        for (const [at, { where, sort }] of sample.entries()) {
          const kind = kinds[at % kinds.length] ?? testRecords;
          const reader = opened.store.for(organization).open(kind);
          const expected = ids(sortRecords(records, sort).filter((record) => matchesCondition(where, record)));
          const byOffset: string[] = [];
          const byPosition: string[] = [];
          let after: Position | undefined;
          for (let offset = 0; offset < expected.length + limit; offset += limit) {
            const query: Query = { where, sort, limit };
            byOffset.push(...ids((await reader.list({ ...query, offset })).items));
            const { items } = await reader.list({ ...query, ...(after && { after }) });
            byPosition.push(...ids(items));
            const last = items.at(-1);
            const lastRecord = records.find(({ id }) => id === last?.id); // records are read without search fields
            if (lastRecord) after = positionOf(lastRecord, sort);
          }
          const message = JSON.stringify({ collection: kind.name, where, sort });
          expect(byOffset, message).to.deep.equal(expected);

          expect(byPosition, message).to.deep.equal(expected);
        }
      }),
      { numRuns: repetitionsOf(50) },
    );
  });
});

function positionOf(record: TestRecord, { path }: Sort): Position {
  if (path === "id") return { id: record.id };
  return { id: record.id, value: (valueAt(record, path) as Scalar | undefined) ?? null };
}
