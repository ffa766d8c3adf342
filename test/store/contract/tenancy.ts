import { expect } from "chai";
import type { Store } from "../../../src/store/collection.ts";
import { failed, refused } from "./refused.ts";
import { insertAll, newKey, newOrganization, reading, select, thing, things, write } from "./things.ts";

/** Nothing of one organisation is reached through another. */
export function tenancyContract(store: () => Store): void {
  describe("for(organizationId)", () => {
    let a: string;
    let b: string;
    beforeEach(() => {
      a = newOrganization();
      b = newOrganization();
    });

    it("reads nothing of another organisation by id, list or count", async () => {
      await insertAll(store(), a, [thing(a, "1", { name: "x", note: "y", emails: [{ value: "x@y" }] })]);
      const other = reading(store(), b);
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
        expect(await select(store(), b, where), JSON.stringify(where)).to.deep.equal([]);
      }
    });

    it("keeps the same id and the same key of an organisation apart from another's", async () => {
      await insertAll(store(), a, [thing(a, "1", { code: "c", note: "of a" })]);
      await insertAll(store(), b, [thing(b, "1", { code: "c", note: "of b" })]);
      expect((await reading(store(), a).get("thg_1"))?.note).to.equal("of a");
      expect((await reading(store(), b).get("thg_1"))?.note).to.equal("of b");
    });

    it("holds a key that is unique everywhere against every organisation", async () => {
      const secret = newKey();
      const serial = newKey();
      await insertAll(store(), a, [thing(a, "1", { secret, devices: [{ serial }] })]);
      const bySecret = await refused(insertAll(store(), b, [thing(b, "1", { secret })]), "conflict");
      expect(bySecret.details.key).to.equal("secret");
      const bySerial = await refused(insertAll(store(), b, [thing(b, "1", { devices: [{ serial }] })]), "conflict");
      expect(bySerial.details.key).to.equal("devices.serial");
      expect(await reading(store(), b).count()).to.equal(0);
    });

    it("does not replace, remove or increment another organisation's record", async () => {
      const record = thing(a, "1", { note: "of a", size: 1 });
      await insertAll(store(), a, [record]);
      await refused(
        write(store(), b, (writer) => writer.replace(thing(b, "1", { note: "of b" }), "any")),
        "stale",
      );
      expect(await write(store(), b, (writer) => writer.remove("thg_1", "any"))).to.equal(false);
      expect(await write(store(), b, (writer) => writer.remove("thg_1", 1))).to.equal(false);
      expect(await write(store(), b, (writer) => writer.increment("thg_1", { size: 1 }))).to.equal(false);
      expect(await reading(store(), a).get("thg_1")).to.deep.equal(record);
      expect(await reading(store(), b).count()).to.equal(0);
    });

    it("refuses a record that names another organisation than the one it is written to", async () => {
      await failed(() => write(store(), b, (writer) => writer.insert(thing(a, "1"))));
      await insertAll(store(), b, [thing(b, "1")]);
      await failed(() => write(store(), b, (writer) => writer.replace(thing(a, "1"), "any")));
      expect(await reading(store(), a).count()).to.equal(0);
      expect((await reading(store(), b).get("thg_1"))?.organizationId).to.equal(b);
    });

    it("keeps memberships apart", async () => {
      await store().transaction(async (change) => {
        await change.for(a).memberships.add("grp_1", ["usr_1", "grp_2"]);
        await change.for(a).memberships.add("grp_0", ["grp_1"]);
      });
      const other = store().for(b).memberships;
      expect(await other.members("grp_1", { limit: 10 })).to.deep.equal([]);
      expect(await other.membersAmong("grp_1", ["usr_1", "grp_2"])).to.deep.equal([]);
      expect(await other.groupsOf("usr_1", { limit: 10 })).to.deep.equal([]);
      expect(await other.allGroupsOf("usr_1")).to.deep.equal([]);
      const removed = await store().transaction((change) => change.for(b).memberships.remove("grp_1", ["usr_1"]));
      expect(removed).to.deep.equal([]);
      expect(await store().for(a).memberships.membersAmong("grp_1", ["usr_1"])).to.deep.equal(["usr_1"]);
      expect(await store().for(a).memberships.allGroupsOf("usr_1")).to.deep.equal(["grp_0", "grp_1"]);
    });

    it("takes an organisation's id as nothing but text", async () => {
      await insertAll(store(), a, [thing(a, "1", { name: "x" })]);
      for (const id of ["", "%", `${a}' OR '1'='1`, `"${a}"`, "$ne", ".*", a.toUpperCase(), `${a} `]) {
        expect(await reading(store(), id).count(), id).to.equal(0);
        expect(await reading(store(), id).get("thg_1"), id).to.equal(undefined);
        expect(await select(store(), id, { op: "eq", path: "name", value: "x" }), id).to.deep.equal([]);
      }
    });

    it("says which organisation it is bound to", () => {
      expect(store().for(a).organizationId).to.equal(a);
    });
  });

  describe("lookup", () => {
    it("finds the holder of a key that is unique everywhere, in whichever organisation", async () => {
      const [a, b] = [newOrganization(), newOrganization()];
      const [secret, serial, other] = [newKey(), newKey(), newKey()];
      const ofA = thing(a, "1", { secret, devices: [{ serial: other }, { serial }] });
      const ofB = thing(b, "1", { secret: newKey() });
      await insertAll(store(), a, [ofA]);
      await insertAll(store(), b, [ofB]);
      expect(await store().lookup(things, "secret", [secret])).to.deep.equal(ofA);
      expect(await store().lookup(things, "secret", [newKey(), ofB.secret ?? ""])).to.deep.equal(ofB);
      for (const each of [serial, other]) {
        expect(await store().lookup(things, "devices.serial", [each])).to.deep.equal(ofA);
      }
    });

    it("finds nothing for no value, an unknown one, or one that only looks alike", async () => {
      const a = newOrganization();
      const secret = `${newKey()}-case`;
      await insertAll(store(), a, [thing(a, "1", { secret })]);
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
        expect(await store().lookup(things, "secret", values), JSON.stringify(values)).to.equal(undefined);
      }
    });

    it("forgets a key with its record, and follows it when it changes", async () => {
      const a = newOrganization();
      const [first, second, serial] = [newKey(), newKey(), newKey()];
      await insertAll(store(), a, [thing(a, "1", { secret: first, devices: [{ serial }] })]);
      await write(store(), a, (writer) => writer.replace(thing(a, "1", { secret: second }), "any"));
      expect(await store().lookup(things, "secret", [first])).to.equal(undefined);
      expect(await store().lookup(things, "devices.serial", [serial])).to.equal(undefined);
      expect((await store().lookup(things, "secret", [second]))?.id).to.equal("thg_1");
      await write(store(), a, (writer) => writer.remove("thg_1", "any"));
      expect(await store().lookup(things, "secret", [second])).to.equal(undefined);
    });

    it("finds a record as the last change left it, however often it was looked up before", async () => {
      const a = newOrganization();
      const [secret, later] = [newKey(), newKey()];
      const found = (value = secret) => store().lookup(things, "secret", [value]);
      const record = thing(a, "1", { secret, size: 1 });
      await insertAll(store(), a, [record]);
      expect(await found()).to.deep.equal(record);
      await failed(() =>
        write(store(), a, async (writer) => {
          await writer.increment("thg_1", { size: 1 });
          expect(await found()).to.deep.equal(record);
          throw new Error("not kept");
        }),
      );
      expect(await found()).to.deep.equal(record);
      for (let size = 2; size <= 50; size++) {
        const [before] = await Promise.all([
          found(),
          write(store(), a, (writer) => writer.increment("thg_1", { size: 1 })),
        ]);
        expect(before?.size).to.be.oneOf([size - 1, size]);
        expect((await found())?.size).to.equal(size);
      }
      await write(store(), a, (writer) => writer.replace(thing(a, "1", { secret: later }), "any"));
      expect(await found()).to.equal(undefined);
      expect((await found(later))?.id).to.equal("thg_1");
      await write(store(), a, (writer) => writer.remove("thg_1", "any"));
      expect(await found(later)).to.equal(undefined);
    });

    it("gives nobody a record that another could have changed in hand", async () => {
      const a = newOrganization();
      const [secret, serial] = [newKey(), newKey()];
      const record = thing(a, "1", { secret, devices: [{ serial }] });
      await insertAll(store(), a, [record]);
      const found = await store().lookup(things, "secret", [secret]);
      for (const [object, key] of [
        [found, "secret"],
        [found?.devices, "0"],
        [found?.devices?.[0], "serial"],
      ] as const) {
        Reflect.set(object ?? {}, key, "changed");
      }
      expect(await store().lookup(things, "secret", [secret])).to.deep.equal(record);
    });

    it("refuses a key that is not unique everywhere", async () => {
      await failed(() => store().lookup(things, "code", ["x"]));
      await failed(() => store().lookup(things, "note", ["x"]));
    });
  });
}
