import { expect } from "chai";
import fc from "fast-check";
import type { Group } from "../../../schemas/user.ts";
import { newId } from "../../../src/domain/entity.ts";
import { cachePolicyOf } from "../../../src/store/cache/cache-policy.ts";
import { withCaches } from "../../../src/store/cache/cached-store.ts";
import { collections, groups } from "../../../src/store/collections.ts";
import type { Store } from "../../../src/store/store.ts";
import { openSqliteTestStore, type SqliteTestStore } from "../sqlite/sqlite.fixture.ts";

const groupIds = ["grp_1", "grp_2", "grp_3", "grp_4"];
const userIds = ["usr_1", "usr_2", "usr_3"];

/** A write, the number of reads that start right before and right after it, and whether reads are compared afterwards. */
interface Step {
  readonly action: "name" | "delete" | "add" | "remove";
  readonly group: string;
  readonly member: string;
  readonly name: string;
  readonly concurrentReads: number;
  readonly isCompared: boolean;
}

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    action: fc.constantFrom("name", "delete", "add", "add", "remove"),
    group: fc.constantFrom(...groupIds),
    member: fc.constantFrom(...userIds, ...groupIds),
    name: fc.constantFrom("A", "B", "C"),
    concurrentReads: fc.nat(2),
    isCompared: fc.boolean(),
  }),
  { minLength: 1, maxLength: 25 },
);

describe("Group cache", () => {
  let testStore: SqliteTestStore;
  before(async () => {
    testStore = await openSqliteTestStore({ collections });
  });
  after(() => testStore.dispose());

  const write = (store: Store, organizationId: string, { action, group, member, name }: Step): Promise<unknown> =>
    store.transaction(async (transaction) => {
      const tenant = transaction.for(organizationId);
      const writer = tenant.open(groups);
      if (action === "add") return tenant.memberships.add(group, [member]);
      if (action === "remove") return tenant.memberships.remove(group, [member]);
      if (action === "delete") return writer.remove(group, "any");
      const time = "2026-01-01T00:00:00.000Z";
      const record: Group = {
        id: group,
        organizationId,
        version: 1,
        createdAt: time,
        updatedAt: time,
        displayName: name,
      };
      const stored = { ...record, normalized: { displayName: `${name} ${group}` } };
      return (await writer.get(group)) ? writer.replace(stored, "any") : writer.insert(stored);
    });

  for (const limits of [undefined, { groupsMax: 2, listedGroupsMax: 6, usersMax: 1 }]) {
    const title = limits ? "with a nearly full cache" : "with a large cache";
    it(`returns what is stored, whatever is written before and during reads, ${title}`, async () => {
      await fc.assert(
        fc.asyncProperty(steps, async (all) => {
          const { engine } = testStore;
          const policy = cachePolicyOf(engine);
          const store = withCaches(engine, limits ? { ...policy, groups: limits } : policy);
          const organizationId = newId("org");
          const readFrom = (from: Store): Promise<unknown> => from.for(organizationId).groupLists(userIds, 1000);
          const read = (): Promise<unknown> => readFrom(store);
          for (const step of all) {
            const startReads = (): Promise<unknown>[] => Array.from({ length: step.concurrentReads }, read);
            await Promise.all([...startReads(), write(store, organizationId, step), ...startReads()]);
            if (!step.isCompared) continue; // then the next reads find an empty cache
            const expected = await readFrom(engine);
            expect(await read()).to.deep.equal(expected);
            expect(await read()).to.deep.equal(expected);
          }
        }),
        { numRuns: 40 },
      );
    });
  }
});
