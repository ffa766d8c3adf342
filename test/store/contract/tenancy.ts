import { expect } from "chai";
import type { Store } from "../../../src/store/store.ts";
import {
  insertAll,
  newOrganizationId,
  newTestRecord,
  newUniqueKey,
  selectNames,
  testRecordReader,
  testRecords,
  writeTestRecords,
} from "./records.fixture.ts";
import { expectFailure, expectRejection } from "./rejected.fixture.ts";

/** Tests that no data of one organization is accessible through another. */
export function tenancyContract(store: () => Store): void {
  describe("for(organizationId)", () => {
    let a: string;
    let b: string;
    beforeEach(() => {
      a = newOrganizationId();
      b = newOrganizationId();
    });

    it("reads no data of another organization by id, list or count", async () => {
      await insertAll(store(), a, [newTestRecord(a, "1", { name: "x", note: "y", emails: [{ value: "x@y" }] })]);
      const other = testRecordReader(store(), b);
      expect(await other.get("thg_1")).to.equal(undefined);
      expect(await other.list({ limit: 10, total: true })).to.deep.equal({ items: [], total: 0 });
      expect(await other.count()).to.equal(0);
      for (const where of [
        { op: "eq", path: "id", value: "thg_1" },
        { op: "in", path: "id", values: ["thg_1", "thg_2"] },
        { op: "eq", path: "name", value: "x" },
        { op: "eq", path: "note", value: "y" },
        { op: "startsWith", path: "name", value: "x" },
        { op: "ne", path: "name", value: "z" },
        { op: "not", condition: { op: "eq", path: "name", value: "z" } },
        { op: "some", path: "emails", where: { op: "eq", path: "value", value: "x@y" } },
        { op: "and", all: [] },
        {
          op: "or",
          all: [
            { op: "eq", path: "id", value: "thg_1" },
            { op: "eq", path: "name", value: "x" },
          ],
        },
      ] as const) {
        expect(await other.count(where), JSON.stringify(where)).to.equal(0);
        expect(await selectNames(store(), b, where), JSON.stringify(where)).to.deep.equal([]);
      }
    });

    it("keeps equal ids and keys of two organizations separate", async () => {
      await insertAll(store(), a, [newTestRecord(a, "1", { code: "c", note: "of a" })]);
      await insertAll(store(), b, [newTestRecord(b, "1", { code: "c", note: "of b" })]);
      expect((await testRecordReader(store(), a).get("thg_1"))?.note).to.equal("of a");
      expect((await testRecordReader(store(), b).get("thg_1"))?.note).to.equal("of b");
    });

    it("enforces a globally unique key across organizations", async () => {
      const secret = newUniqueKey();
      const serial = newUniqueKey();
      await insertAll(store(), a, [newTestRecord(a, "1", { secret, devices: [{ serial }] })]);
      const bySecret = await expectRejection(insertAll(store(), b, [newTestRecord(b, "1", { secret })]), "conflict");
      expect(bySecret.details.key).to.equal("secret");
      const bySerial = await expectRejection(
        insertAll(store(), b, [newTestRecord(b, "1", { devices: [{ serial }] })]),
        "conflict",
      );
      expect(bySerial.details.key).to.equal("devices.serial");
      expect(await testRecordReader(store(), b).count()).to.equal(0);
    });

    it("does not replace, remove or increment a record of another organization", async () => {
      const record = newTestRecord(a, "1", { note: "of a", size: 1 });
      await insertAll(store(), a, [record]);
      await expectRejection(
        writeTestRecords(store(), b, (writer) => writer.replace(newTestRecord(b, "1", { note: "of b" }), "any")),
        "stale",
      );
      expect(await writeTestRecords(store(), b, (writer) => writer.remove("thg_1", "any"))).to.equal(false);
      expect(await writeTestRecords(store(), b, (writer) => writer.remove("thg_1", 1))).to.equal(false);
      expect(await writeTestRecords(store(), b, (writer) => writer.increment("thg_1", { size: 1 }))).to.equal(false);
      expect(await testRecordReader(store(), a).get("thg_1")).to.deep.equal(record);
      expect(await testRecordReader(store(), b).count()).to.equal(0);
    });

    it("rejects a record of another organization than the one it is written to", async () => {
      await expectFailure(() => writeTestRecords(store(), b, (writer) => writer.insert(newTestRecord(a, "1"))));
      await insertAll(store(), b, [newTestRecord(b, "1")]);
      await expectFailure(() => writeTestRecords(store(), b, (writer) => writer.replace(newTestRecord(a, "1"), "any")));
      expect(await testRecordReader(store(), a).count()).to.equal(0);
      expect((await testRecordReader(store(), b).get("thg_1"))?.organizationId).to.equal(b);
    });

    it("keeps memberships separate", async () => {
      await store().transaction(async (change) => {
        await change.for(a).memberships.add("grp_1", ["usr_1", "grp_2"]);
        await change.for(a).memberships.add("grp_0", ["grp_1"]);
      });
      const other = store().for(b).memberships;
      expect(await other.members("grp_1", { limit: 10 })).to.deep.equal([]);
      expect(await other.filterMembers("grp_1", ["usr_1", "grp_2"])).to.deep.equal([]);
      expect(await other.groupsOf("usr_1", { limit: 10 })).to.deep.equal([]);
      expect(await other.transitiveGroupsOf("usr_1")).to.deep.equal([]);
      const removed = await store().transaction((change) => change.for(b).memberships.remove("grp_1", ["usr_1"]));
      expect(removed).to.deep.equal([]);
      expect(await store().for(a).memberships.filterMembers("grp_1", ["usr_1"])).to.deep.equal(["usr_1"]);
      expect(await store().for(a).memberships.transitiveGroupsOf("usr_1")).to.deep.equal(["grp_0", "grp_1"]);
    });

    it("treats an organization id as a plain string", async () => {
      await insertAll(store(), a, [newTestRecord(a, "1", { name: "x" })]);
      for (const id of ["", "%", `${a}' OR '1'='1`, `"${a}"`, "$ne", ".*", a.toUpperCase(), `${a} `]) {
        expect(await testRecordReader(store(), id).count(), id).to.equal(0);
        expect(await testRecordReader(store(), id).get("thg_1"), id).to.equal(undefined);
        expect(await selectNames(store(), id, { op: "eq", path: "name", value: "x" }), id).to.deep.equal([]);
      }
    });

    it("returns the organization that it is bound to", () => {
      expect(store().for(a).organizationId).to.equal(a);
    });
  });

  describe("lookup", () => {
    it("finds the record with a globally unique key in any organization", async () => {
      const [a, b] = [newOrganizationId(), newOrganizationId()];
      const [secret, serial, other] = [newUniqueKey(), newUniqueKey(), newUniqueKey()];
      const ofA = newTestRecord(a, "1", { secret, devices: [{ serial: other }, { serial }] });
      const ofB = newTestRecord(b, "1", { secret: newUniqueKey() });
      await insertAll(store(), a, [ofA]);
      await insertAll(store(), b, [ofB]);
      expect(await store().lookup(testRecords, "secret", [secret])).to.deep.equal(ofA);
      expect(await store().lookup(testRecords, "secret", [newUniqueKey(), ofB.secret ?? ""])).to.deep.equal(ofB);
      for (const each of [serial, other]) {
        expect(await store().lookup(testRecords, "devices.serial", [each])).to.deep.equal(ofA);
      }
    });

    it("returns undefined for no value, an unknown value and a similar value", async () => {
      const a = newOrganizationId();
      const secret = `${newUniqueKey()}-case`;
      await insertAll(store(), a, [newTestRecord(a, "1", { secret })]);
      for (const values of [
        [],
        [""],
        [secret.toUpperCase()],
        [`${secret} `],
        ["%"],
        [".*"],
        ["\0"],
        [`${secret}\0`],
        ["\ud800"],
      ]) {
        expect(await store().lookup(testRecords, "secret", values), JSON.stringify(values)).to.equal(undefined);
      }
    });

    it("follows changes and the removal of a key", async () => {
      const a = newOrganizationId();
      const [first, second, serial] = [newUniqueKey(), newUniqueKey(), newUniqueKey()];
      await insertAll(store(), a, [newTestRecord(a, "1", { secret: first, devices: [{ serial }] })]);
      await writeTestRecords(store(), a, (writer) => writer.replace(newTestRecord(a, "1", { secret: second }), "any"));
      expect(await store().lookup(testRecords, "secret", [first])).to.equal(undefined);
      expect(await store().lookup(testRecords, "devices.serial", [serial])).to.equal(undefined);
      expect((await store().lookup(testRecords, "secret", [second]))?.id).to.equal("thg_1");
      await writeTestRecords(store(), a, (writer) => writer.remove("thg_1", "any"));
      expect(await store().lookup(testRecords, "secret", [second])).to.equal(undefined);
    });

    it("returns the latest version of a record that was looked up before", async () => {
      const a = newOrganizationId();
      const [secret, later] = [newUniqueKey(), newUniqueKey()];
      const lookUp = (value = secret) => store().lookup(testRecords, "secret", [value]);
      const record = newTestRecord(a, "1", { secret, size: 1 });
      await insertAll(store(), a, [record]);
      expect(await lookUp()).to.deep.equal(record);
      await expectFailure(() =>
        writeTestRecords(store(), a, async (writer) => {
          await writer.increment("thg_1", { size: 1 });
          expect(await lookUp()).to.deep.equal(record);
          throw new Error("not kept");
        }),
      );
      expect(await lookUp()).to.deep.equal(record);
      for (let size = 2; size <= 50; size++) {
        const [before] = await Promise.all([
          lookUp(),
          writeTestRecords(store(), a, (writer) => writer.increment("thg_1", { size: 1 })),
        ]);
        expect(before?.size).to.be.oneOf([size - 1, size]);
        expect((await lookUp())?.size).to.equal(size);
      }
      await writeTestRecords(store(), a, (writer) => writer.replace(newTestRecord(a, "1", { secret: later }), "any"));
      expect(await lookUp()).to.equal(undefined);
      expect((await lookUp(later))?.id).to.equal("thg_1");
      await writeTestRecords(store(), a, (writer) => writer.remove("thg_1", "any"));
      expect(await lookUp(later)).to.equal(undefined);
    });

    it("never returns a record that another caller could modify", async () => {
      const a = newOrganizationId();
      const [secret, serial] = [newUniqueKey(), newUniqueKey()];
      const record = newTestRecord(a, "1", { secret, devices: [{ serial }] });
      await insertAll(store(), a, [record]);
      const foundRecord = await store().lookup(testRecords, "secret", [secret]);
      for (const [object, key] of [
        [foundRecord, "secret"],
        [foundRecord?.devices, "0"],
        [foundRecord?.devices?.[0], "serial"],
      ] as const) {
        Reflect.set(object ?? {}, key, "changed");
      }
      expect(await store().lookup(testRecords, "secret", [secret])).to.deep.equal(record);
    });

    it("rejects a key that is not globally unique", async () => {
      await expectFailure(() => store().lookup(testRecords, "code", ["x"]));
      await expectFailure(() => store().lookup(testRecords, "note", ["x"]));
    });
  });
}
