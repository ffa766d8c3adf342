import { expect } from "chai";
import fc from "fast-check";
import type { Group } from "../../../schemas/user.ts";
import { newId } from "../../../src/domain/entity.ts";
import { KnownGroups } from "../../../src/domain/people/known-groups.ts";
import { Memberships } from "../../../src/domain/people/memberships.ts";
import type { Store } from "../../../src/store/collection.ts";
import { collections, groups } from "../../../src/store/collections.ts";
import { openSqlite, type SqliteOpened } from "../../store/sqlite-opened.ts";

const groupIds = ["grp_1", "grp_2", "grp_3", "grp_4"];
const userIds = ["usr_1", "usr_2", "usr_3"];

/** What somebody does to the directory, how many questions begin just before and just after, and whether one is asked after. */
interface Step {
  readonly does: "name" | "delete" | "add" | "remove";
  readonly group: string;
  readonly member: string;
  readonly name: string;
  readonly asking: number;
  readonly isCompared: boolean;
}

const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    does: fc.constantFrom("name", "delete", "add", "add", "remove"),
    group: fc.constantFrom(...groupIds),
    member: fc.constantFrom(...userIds, ...groupIds),
    name: fc.constantFrom("A", "B", "C"),
    asking: fc.nat(2),
    isCompared: fc.boolean(),
  }),
  { minLength: 1, maxLength: 25 },
);

describe("What is remembered of groups", () => {
  let opened: SqliteOpened;
  before(async () => {
    opened = await openSqlite({ collections });
  });
  after(() => opened.dispose());

  const carryOut = (store: Store, organizationId: string, { does, group, member, name }: Step): Promise<unknown> =>
    store.transaction(async (change) => {
      const tenant = change.for(organizationId);
      const open = tenant.open(groups);
      if (does === "add") return tenant.memberships.add(group, [member]);
      if (does === "remove") return tenant.memberships.remove(group, [member]);
      if (does === "delete") return open.remove(group, "any");
      const moment = "2026-01-01T00:00:00.000Z";
      const record: Group = {
        id: group,
        organizationId,
        version: 1,
        createdAt: moment,
        updatedAt: moment,
        displayName: name,
      };
      const written = { ...record, folded: { displayName: `${name} ${group}` } };
      return (await open.get(group)) ? open.replace(written, "any") : open.insert(written);
    });

  for (const most of [undefined, { groups: 2, listed: 3, users: 1 }]) {
    const title = most ? "with place for hardly any of them" : "with place for all";
    it(`is what is stored, whatever is written, also while it is asked for, ${title}`, async () => {
      await fc.assert(
        fc.asyncProperty(steps, async (all) => {
          const { store } = opened;
          const organizationId = newId("org");
          const memberships = new Memberships(store, 1000, most && new KnownGroups(store, most));
          const asked = (): Promise<unknown> => memberships.groupsOf(organizationId, userIds);
          for (const step of all) {
            const askedNow = (): Promise<unknown>[] => Array.from({ length: step.asking }, asked);
            await Promise.all([...askedNow(), carryOut(store, organizationId, step), ...askedNow()]);
            if (!step.isCompared) continue; // so that the next questions find nothing remembered
            const expected = await new Memberships(store, 1000).groupsOf(organizationId, userIds);
            expect(await asked()).to.deep.equal(expected);
            expect(await asked()).to.deep.equal(expected);
          }
        }),
        { numRuns: 40 },
      );
    });
  }
});
