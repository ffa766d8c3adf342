import { expect } from "chai";
import fc from "fast-check";
import type { Query, Sort, Store } from "../../src/store/collection.ts";
import {
  contractCollections,
  newOrganization,
  type Thing,
  type TwinnedThing,
  thing,
  twinned,
} from "./contract/things.ts";
import { engines } from "./engines.ts";
import { holds, inOrder } from "./evaluate.ts";
import type { Opened } from "./opened.ts";

/** What a lone client does: it reads on, or somewhere else, and changes something between two pages. */
type Step =
  | { readonly does: "read on" }
  | { readonly does: "read from"; readonly offset: number }
  | { readonly does: "insert" | "replace" | "remove" | "increment"; readonly at: number; readonly title: string };

type Writing = Exclude<Step, { does: "read on" | "read from" }>;

const title = fc.constantFrom("a", "b", "c", "");
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constant({ does: "read on" } as const) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("read from" as const), offset: fc.nat(14) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constantFrom("insert" as const, "replace" as const, "remove" as const, "increment" as const),
      at: fc.nat(30),
      title,
    }),
  },
);
const question: fc.Arbitrary<Pick<Query, "where" | "sort">> = fc.record(
  {
    where: fc.constantFrom({ op: "ge", path: "folded.title", value: "b" }, { op: "ne", path: "note", value: "x" }),
    sort: fc.record({
      path: fc.constantFrom("id", "folded.title", "name", "size", "updatedAt"),
      direction: fc.constantFrom("ascending", "descending"),
    }),
  },
  { requiredKeys: [] },
);

for (const { name, open } of engines) {
  describe(`Pages by offset on ${name}`, () => {
    let opened: Opened;
    before(async () => {
      opened = await open({ collections: contractCollections });
    });
    after(() => opened.dispose());

    it("pass over exactly as many records as they say, whatever was written between two of them", async function () {
      this.timeout(120_000);
      const steps = fc.array(step, { minLength: 8, maxLength: 25 });
      await fc.assert(
        fc.asyncProperty(steps, question, fc.integer({ min: 1, max: 4 }), async (all, asked, limit) => {
          const organization = newOrganization();
          const kept = new Map<string, TwinnedThing>();
          for (let at = 0; at < 24; at += 2) await carryOut(opened.store, organization, kept, insertion(at));
          let offset = 0;
          for (const each of all) {
            if (each.does !== "read on" && each.does !== "read from") {
              await carryOut(opened.store, organization, kept, each);
              continue;
            }
            if (each.does === "read from") offset = each.offset;
            const sort: Sort = asked.sort ?? { path: "id", direction: "ascending" };
            const { where } = asked;
            const expected = inOrder([...kept.values()], sort).filter((record) => !where || holds(where, record));
            const page = await opened.store
              .for(organization)
              .open(twinned)
              .list({ ...asked, offset, limit, total: true });
            expect(ids(page.items)).to.deep.equal(ids(expected.slice(offset, offset + limit)));
            expect(page.total).to.equal(expected.length);
            offset += page.items.length;
          }
        }),
        { numRuns: 150 },
      );
    });
  });
}

const ids = (records: readonly Thing[]): readonly string[] => records.map(({ id }) => id);
const insertion = (at: number): Writing => ({ does: "insert", at, title: "abc".charAt(at % 4) });

/** Writes to the store, and to the map that says what is in it. */
async function carryOut(
  store: Store,
  organization: string,
  kept: Map<string, TwinnedThing>,
  step: Writing,
): Promise<void> {
  const name = String(step.at).padStart(2, "0");
  const { id } = thing(organization, name);
  const known = kept.get(id);
  if ((step.does === "insert") === (known !== undefined)) return;
  const record: TwinnedThing = {
    ...thing(organization, name, { size: step.at % 3, ...(step.title && { name: step.title }) }),
    folded: step.title === "" ? {} : { title: step.title },
  };
  await store.transaction(async (change) => {
    const writer = change.for(organization).open(twinned);
    if (step.does === "insert") await writer.insert(record);
    else if (step.does === "replace") await writer.replace(record, "any");
    else if (step.does === "remove") await writer.remove(id, "any");
    else await writer.increment(id, { size: 1 });
  });
  if (step.does === "remove") kept.delete(id);
  else if (step.does === "increment" && known) kept.set(id, { ...known, size: (known.size ?? 0) + 1 });
  else kept.set(id, record);
}
