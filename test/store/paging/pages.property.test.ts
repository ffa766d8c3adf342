import { expect } from "chai";
import fc from "fast-check";
import type { Query, Sort } from "../../../src/store/query.ts";
import type { Store } from "../../../src/store/store.ts";
import { repetitionsOf } from "../../support/repetitions.ts";
import {
  contractCollections,
  newOrganizationId,
  newTestRecord,
  searchableRecords,
  type TestRecord,
  type TestRecordWithSearchFields,
} from "../contract/records.fixture.ts";
import { describeOnEngines } from "../engines.fixture.ts";
import { matchesCondition, sortRecords } from "../evaluate.fixture.ts";
import type { TestStore } from "../test-store.fixture.ts";

/** A step of a single client: it reads the next page or a page elsewhere, or writes between two pages. */
type Step =
  | { readonly action: "read-next" }
  | { readonly action: "read-from"; readonly offset: number }
  | { readonly action: "insert" | "replace" | "remove" | "increment"; readonly at: number; readonly title: string };

type WriteStep = Exclude<Step, { action: "read-next" | "read-from" }>;

const title = fc.constantFrom("a", "b", "c", "");
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ action: "read-next" } as const) },
  { weight: 1, arbitrary: fc.record({ action: fc.constant("read-from" as const), offset: fc.nat(14) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      action: fc.constantFrom("insert" as const, "replace" as const, "remove" as const, "increment" as const),
      at: fc.nat(30),
      title,
    }),
  },
);
const listOptions: fc.Arbitrary<Pick<Query, "where" | "sort" | "sizeLimit">> = fc.record(
  {
    // A record has 250 to 300 characters, depending on the engine.
    sizeLimit: fc.record({ lengthMax: fc.integer({ min: 1, max: 1500 }), firstBatch: fc.integer({ min: 1, max: 3 }) }),
    where: fc.constantFrom({ op: "ge", path: "normalized.title", value: "b" }, { op: "ne", path: "note", value: "x" }),
    sort: fc.record({
      path: fc.constantFrom("id", "normalized.title", "name", "size", "updatedAt"),
      direction: fc.constantFrom("ascending", "descending"),
    }),
  },
  { requiredKeys: [] },
);

describeOnEngines("Pagination by offset", (open) => {
  let opened: TestStore;
  before(async () => {
    opened = await open({ collections: contractCollections });
  });
  after(() => opened.dispose());

  it("skips exactly `offset` records regardless of writes between two pages", async function () {
    this.timeout(120_000);
    const stepLists = fc.array(step, { minLength: 8, maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(stepLists, listOptions, fc.integer({ min: 1, max: 6 }), async (steps, options, limit) => {
        const organization = newOrganizationId();
        const stored = new Map<string, TestRecordWithSearchFields>();
        for (let at = 0; at < 24; at += 2) await writeStep(opened.store, organization, stored, insertion(at));
        let offset = 0;
        for (const each of steps) {
          if (each.action !== "read-next" && each.action !== "read-from") {
            await writeStep(opened.store, organization, stored, each);
            continue;
          }
          if (each.action === "read-from") offset = each.offset;
          const sort: Sort = options.sort ?? { path: "id", direction: "ascending" };
          const { where } = options;
          const expected = sortRecords([...stored.values()], sort).filter(
            (record) => !where || matchesCondition(where, record),
          );
          const page = await opened.store
            .for(organization)
            .open(searchableRecords)
            .list({ ...options, offset, limit, total: true });
          const length = page.isCut ? page.items.length : limit;
          expect(ids(page.items)).to.deep.equal(ids(expected.slice(offset, offset + length)));
          expect(page.total).to.equal(expected.length);
          if (page.isCut) {
            expect(options.sizeLimit, "only a size limit cuts a page").not.to.equal(undefined);
            expect(length, "a page that is cut has a record").to.be.above(0);
            expect(offset + length, "a page is cut only if there are more records").to.be.below(expected.length);
          }
          offset += page.items.length;
        }
      }),
      { numRuns: repetitionsOf(150) },
    );
  });
});

const ids = (records: readonly TestRecord[]): readonly string[] => records.map(({ id }) => id);
const insertion = (at: number): WriteStep => ({ action: "insert", at, title: "abc".charAt(at % 4) });

/** Applies a write to the store and to the map of expected records. */
async function writeStep(
  store: Store,
  organization: string,
  stored: Map<string, TestRecordWithSearchFields>,
  step: WriteStep,
): Promise<void> {
  const name = String(step.at).padStart(2, "0");
  const { id } = newTestRecord(organization, name);
  const existing = stored.get(id);
  if ((step.action === "insert") === (existing !== undefined)) return;
  const record: TestRecordWithSearchFields = {
    ...newTestRecord(organization, name, { size: step.at % 3, ...(step.title && { name: step.title }) }),
    normalized: step.title === "" ? {} : { title: step.title },
  };
  await store.transaction(async (change) => {
    const writer = change.for(organization).open(searchableRecords);
    if (step.action === "insert") await writer.insert(record);
    else if (step.action === "replace") await writer.replace(record, "any");
    else if (step.action === "remove") await writer.remove(id, "any");
    else await writer.increment(id, { size: 1 });
  });
  if (step.action === "remove") stored.delete(id);
  else if (step.action === "increment" && existing) stored.set(id, { ...existing, size: (existing.size ?? 0) + 1 });
  else stored.set(id, record);
}
