import { expect } from "chai";
import fc from "fast-check";
import type { Position, Query, Scalar, Sort } from "../../src/store/collection.ts";
import { condition, fields, sort } from "./arbitrary.ts";
import { contractCollections, newOrganization, type Thing, thing, things, twinned } from "./contract/things.ts";
import { engines } from "./engines.ts";
import { holds, inOrder, valueAt } from "./evaluate.ts";
import type { Opened } from "./opened.ts";

/** Records whose `folded` is a field like any other, and such whose `folded` is a twin. */
const kinds = [things, twinned];

for (const { name, open } of engines) {
  describe(`Any condition on ${name}`, () => {
    let opened: Opened;
    before(async () => {
      opened = await open({ collections: contractCollections });
    });
    after(() => opened.dispose());

    /** Stores the records in an organisation of their own. */
    const stored = async (
      all: readonly Partial<Thing>[],
    ): Promise<{ organization: string; records: readonly Thing[] }> => {
      const organization = newOrganization();
      const records = all.map((each, at) =>
        thing(organization, `${at}`, { ...each, ...(at % 3 > 0 && { code: `code${(at * 7) % 10}` }) }),
      );
      await opened.store.transaction(async (change) => {
        const tenant = change.for(organization);
        for (const record of records) {
          await tenant.open(things).insert(record);
          await tenant.open(twinned).insert({ folded: {}, ...record });
        }
      });
      return { organization, records };
    };
    const ids = (records: readonly Thing[]): readonly string[] => records.map(({ id }) => id);
    const records = fc.array(fields, { minLength: 1, maxLength: 9 });
    const questions = fc.array(fc.record({ where: condition, sort }), { minLength: 6, maxLength: 6 });

    it("selects, orders and counts what its description says", async function () {
      this.timeout(120_000);
      await fc.assert(
        fc.asyncProperty(records, questions, async (all, asked) => {
          const { organization, records } = await stored(all);
          for (const [at, { where, sort }] of asked.entries()) {
            const kind = kinds[at % kinds.length] ?? things;
            const reader = opened.store.for(organization).open(kind);
            const expected = ids(inOrder(records, sort).filter((record) => holds(where, record)));
            const message = JSON.stringify({ of: kind.name, where, sort });
            const page = await reader.list({ where, sort, limit: 100, total: true });
            expect(ids(page.items), message).to.deep.equal(expected);
            expect(page.total, message).to.equal(expected.length);
            expect(await reader.count(where), message).to.equal(expected.length);
          }
        }),
        { numRuns: 100 },
      );
    });

    it("gives the same records page by page, by offset and by position", async function () {
      this.timeout(120_000);
      await fc.assert(
        fc.asyncProperty(records, questions, fc.integer({ min: 1, max: 4 }), async (all, asked, limit) => {
          const { organization, records } = await stored(all);
          for (const [at, { where, sort }] of asked.entries()) {
            const kind = kinds[at % kinds.length] ?? things;
            const reader = opened.store.for(organization).open(kind);
            const expected = ids(inOrder(records, sort).filter((record) => holds(where, record)));
            const byOffset: string[] = [];
            const byPosition: string[] = [];
            let after: Position | undefined;
            for (let offset = 0; offset < expected.length + limit; offset += limit) {
              const query: Query = { where, sort, limit };
              byOffset.push(...ids((await reader.list({ ...query, offset })).items));
              const { items } = await reader.list({ ...query, ...(after && { after }) });
              byPosition.push(...ids(items));
              const last = items.at(-1);
              const written = records.find(({ id }) => id === last?.id); // what is read has no twin
              if (written) after = positionOf(written, sort);
            }
            const message = JSON.stringify({ of: kind.name, where, sort });
            expect(byOffset, message).to.deep.equal(expected);

            expect(byPosition, message).to.deep.equal(expected);
          }
        }),
        { numRuns: 50 },
      );
    });
  });
}

function positionOf(record: Thing, { path }: Sort): Position {
  if (path === "id") return { id: record.id };
  return { id: record.id, value: (valueAt(record, path) as Scalar | undefined) ?? null };
}
