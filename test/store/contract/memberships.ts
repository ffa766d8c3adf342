import { expect } from "chai";
import type { MembershipReader, MembershipWriter, Store } from "../../../src/store/store.ts";
import { newOrganizationId } from "./records.fixture.ts";

/** Tests the edges between groups and their members. */
export function membershipContract(store: () => Store): void {
  describe("memberships", () => {
    let organization: string;
    beforeEach(() => {
      organization = newOrganizationId();
    });
    const read = (): MembershipReader => store().for(organization).memberships;
    const change = <R>(body: (memberships: MembershipWriter) => Promise<R>): Promise<R> =>
      store().transaction((transaction) => body(transaction.for(organization).memberships));
    const add = (groupId: string, ...memberIds: readonly string[]): Promise<readonly string[]> =>
      change((memberships) => memberships.add(groupId, memberIds));
    const remove = (groupId: string, ...memberIds: readonly string[]): Promise<readonly string[]> =>
      change((memberships) => memberships.remove(groupId, memberIds));
    const sorted = (ids: readonly string[]): string[] => [...ids].sort();

    it("returns the ids that were not members before an add", async () => {
      expect(sorted(await add("grp_1", "usr_2", "usr_1"))).to.deep.equal(["usr_1", "usr_2"]);
      expect(await add("grp_1", "usr_1", "usr_3", "usr_3")).to.deep.equal(["usr_3"]);
      expect(await add("grp_1", "usr_1")).to.deep.equal([]);
      expect(await add("grp_1")).to.deep.equal([]);
      expect(await read().members("grp_1", { limit: 10 })).to.deep.equal(["usr_1", "usr_2", "usr_3"]);
    });

    it("adds new members without reading, and rejects the transaction if one is a member", async () => {
      await change((memberships) => memberships.addNew("grp_1", ["usr_1", "usr_2"]));
      await change((memberships) => memberships.addNew("grp_2", []));
      expect(await read().members("grp_1", { limit: 10 })).to.deep.equal(["usr_1", "usr_2"]);
      for (const addMember of [
        (memberships) => memberships.addNew("grp_1", ["usr_0", "usr_2"]),
        async (memberships) => {
          await memberships.addNew("grp_1", ["usr_8"]);
          await memberships.addNew("grp_1", ["usr_9", "usr_8"]);
        },
      ] satisfies Parameters<typeof change>[0][]) {
        const error = await change(addMember).catch((caught: unknown) => caught);
        expect(error).to.have.property("code", "conflict");
      }
      expect(await read().members("grp_1", { limit: 10 })).to.deep.equal(["usr_1", "usr_2"]);
    });

    it("returns the ids that were members before a remove", async () => {
      await add("grp_1", "usr_1", "usr_2", "usr_3");
      await add("grp_2", "usr_1");
      expect(sorted(await remove("grp_1", "usr_3", "usr_9", "usr_1", "usr_1"))).to.deep.equal(["usr_1", "usr_3"]);
      expect(await remove("grp_1", "usr_1")).to.deep.equal([]);
      expect(await remove("grp_1")).to.deep.equal([]);
      expect(await remove("grp_9", "usr_1")).to.deep.equal([]);
      expect(await read().members("grp_1", { limit: 10 })).to.deep.equal(["usr_2"]);
      expect(await read().members("grp_2", { limit: 10 })).to.deep.equal(["usr_1"]);
    });

    it("lists members and groups in id order, page by page", async () => {
      await add("grp_1", "usr_c", "usr_a", "grp_z", "usr_b");
      await add("grp_0", "usr_a");
      await add("grp_2", "usr_a");
      expect(await read().members("grp_1", { limit: 2 })).to.deep.equal(["grp_z", "usr_a"]);
      expect(await read().members("grp_1", { after: "usr_a", limit: 2 })).to.deep.equal(["usr_b", "usr_c"]);
      expect(await read().members("grp_1", { after: "usr_aa", limit: 1 })).to.deep.equal(["usr_b"]);
      expect(await read().members("grp_1", { after: "usr_c", limit: 2 })).to.deep.equal([]);
      expect(await read().members("grp_1", { limit: 0 })).to.deep.equal([]);
      expect(await read().groupsOf("usr_a", { limit: 2 })).to.deep.equal(["grp_0", "grp_1"]);
      expect(await read().groupsOf("usr_a", { after: "grp_1", limit: 2 })).to.deep.equal(["grp_2"]);
      expect(await read().groupsOf("grp_z", { limit: 2 })).to.deep.equal(["grp_1"]);
    });

    it("filters ids by direct membership", async () => {
      await add("grp_1", "usr_1", "usr_2", "grp_2");
      await add("grp_2", "usr_3");
      const among = await read().filterMembers("grp_1", ["usr_2", "usr_3", "usr_9", "usr_2", "grp_2"]);
      expect(sorted(among)).to.deep.equal(["grp_2", "usr_2"]);
      expect(await read().filterMembers("grp_1", [])).to.deep.equal([]);
      expect(await read().filterMembers("grp_9", ["usr_1"])).to.deep.equal([]);
    });

    it("returns the groups of each member in id order, and omits members without groups", async () => {
      await add("grp_2", "usr_1", "usr_2", "grp_1");
      await add("grp_1", "usr_1");
      await add("grp_3", "grp_2");
      const groupIds = await read().groupsByMember(["usr_2", "usr_9", "usr_1", "grp_1", "usr_1", "usr_1\0"]);
      expect([...groupIds].sort()).to.deep.equal([
        ["grp_1", ["grp_2"]],
        ["usr_1", ["grp_1", "grp_2"]],
        ["usr_2", ["grp_2"]],
      ]);
      expect(await read().groupsByMember([])).to.have.property("size", 0);
      const other = store().for(newOrganizationId()).memberships;
      expect(await other.groupsByMember(["usr_1"])).to.have.property("size", 0);
    });

    it("returns the groups of six thousand members in one call", async () => {
      const ids = Array.from({ length: 6000 }, (_, at) => `usr_${String(at).padStart(5, "0")}`);
      await add("grp_1", ...ids);
      await add("grp_2", ...ids.slice(3000));
      const groupIds = await read().groupsByMember([...ids, "usr_x"]);
      expect(groupIds.size).to.equal(6000);
      expect(groupIds.get(ids[10] ?? "")).to.deep.equal(["grp_1"]);
      expect(groupIds.get(ids[5999] ?? "")).to.deep.equal(["grp_1", "grp_2"]);
    });

    it("returns direct and inherited groups, each once", async () => {
      for (let depth = 0; depth < 12; depth++) await add(`grp_${10 + depth + 1}`, `grp_${10 + depth}`);
      await add("grp_10", "usr_1");
      await add("grp_15", "usr_1");
      await add("grp_99", "usr_2");
      expect(await read().transitiveGroupsOf("usr_1")).to.deep.equal(
        Array.from({ length: 13 }, (_, at) => `grp_${10 + at}`),
      );
      expect(await read().transitiveGroupsOf("grp_20")).to.deep.equal(["grp_21", "grp_22"]);
      expect(await read().transitiveGroupsOf("usr_9")).to.deep.equal([]);
    });

    it("handles cycles of groups", async () => {
      await add("grp_1", "usr_1", "grp_3");
      await add("grp_2", "grp_1");
      await add("grp_3", "grp_2", "grp_3");
      await add("grp_4", "grp_4");
      expect(await read().transitiveGroupsOf("usr_1")).to.deep.equal(["grp_1", "grp_2", "grp_3"]);
      expect(await read().transitiveGroupsOf("grp_1")).to.deep.equal(["grp_1", "grp_2", "grp_3"]);
      expect(await read().transitiveGroupsOf("grp_4")).to.deep.equal(["grp_4"]);
    });

    it("adds and removes two thousand members in one call", async () => {
      const ids = Array.from({ length: 2000 }, (_, at) => `usr_${String(at).padStart(5, "0")}`);
      expect(await add("grp_1", ...ids)).to.have.length(2000);
      expect(await add("grp_1", ...ids, "usr_x")).to.deep.equal(["usr_x"]);
      expect(await read().members("grp_1", { limit: 5000 })).to.deep.equal([...ids, "usr_x"]);
      expect(await read().filterMembers("grp_1", ids)).to.have.length(2000);
      expect(await remove("grp_1", ...ids)).to.have.length(2000);
      expect(await read().members("grp_1", { limit: 5000 })).to.deep.equal(["usr_x"]);
    });

    it("treats ids as plain strings, and finds no members for an id that cannot exist", async () => {
      await add("grp_1", "usr_1", "usr_'%", "$ne", "usr_\ufffd");
      expect(sorted(await read().filterMembers("grp_1", ["usr_'%", "usr_%", "$ne", ".*", "USR_1"]))).to.deep.equal([
        "$ne",
        "usr_'%",
      ]);
      const impossible = ["usr_1\0", "usr_\ud800", "\0"];
      expect(await read().filterMembers("grp_1", impossible)).to.deep.equal([]);
      expect(await remove("grp_1", ...impossible)).to.deep.equal([]);
      for (const id of impossible) {
        expect(await read().groupsOf(id, { limit: 9 })).to.deep.equal([]);
        expect(await read().transitiveGroupsOf(id)).to.deep.equal([]);
        expect(await read().members(id, { limit: 9 })).to.deep.equal([]);
      }
      expect(await read().members("grp_1", { limit: 9 })).to.have.length(4);
    });
  });
}
