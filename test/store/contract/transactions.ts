import { expect } from "chai";
import type { Store } from "../../../src/store/collection.ts";
import { failed, refused } from "./refused.ts";
import { insertAll, newOrganization, others, reading, thing, things, write } from "./things.ts";

/** All or nothing, and nobody sees it half done. */
export function transactionContract(store: () => Store): void {
  let organization: string;
  beforeEach(() => {
    organization = newOrganization();
  });
  const count = (): Promise<number> => reading(store(), organization).count();

  describe("transaction", () => {
    it("keeps all of it: several records, collections, organisations and memberships", async () => {
      const second = newOrganization();
      const result = await store().transaction(async (change) => {
        await change.for(organization).open(things).insert(thing(organization, "a"));
        await change.for(organization).open(things).insert(thing(organization, "b"));
        await change.for(organization).open(others).insert(thing(organization, "a"));
        await change.for(second).open(things).insert(thing(second, "a"));
        await change.for(organization).memberships.add("grp_1", ["usr_1"]);
        return { any: ["value"] };
      });
      expect(result).to.deep.equal({ any: ["value"] });
      expect(await count()).to.equal(2);
      expect(await reading(store(), organization, others).count()).to.equal(1);
      expect(await reading(store(), second).count()).to.equal(1);
      expect(await store().for(organization).memberships.members("grp_1", { limit: 9 })).to.deep.equal(["usr_1"]);
    });

    it("keeps nothing when the body throws, and throws the same", async () => {
      await insertAll(store(), organization, [thing(organization, "a", { note: "before", size: 1 })]);
      const reason = new Error("changed my mind");
      const thrown = await failed(() =>
        store().transaction(async (change) => {
          const writer = change.for(organization).open(things);
          await writer.insert(thing(organization, "b"));
          await writer.replace(thing(organization, "a", { note: "after" }), "any");
          await writer.increment("thg_a", { size: 5 });
          await change.for(organization).memberships.add("grp_1", ["usr_1"]);
          throw reason;
        }),
      );
      expect(thrown).to.equal(reason);
      expect(await count()).to.equal(1);
      expect(await reading(store(), organization).get("thg_a")).to.deep.equal(
        thing(organization, "a", { note: "before", size: 1 }),
      );
      expect(await store().for(organization).memberships.members("grp_1", { limit: 9 })).to.deep.equal([]);
    });

    it("keeps nothing when one of its writes is refused", async () => {
      await insertAll(store(), organization, [thing(organization, "a", { code: "c" })]);
      await refused(
        write(store(), organization, async (writer) => {
          await writer.insert(thing(organization, "b"));
          await writer.insert(thing(organization, "c", { code: "c" }));
        }),
        "conflict",
      );
      await refused(
        write(store(), organization, async (writer) => {
          await writer.remove("thg_a", "any");
          await writer.replace(thing(organization, "a"), 1);
        }),
        "stale",
      );
      expect(await count()).to.equal(1);
    });

    it("takes a body that does nothing", async () => {
      expect(await store().transaction(async () => 42)).to.equal(42);
    });

    it("sees its own writes", async () => {
      await insertAll(store(), organization, [
        thing(organization, "a", { name: "x" }),
        thing(organization, "b", { name: "x" }),
      ]);
      await store().transaction(async (change) => {
        const writer = change.for(organization).open(things);
        await writer.insert(thing(organization, "c", { name: "x", emails: [{ value: "c@x" }] }));
        await writer.remove("thg_a", "any");
        await writer.increment("thg_b", { size: 3 });
        expect(await writer.get("thg_a")).to.equal(undefined);
        expect((await writer.get("thg_b"))?.size).to.equal(3);
        expect((await writer.list({ limit: 9, total: true })).items.map((each) => each.id)).to.deep.equal([
          "thg_b",
          "thg_c",
        ]);
        expect(await writer.count()).to.equal(2);
        expect(await writer.count({ op: "eq", path: "name", value: "x" })).to.equal(2);
        expect(
          await writer.count({ op: "some", path: "emails", where: { op: "eq", path: "value", value: "c@x" } }),
        ).to.equal(1);
        const { memberships } = change.for(organization);
        await memberships.add("grp_1", ["usr_1"]);
        expect(await memberships.membersAmong("grp_1", ["usr_1", "usr_2"])).to.deep.equal(["usr_1"]);
        expect(await memberships.allGroupsOf("usr_1")).to.deep.equal(["grp_1"]);
      });
    });

    it("shows nothing to readers outside before it is kept", async () => {
      await insertAll(store(), organization, [thing(organization, "a", { size: 1 })]);
      const outside = async (): Promise<unknown> => [
        await count(),
        (await reading(store(), organization).get("thg_a"))?.size,
        (await reading(store(), organization).list({ where: { op: "eq", path: "note", value: "n" }, limit: 9 })).items,
        await store().for(organization).memberships.groupsOf("usr_1", { limit: 9 }),
      ];
      await store().transaction(async (change) => {
        await change
          .for(organization)
          .open(things)
          .insert(thing(organization, "b", { note: "n" }));
        await change.for(organization).open(things).increment("thg_a", { size: 1 });
        await change.for(organization).memberships.add("grp_1", ["usr_1"]);
        expect(await outside()).to.deep.equal([1, 1, [], []]);
      });
      expect(await outside()).to.deep.equal([2, 2, [thing(organization, "b", { note: "n" })], ["grp_1"]]);
    });

    for (const [writers, options] of [
      [64, { turn: "thg_counter" }],
      [16, {}],
    ] as const) {
      it(`loses no update of ${writers} who read and replace one record at once${"turn" in options ? ", in turn" : ""}`, async () => {
        await insertAll(store(), organization, [thing(organization, "counter", { size: 0 })]);
        const seen = await Promise.all(
          Array.from({ length: writers }, () =>
            store().transaction(async (change) => {
              const writer = change.for(organization).open(things);
              const read = await writer.get("thg_counter");
              if (!read) throw new Error("the counter is gone");
              const size = (read.size ?? 0) + 1;
              await writer.replace({ ...read, size, version: read.version + 1 }, read.version);
              return size;
            }, options),
          ),
        );
        expect(seen.sort((a, b) => a - b)).to.deep.equal(Array.from({ length: writers }, (_, at) => at + 1));
        const after = await reading(store(), organization).get("thg_counter");
        expect([after?.size, after?.version]).to.deep.equal([writers, writers + 1]);
      });
    }

    it("runs those of one turn one after another, and goes on after one that failed", async () => {
      const running: string[] = [];
      const outcomes = await Promise.allSettled(
        ["1", "2", "3"].map((name) =>
          store().transaction(
            async (change) => {
              running.push(`${name} begins`);
              await change.for(organization).open(things).insert(thing(organization, name));
              running.push(`${name} ends`);
              if (name === "2") throw new Error("fails");
            },
            { turn: "one" },
          ),
        ),
      );
      expect(outcomes.map(({ status }) => status)).to.deep.equal(["fulfilled", "rejected", "fulfilled"]);
      const each = ["1 begins", "1 ends", "2 begins", "2 ends", "3 begins", "3 ends"];
      expect(running).to.deep.equal(each);
      expect(await count()).to.equal(2);
    });

    it("keeps what comes after it out of a change that is over", async () => {
      const kept = await store().transaction(async (change) => change.for(organization));
      await failed(() => kept.open(things).insert(thing(organization, "late")));
      await failed(() => kept.memberships.add("grp_late", ["usr_1"]));
      expect(await count()).to.equal(0);
      expect(await store().for(organization).memberships.members("grp_late", { limit: 1 })).to.deep.equal([]);
    });
  });

  describe("ping", () => {
    it("answers when the database does", () => store().ping());
  });
}

/** What holds where several processes share the data. */
export function sharingContract(store: () => Store, beside: () => Promise<Store>): void {
  describe("a second process beside the first", () => {
    let second: Store;
    before(async () => {
      second = await beside();
    });
    after(() => second.close());

    it("sees its changes and respects its keys", async () => {
      const organization = newOrganization();
      await insertAll(store(), organization, [thing(organization, "a", { size: 0 })]);
      expect((await reading(second, organization).get("thg_a"))?.size).to.equal(0);
      await refused(insertAll(second, organization, [thing(organization, "a")]), "conflict");
      await insertAll(second, organization, [thing(organization, "b")]);
      expect(await reading(store(), organization).count()).to.equal(2);
    });

    it("loses none of 32 changes made to one record from both at once", async () => {
      const organization = newOrganization();
      await insertAll(store(), organization, [thing(organization, "a", { size: 0 })]);
      await Promise.all(
        Array.from({ length: 32 }, (_, at) =>
          (at % 2 ? store() : second).transaction(
            (change) => change.for(organization).open(things).increment("thg_a", { size: 1 }),
            { turn: "thg_a" },
          ),
        ),
      );
      expect((await reading(store(), organization).get("thg_a"))?.size).to.equal(32);
    });
  });
}
