import { expect } from "chai";
import { pages } from "../../../src/store/paging/pages.ts";
import type { MembershipEdge, Store } from "../../../src/store/store.ts";
import {
  insertAll,
  nameOf,
  newOrganizationId,
  newTestRecord,
  searchableRecords,
  testRecords,
} from "./records.fixture.ts";
import { expectFailure } from "./rejected.fixture.ts";

/** Tests reads at one point in time. */
export function snapshotContract(store: () => Store): void {
  describe("snapshot", () => {
    let organization: string;
    beforeEach(() => {
      organization = newOrganizationId();
    });

    it("does not see what is written after its start, in any collection", async () => {
      await insertAll(store(), organization, [newTestRecord(organization, "a"), newTestRecord(organization, "b")]);
      await store().snapshot(async (snapshot) => {
        const tenant = snapshot.for(organization);
        const read = async (): Promise<unknown> => ({
          records: (await tenant.open(testRecords).list({ limit: 10 })).items.map(nameOf),
          count: await tenant.open(testRecords).count(),
          edges: await tenant.edges({ limit: 10 }),
          members: await tenant.memberships.members("grp_1", { limit: 10 }),
        });
        const before = await read();
        expect(before).to.deep.equal({ records: ["a", "b"], count: 2, edges: [], members: [] });
        await store().transaction(async (tx) => {
          await tx.for(organization).open(testRecords).remove("thg_a", "any");
          await tx.for(organization).open(testRecords).insert(newTestRecord(organization, "c"));
          await tx.for(organization).memberships.add("grp_1", ["usr_1"]);
        });
        expect(await read()).to.deep.equal(before);
      });
      expect((await store().for(organization).open(testRecords).list({ limit: 10 })).items.map(nameOf)).to.deep.equal([
        ...["b", "c"],
      ]);
    });

    it("reads pages by id and through an index, and rejects a full scan", async () => {
      const names = Array.from({ length: 25 }, (_, at) => String.fromCharCode(97 + at));
      const records = names.map((name) => newTestRecord(organization, name, { name: "same" }));
      await insertAll(store(), organization, records);
      await store().snapshot(async (snapshot) => {
        const reader = snapshot.for(organization).open(testRecords);
        const found: string[] = [];
        for await (const page of pages(reader, { limit: 10 })) found.push(...page.map(nameOf));
        expect(found).to.deep.equal(names);
        expect(await reader.count({ op: "eq", path: "name", value: "same" })).to.equal(25);
        const scan = { where: { op: "eq", path: "note", value: "x" }, limit: 1 } as const;
        expect(await expectFailure(() => reader.list(scan))).to.match(/must be served by an index/);
      });
    });

    it("returns memberships in order of the group and the member, page by page", async () => {
      await store().transaction(async (tx) => {
        const { memberships } = tx.for(organization);
        await memberships.add("grp_2", ["usr_1"]);
        await memberships.add("grp_1", ["usr_3", "grp_2", "usr_1"]);
      });
      const found = await store().snapshot(async (snapshot) => {
        const edges: MembershipEdge[] = [];
        for (let after: MembershipEdge | undefined; ; ) {
          const page = await snapshot.for(organization).edges({ limit: 2, ...(after && { after }) });
          edges.push(...page);
          after = page.at(-1);
          if (!after) return edges;
        }
      });
      expect(found.map(({ groupId, memberId }) => `${groupId} ${memberId}`)).to.deep.equal([
        ...["grp_1 grp_2", "grp_1 usr_1", "grp_1 usr_3", "grp_2 usr_1"],
      ]);
    });

    it("returns the stored search fields of records, and the ids of all organizations", async () => {
      const normalized = { title: "x", emails: [{ value: "a@b" }] };
      await store().transaction((tx) =>
        tx
          .for(organization)
          .open(searchableRecords)
          .insert({ ...newTestRecord(organization, "a"), normalized }),
      );
      const onlyMembers = newOrganizationId();
      await store().transaction((tx) => tx.for(onlyMembers).memberships.add("grp_1", ["usr_1"]));
      await store().snapshot(async (snapshot) => {
        const found = await snapshot.for(organization).searchFields(searchableRecords, ["thg_a", "thg_none"]);
        expect([...found]).to.deep.equal([["thg_a", normalized]]);
        expect((await snapshot.for(onlyMembers).searchFields(searchableRecords, ["thg_a"])).size).to.equal(0);
        expect(await snapshot.organizationIds()).to.include.members([organization, onlyMembers]);
      });
    });
  });
}
