import { expect } from "chai";
import type { Store } from "../../../src/store/store.ts";
import {
  insertAll,
  newOrganizationId,
  newTestRecord,
  newUniqueKey,
  type TestRecord,
  testRecordReader,
  testRecords,
  writeTestRecords,
} from "./records.fixture.ts";
import { expectRejection } from "./rejected.fixture.ts";

/** Tests insert, replace, remove and increment of one record. */
export function writeContract(store: () => Store): void {
  let organization: string;
  beforeEach(() => {
    organization = newOrganizationId();
  });
  const get = (name = "a"): Promise<TestRecord | undefined> =>
    testRecordReader(store(), organization).get(`thg_${name}`);
  const insert = (...records: readonly TestRecord[]): Promise<void> => insertAll(store(), organization, records);
  const replace = (record: TestRecord, readVersion: number | "any"): Promise<void> =>
    writeTestRecords(store(), organization, (writer) => writer.replace(record, readVersion));

  describe("unique keys", () => {
    const takenKey = async (attempt: Promise<unknown>): Promise<string | undefined> =>
      (await expectRejection(attempt, "conflict")).details.key;

    it("report the violated key: the id, a path, or the field of an element", async () => {
      const [secret, serial] = [newUniqueKey(), newUniqueKey()];
      await insert(
        newTestRecord(organization, "a", { code: "c", secret, devices: [{ serial }] }),
        newTestRecord(organization, "b"),
      );
      expect(await takenKey(insert(newTestRecord(organization, "a")))).to.equal("id");
      expect(await takenKey(insert(newTestRecord(organization, "c", { code: "c" })))).to.equal("code");
      expect(await takenKey(insert(newTestRecord(organization, "c", { secret })))).to.equal("secret");
      expect(
        await takenKey(insert(newTestRecord(organization, "c", { devices: [{ serial: newUniqueKey() }, { serial }] }))),
      ).to.equal("devices.serial");
      expect(await takenKey(replace(newTestRecord(organization, "b", { code: "c" }), "any"))).to.equal("code");
      expect(await takenKey(replace(newTestRecord(organization, "b", { devices: [{ serial }] }), 1))).to.equal(
        "devices.serial",
      );
      expect(await get("b")).to.deep.equal(newTestRecord(organization, "b"));
      expect(await get("c")).to.equal(undefined);
    });

    it("do not repeat the value, which may belong to a record that the caller cannot access", async () => {
      await insert(newTestRecord(organization, "a", { code: "somebody-else" }));
      const error = await expectRejection(
        insert(newTestRecord(organization, "b", { code: "somebody-else" })),
        "conflict",
      );
      expect(error.message).not.to.contain("somebody-else");
      expect(JSON.stringify(error.details)).not.to.contain("somebody-else");
    });

    it("do not apply to records without the key", async () => {
      await insert(
        newTestRecord(organization, "a"),
        newTestRecord(organization, "b"),
        newTestRecord(organization, "c", { devices: [] }),
        newTestRecord(organization, "d", { devices: [{ model: "m" }, { model: "n" }] }),
        newTestRecord(organization, "e", { devices: [{ model: "m" }] }),
      );
      expect(await testRecordReader(store(), organization).count()).to.equal(5);
    });

    it("compare values exactly", async () => {
      await insert(
        newTestRecord(organization, "a", { code: "c" }),
        newTestRecord(organization, "b", { code: "C" }),
        newTestRecord(organization, "c", { code: "" }),
      );
      expect(await takenKey(insert(newTestRecord(organization, "d", { code: "" })))).to.equal("code");
    });

    it("are freed by a change or removal of the record", async () => {
      const serial = newUniqueKey();
      await insert(newTestRecord(organization, "a", { code: "c", devices: [{ serial }] }));
      await replace(newTestRecord(organization, "a", { code: "d", devices: [{ serial, model: "kept" }] }), "any");
      await insert(newTestRecord(organization, "b", { code: "c" }));
      await replace(newTestRecord(organization, "a", { code: "d" }), "any");
      await replace(newTestRecord(organization, "b", { devices: [{ serial }] }), "any");
      await writeTestRecords(store(), organization, (writer) => writer.remove("thg_b", "any"));
      await insert(newTestRecord(organization, "c", { code: "c", devices: [{ serial }] }));
    });

    it("accept the same element key twice in one record", async () => {
      const serial = newUniqueKey();
      await insert(newTestRecord(organization, "a", { devices: [{ serial }, { serial }] }));
      await replace(
        newTestRecord(organization, "a", { devices: [{ serial }, { serial }, { serial: newUniqueKey() }] }),
        "any",
      );
      expect((await get())?.devices).to.have.length(3);
    });

    it("can be swapped inside one transaction", async () => {
      await insert(newTestRecord(organization, "a", { code: "1" }), newTestRecord(organization, "b", { code: "2" }));
      await writeTestRecords(store(), organization, async (writer) => {
        await writer.replace(newTestRecord(organization, "a"), "any");
        await writer.replace(newTestRecord(organization, "b", { code: "1" }), "any");
        await writer.replace(newTestRecord(organization, "a", { code: "2" }), "any");
      });
      expect([(await get("a"))?.code, (await get("b"))?.code]).to.deep.equal(["2", "1"]);
    });
  });

  describe("replace", () => {
    it("replaces the version that was read", async () => {
      await insert(newTestRecord(organization, "a", { note: "old", tags: ["x"] }));
      const next = newTestRecord(organization, "a", { version: 2, note: "new", updatedAt: "2026-02-02T00:00:00.000Z" });
      await replace(next, 1);
      expect(await get()).to.deep.equal(next);
    });

    it("rejects as stale when another version or no record is stored", async () => {
      const stored = newTestRecord(organization, "a", { version: 3 });
      await insert(stored);
      for (const version of [2, 4, 0])
        await expectRejection(replace(newTestRecord(organization, "a", { version: 9 }), version), "stale");
      await expectRejection(replace(newTestRecord(organization, "b"), 1), "stale");
      await expectRejection(replace(newTestRecord(organization, "b"), "any"), "stale");
      expect(await get()).to.deep.equal(stored);
      expect(await get("b")).to.equal(undefined);
    });

    it('accepts any stored version with "any"', async () => {
      await insert(newTestRecord(organization, "a", { version: 3 }));
      await replace(newTestRecord(organization, "a", { version: 10 }), "any");
      expect((await get())?.version).to.equal(10);
    });
  });

  describe("remove", () => {
    const remove = (name: string, readVersion: number | "any"): Promise<boolean> =>
      writeTestRecords(store(), organization, (writer) => writer.remove(`thg_${name}`, readVersion));

    it("returns whether the record existed", async () => {
      await insert(newTestRecord(organization, "a"), newTestRecord(organization, "b", { version: 4 }));
      expect(await remove("a", "any")).to.equal(true);
      expect(await remove("a", "any")).to.equal(false);
      expect(await remove("a", 1)).to.equal(false);
      expect(await remove("b", 4)).to.equal(true);
      expect(await get("b")).to.equal(undefined);
    });

    it("rejects as stale when another version is stored", async () => {
      await insert(newTestRecord(organization, "a", { version: 2 }));
      await expectRejection(remove("a", 1), "stale");
      expect((await get())?.version).to.equal(2);
    });
  });

  describe("increment", () => {
    const increment = (
      amounts: Record<string, number>,
      atLeast?: Record<string, string>,
      name = "a",
    ): Promise<boolean> =>
      writeTestRecords(store(), organization, (writer) => writer.increment(`thg_${name}`, amounts, atLeast));

    it("adds to numbers, counts a missing one as 0 and leaves other fields unchanged", async () => {
      await insert(newTestRecord(organization, "a", { size: 5, note: "kept", usage: { lastAt: "2026" } }));
      expect(await increment({ size: 2, rank: 1, "usage.count": 3, version: 1 })).to.equal(true);
      expect(await increment({ size: -10, "usage.count": 1.5 })).to.equal(true);
      expect(await get()).to.deep.equal(
        newTestRecord(organization, "a", {
          version: 2,
          size: -3,
          rank: 1,
          note: "kept",
          usage: { lastAt: "2026", count: 4.5 },
        }),
      );
    });

    it("creates the object that contains a nested path", async () => {
      await insert(newTestRecord(organization, "a"));
      await increment({ "usage.count": 1 }, { "usage.lastAt": "2026" });
      expect((await get())?.usage).to.deep.equal({ count: 1, lastAt: "2026" });
    });

    it("raises smaller or missing strings, and never lowers one", async () => {
      await insert(newTestRecord(organization, "a", { usage: { lastAt: "2026-05" } }));
      await increment({}, { "usage.lastAt": "2026-04", updatedAt: "2026-03-01T00:00:00.000Z", note: "n" });
      expect(await get()).to.deep.equal(
        newTestRecord(organization, "a", {
          usage: { lastAt: "2026-05" },
          updatedAt: "2026-03-01T00:00:00.000Z",
          note: "n",
        }),
      );
      await increment({ version: 1 }, { "usage.lastAt": "2026-06", updatedAt: "2020" });
      const after = await get();
      expect([after?.usage?.lastAt, after?.updatedAt, after?.version]).to.deep.equal([
        "2026-06",
        "2026-03-01T00:00:00.000Z",
        2,
      ]);
    });

    it("returns whether the record exists, and creates none", async () => {
      expect(await increment({ size: 1 }, { note: "n" })).to.equal(false);
      expect(await get()).to.equal(undefined);
      await insert(newTestRecord(organization, "a"));
      expect(await increment({})).to.equal(true);
      expect(await increment({}, {}, "b")).to.equal(false);
    });

    it("updates the indexes of changed fields", async () => {
      await insert(newTestRecord(organization, "a", { rank: 1 }));
      await increment({ rank: 4 }, { name: "n" });
      const reader = testRecordReader(store(), organization);
      expect(await reader.count({ op: "eq", path: "rank", value: 1 })).to.equal(0);
      expect(await reader.count({ op: "eq", path: "rank", value: 5 })).to.equal(1);
      expect(await reader.count({ op: "eq", path: "name", value: "n" })).to.equal(1);
    });

    it("loses no concurrent increment", async () => {
      await insert(newTestRecord(organization, "a"));
      await Promise.all(
        Array.from({ length: 64 }, (_, at) =>
          store().transaction(
            (change) =>
              change
                .for(organization)
                .open(testRecords)
                .increment("thg_a", { size: 1, version: 1 }, { note: String(at).padStart(2, "0") }),
            { lockKey: "thg_a" },
          ),
        ),
      );
      const after = await get();
      expect([after?.size, after?.version, after?.note]).to.deep.equal([64, 65, "63"]);
    });
  });
}
