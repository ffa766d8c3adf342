import { expect } from "chai";
import type { Store } from "../../../src/store/collection.ts";
import { refused } from "./refused.ts";
import { insertAll, newKey, newOrganization, reading, type Thing, thing, things, write } from "./things.ts";

/** Insert, replace, remove and increment of one record. */
export function writeContract(store: () => Store): void {
  let organization: string;
  beforeEach(() => {
    organization = newOrganization();
  });
  const get = (name = "a"): Promise<Thing | undefined> => reading(store(), organization).get(`thg_${name}`);
  const insert = (...records: readonly Thing[]): Promise<void> => insertAll(store(), organization, records);
  const replace = (record: Thing, readVersion: number | "any"): Promise<void> =>
    write(store(), organization, (writer) => writer.replace(record, readVersion));

  describe("unique keys", () => {
    const takenKey = async (attempt: Promise<unknown>): Promise<string | undefined> =>
      (await refused(attempt, "conflict")).details.key;

    it("names the key that is taken: the id, a path, an element's field", async () => {
      const [secret, serial] = [newKey(), newKey()];
      await insert(thing(organization, "a", { code: "c", secret, devices: [{ serial }] }), thing(organization, "b"));
      expect(await takenKey(insert(thing(organization, "a")))).to.equal("id");
      expect(await takenKey(insert(thing(organization, "c", { code: "c" })))).to.equal("code");
      expect(await takenKey(insert(thing(organization, "c", { secret })))).to.equal("secret");
      expect(
        await takenKey(insert(thing(organization, "c", { devices: [{ serial: newKey() }, { serial }] }))),
      ).to.equal("devices.serial");
      expect(await takenKey(replace(thing(organization, "b", { code: "c" }), "any"))).to.equal("code");
      expect(await takenKey(replace(thing(organization, "b", { devices: [{ serial }] }), 1))).to.equal(
        "devices.serial",
      );
      expect(await get("b")).to.deep.equal(thing(organization, "b"));
      expect(await get("c")).to.equal(undefined);
    });

    it("does not repeat the value: it may belong to somebody whom the caller may not see", async () => {
      await insert(thing(organization, "a", { code: "somebody-else" }));
      const error = await refused(insert(thing(organization, "b", { code: "somebody-else" })), "conflict");
      expect(error.message).not.to.contain("somebody-else");
      expect(JSON.stringify(error.details)).not.to.contain("somebody-else");
    });

    it("holds nothing against records without the key", async () => {
      await insert(
        thing(organization, "a"),
        thing(organization, "b"),
        thing(organization, "c", { devices: [] }),
        thing(organization, "d", { devices: [{ model: "m" }, { model: "n" }] }),
        thing(organization, "e", { devices: [{ model: "m" }] }),
      );
      expect(await reading(store(), organization).count()).to.equal(5);
    });

    it("compares them exactly", async () => {
      await insert(
        thing(organization, "a", { code: "c" }),
        thing(organization, "b", { code: "C" }),
        thing(organization, "c", { code: "" }),
      );
      expect(await takenKey(insert(thing(organization, "d", { code: "" })))).to.equal("code");
    });

    it("frees a key with the change or the removal of its record", async () => {
      const serial = newKey();
      await insert(thing(organization, "a", { code: "c", devices: [{ serial }] }));
      await replace(thing(organization, "a", { code: "d", devices: [{ serial, model: "kept" }] }), "any");
      await insert(thing(organization, "b", { code: "c" }));
      await replace(thing(organization, "a", { code: "d" }), "any");
      await replace(thing(organization, "b", { devices: [{ serial }] }), "any");
      await write(store(), organization, (writer) => writer.remove("thg_b", "any"));
      await insert(thing(organization, "c", { code: "c", devices: [{ serial }] }));
    });

    it("lets one record hold the same element key twice", async () => {
      const serial = newKey();
      await insert(thing(organization, "a", { devices: [{ serial }, { serial }] }));
      await replace(thing(organization, "a", { devices: [{ serial }, { serial }, { serial: newKey() }] }), "any");
      expect((await get())?.devices).to.have.length(3);
    });

    it("swaps a key inside one transaction", async () => {
      await insert(thing(organization, "a", { code: "1" }), thing(organization, "b", { code: "2" }));
      await write(store(), organization, async (writer) => {
        await writer.replace(thing(organization, "a"), "any");
        await writer.replace(thing(organization, "b", { code: "1" }), "any");
        await writer.replace(thing(organization, "a", { code: "2" }), "any");
      });
      expect([(await get("a"))?.code, (await get("b"))?.code]).to.deep.equal(["2", "1"]);
    });
  });

  describe("replace", () => {
    it("stores the record in place of the version that was read", async () => {
      await insert(thing(organization, "a", { note: "old", tags: ["x"] }));
      const next = thing(organization, "a", { version: 2, note: "new", updatedAt: "2026-02-02T00:00:00.000Z" });
      await replace(next, 1);
      expect(await get()).to.deep.equal(next);
    });

    it("refuses as stale when another version, or nothing, is stored", async () => {
      const stored = thing(organization, "a", { version: 3 });
      await insert(stored);
      for (const version of [2, 4, 0])
        await refused(replace(thing(organization, "a", { version: 9 }), version), "stale");
      await refused(replace(thing(organization, "b"), 1), "stale");
      await refused(replace(thing(organization, "b"), "any"), "stale");
      expect(await get()).to.deep.equal(stored);
      expect(await get("b")).to.equal(undefined);
    });

    it('takes any stored version for "any"', async () => {
      await insert(thing(organization, "a", { version: 3 }));
      await replace(thing(organization, "a", { version: 10 }), "any");
      expect((await get())?.version).to.equal(10);
    });
  });

  describe("remove", () => {
    const remove = (name: string, readVersion: number | "any"): Promise<boolean> =>
      write(store(), organization, (writer) => writer.remove(`thg_${name}`, readVersion));

    it("tells whether there was one", async () => {
      await insert(thing(organization, "a"), thing(organization, "b", { version: 4 }));
      expect(await remove("a", "any")).to.equal(true);
      expect(await remove("a", "any")).to.equal(false);
      expect(await remove("a", 1)).to.equal(false);
      expect(await remove("b", 4)).to.equal(true);
      expect(await get("b")).to.equal(undefined);
    });

    it("refuses as stale when another version is stored", async () => {
      await insert(thing(organization, "a", { version: 2 }));
      await refused(remove("a", 1), "stale");
      expect((await get())?.version).to.equal(2);
    });
  });

  describe("increment", () => {
    const increment = (
      amounts: Record<string, number>,
      atLeast?: Record<string, string>,
      name = "a",
    ): Promise<boolean> => write(store(), organization, (writer) => writer.increment(`thg_${name}`, amounts, atLeast));

    it("adds to numbers, where a missing one counts as 0, and leaves the rest alone", async () => {
      await insert(thing(organization, "a", { size: 5, note: "kept", usage: { lastAt: "2026" } }));
      expect(await increment({ size: 2, rank: 1, "usage.count": 3, version: 1 })).to.equal(true);
      expect(await increment({ size: -10, "usage.count": 1.5 })).to.equal(true);
      expect(await get()).to.deep.equal(
        thing(organization, "a", {
          version: 2,
          size: -3,
          rank: 1,
          note: "kept",
          usage: { lastAt: "2026", count: 4.5 },
        }),
      );
    });

    it("makes the object that a nested path lies in", async () => {
      await insert(thing(organization, "a"));
      await increment({ "usage.count": 1 }, { "usage.lastAt": "2026" });
      expect((await get())?.usage).to.deep.equal({ count: 1, lastAt: "2026" });
    });

    it("raises texts that are smaller or missing, and never lowers one", async () => {
      await insert(thing(organization, "a", { usage: { lastAt: "2026-05" } }));
      await increment({}, { "usage.lastAt": "2026-04", updatedAt: "2026-03-01T00:00:00.000Z", note: "n" });
      expect(await get()).to.deep.equal(
        thing(organization, "a", { usage: { lastAt: "2026-05" }, updatedAt: "2026-03-01T00:00:00.000Z", note: "n" }),
      );
      await increment({ version: 1 }, { "usage.lastAt": "2026-06", updatedAt: "2020" });
      const after = await get();
      expect([after?.usage?.lastAt, after?.updatedAt, after?.version]).to.deep.equal([
        "2026-06",
        "2026-03-01T00:00:00.000Z",
        2,
      ]);
    });

    it("tells whether the record exists, and makes none", async () => {
      expect(await increment({ size: 1 }, { note: "n" })).to.equal(false);
      expect(await get()).to.equal(undefined);
      await insert(thing(organization, "a"));
      expect(await increment({})).to.equal(true);
      expect(await increment({}, {}, "b")).to.equal(false);
    });

    it("moves the record in the indexes of what it changed", async () => {
      await insert(thing(organization, "a", { rank: 1 }));
      await increment({ rank: 4 }, { name: "n" });
      const reader = reading(store(), organization);
      expect(await reader.count({ op: "eq", path: "rank", value: 1 })).to.equal(0);
      expect(await reader.count({ op: "eq", path: "rank", value: 5 })).to.equal(1);
      expect(await reader.count({ op: "eq", path: "name", value: "n" })).to.equal(1);
    });

    it("loses nothing when many add at once", async () => {
      await insert(thing(organization, "a"));
      await Promise.all(
        Array.from({ length: 64 }, (_, at) =>
          store().transaction(
            (change) =>
              change
                .for(organization)
                .open(things)
                .increment("thg_a", { size: 1, version: 1 }, { note: String(at).padStart(2, "0") }),
            { turn: "thg_a" },
          ),
        ),
      );
      const after = await get();
      expect([after?.size, after?.version, after?.note]).to.deep.equal([64, 65, "63"]);
    });
  });
}
