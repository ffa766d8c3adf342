import { expect } from "chai";
import { isFault, StartError } from "../../../src/errors.ts";
import type { CollectionDefinition, Store } from "../../../src/store/collection.ts";
import type { Migration } from "../../../src/store/migrations.ts";
import type { Open, Opened } from "../opened.ts";
import { failed, refused } from "./refused.ts";
import {
  contractCollections,
  type Folded,
  insertAll,
  newKey,
  reading,
  select,
  type Thing,
  thing,
  things,
  twinned,
  write,
} from "./things.ts";

/** Opening, closing, opening again, and data from before this release. */
export function lifetimeContract(open: Open): void {
  const organization = "org_lifetime";
  let opened: Opened;
  beforeEach(async () => {
    opened = await open({ collections: contractCollections });
  });
  afterEach(() => opened.dispose());

  describe("close", () => {
    it("finishes what is under way, and keeps everything for the next opening", async () => {
      const { store } = opened;
      const secret = newKey();
      const record = thing(organization, "a", { name: "n", secret, emails: [{ value: "a@x" }] });
      await insertAll(store, organization, [record]);
      await store.transaction((change) => change.for(organization).memberships.add("grp_1", ["usr_1"]));
      const underWay = Array.from({ length: 40 }, (_, at) =>
        insertAll(store, organization, [thing(organization, `b${at}`)]),
      );
      await store.close();
      const outcomes = await Promise.allSettled(underWay);
      expect(outcomes.filter(({ status }) => status === "rejected")).to.deep.equal([]);
      const again = await opened.reopen();
      expect(await reading(again, organization).get("thg_a")).to.deep.equal(record);
      expect(await again.lookup(things, "secret", [secret])).to.deep.equal(record);
      expect(
        await select(again, organization, {
          op: "some",
          path: "emails",
          where: { op: "eq", path: "value", value: "a@x" },
        }),
      ).to.deep.equal(["a"]);
      expect(await again.for(organization).memberships.members("grp_1", { limit: 9 })).to.deep.equal(["usr_1"]);
      expect(await reading(again, organization).count()).to.equal(41);
    });

    it("leaves a store that answers unavailable to everything", async () => {
      const { store } = opened;
      await insertAll(store, organization, [thing(organization, "a")]);
      const reader = reading(store, organization);
      await store.close();
      for (const attempt of [
        () => reader.get("thg_a"),
        () => reader.list({ limit: 1 }),
        () => reader.list({ where: { op: "contains", path: "note", value: "x" }, limit: 1 }),
        () => reader.count(),
        () => store.for(organization).memberships.members("grp_1", { limit: 1 }),
        () => store.lookup(things, "secret", ["x"]),
        () => store.transaction(async () => undefined),
        () => insertAll(store, organization, [thing(organization, "b")]),
        () => store.ping(),
      ]) {
        await refused(attempt(), "unavailable");
      }
    });

    it("may be asked for twice", async () => {
      await Promise.all([opened.store.close(), opened.store.close()]);
      await opened.store.close();
    });
  });

  describe("migrations", () => {
    const upper: Migration = {
      number: 1,
      name: "names in capitals",
      collection: things,
      rewrite: (record) =>
        typeof record["name"] === "string" ? { ...record, name: record["name"].toUpperCase() } : undefined,
    };
    const bang: Migration = {
      number: 2,
      name: "an exclamation mark",
      collection: things,
      rewrite: (record) => (typeof record["name"] === "string" ? { ...record, name: `${record["name"]}A` } : undefined),
    };
    const name = async (store: Store): Promise<unknown> => (await reading(store, organization).get("thg_a"))?.name;

    it("run once each, in order, over every organisation's records", async () => {
      await insertAll(opened.store, organization, [
        thing(organization, "a", { name: "a", note: "kept" }),
        thing(organization, "b"),
      ]);
      await insertAll(opened.store, "org_other", [thing("org_other", "a", { name: "b" })]);
      let store = await opened.reopen({ migrations: [upper] });
      expect(await name(store)).to.equal("A");
      expect(await reading(store, organization).get("thg_b")).to.deep.equal(thing(organization, "b"));
      expect((await reading(store, "org_other").get("thg_a"))?.name).to.equal("B");
      await write(store, organization, (writer) =>
        writer.replace(thing(organization, "a", { name: "a", note: "kept" }), "any"),
      );
      store = await opened.reopen({ migrations: [upper, bang] });
      expect(await name(store)).to.equal("aA");
      store = await opened.reopen({ migrations: [upper, bang] });
      expect(await name(store)).to.equal("aA");
      expect(await select(store, organization, { op: "eq", path: "name", value: "aA" })).to.deep.equal(["a"]);
      expect(await reading(store, organization).get("thg_a")).to.deep.equal(
        thing(organization, "a", { name: "aA", note: "kept" }),
      );
    });

    it("see a record with its twin, and rewrite both", async () => {
      const retitle: Migration = {
        number: 1,
        name: "titles in the twin",
        collection: twinned,
        rewrite: (record) => ({ ...record, note: "seen", folded: { ...(record["folded"] as Folded), title: "new" } }),
      };
      await opened.store.transaction(async (change) => {
        const writer = change.for(organization).open(twinned);
        await writer.insert({ ...thing(organization, "a"), folded: { title: "old", code: "kept" } });
      });
      const store = await opened.reopen({ migrations: [retitle] });
      const reader = store.for(organization).open(twinned);
      const seen = thing(organization, "a", { note: "seen" });
      for (const [path, value] of [
        ["folded.title", "new"],
        ["folded.code", "kept"],
      ] as const) {
        expect((await reader.list({ where: { op: "eq", path, value }, limit: 9 })).items).to.deep.equal([seen]);
      }
      expect(await reader.count({ op: "eq", path: "folded.title", value: "old" })).to.equal(0);
    });

    it("run over more records than are read at once", async () => {
      await insertAll(
        opened.store,
        organization,
        Array.from({ length: 1234 }, (_, at) => thing(organization, String(at), { name: "x" })),
      );
      const store = await opened.reopen({ migrations: [upper] });
      expect(await reading(store, organization).count({ op: "eq", path: "name", value: "X" })).to.equal(1234);
    });

    it("refuse data that a newer release has written", async () => {
      await opened.reopen({ migrations: [upper, bang] });
      await opened.store.close();
      const error = await failed(() => opened.reopen({ migrations: [upper] }));
      expect(error).to.be.instanceOf(StartError);
      expect(isFault(error)).to.equal(false);
      expect(String(error)).to.match(/newer/);
      await opened.reopen({ migrations: [upper, bang] });
    });
  });

  describe("declared indexes", () => {
    const bare: CollectionDefinition<Thing> = { name: "things", indexes: [] };

    it("are built over the records that are there already", async () => {
      const secret = newKey();
      const serial = newKey();
      await opened.reopen({ collections: [bare] });
      await insertAll(opened.store, organization, [
        thing(organization, "a", { name: "n", code: "c", secret, emails: [{ value: "a@x" }], devices: [{ serial }] }),
      ]);
      const store = await opened.reopen({ collections: contractCollections });
      const where = { op: "eq", path: "value", value: "a@x" } as const;
      expect(await select(store, organization, { op: "some", path: "emails", where })).to.deep.equal(["a"]);
      expect(await select(store, organization, { op: "eq", path: "name", value: "n" })).to.deep.equal(["a"]);
      expect((await store.lookup(things, "secret", [secret]))?.id).to.equal("thg_a");
      expect((await store.lookup(things, "devices.serial", [serial]))?.id).to.equal("thg_a");
      await refused(insertAll(store, organization, [thing(organization, "b", { code: "c" })]), "conflict");
      await refused(insertAll(store, organization, [thing(organization, "b", { devices: [{ serial }] })]), "conflict");
    });

    it("hold no longer once they are declared no longer", async () => {
      const serial = newKey();
      await insertAll(opened.store, organization, [thing(organization, "a", { code: "c", devices: [{ serial }] })]);
      const store = await opened.reopen({ collections: [bare] });
      await insertAll(store, organization, [thing(organization, "b", { code: "c", devices: [{ serial }] })]);
      expect(await select(store, organization, { op: "eq", path: "code", value: "c" })).to.deep.equal(["a", "b"]);
    });

    it("become unique, or cease to be, with their declaration", async () => {
      const plain: CollectionDefinition<Thing> = {
        name: "things",
        indexes: [{ path: "code" }, { path: "name", unique: "organization" }, { path: "devices", element: "serial" }],
      };
      const serial = newKey();
      let store = await opened.reopen({ collections: [plain] });
      await insertAll(store, organization, [thing(organization, "a", { code: "1", name: "n", devices: [{ serial }] })]);
      await refused(insertAll(store, organization, [thing(organization, "b", { name: "n" })]), "conflict");
      store = await opened.reopen({ collections: contractCollections });
      await insertAll(store, organization, [thing(organization, "b", { code: "2", name: "n" })]);
      await refused(insertAll(store, organization, [thing(organization, "c", { code: "1" })]), "conflict");
      await refused(insertAll(store, organization, [thing(organization, "c", { devices: [{ serial }] })]), "conflict");
    });

    it("that the records break are refused at the opening", async () => {
      let store = await opened.reopen({ collections: [bare] });
      await insertAll(store, organization, [
        thing(organization, "a", { code: "c" }),
        thing(organization, "b", { code: "c" }),
      ]);
      await store.close();
      const error = await failed(() => opened.reopen({ collections: contractCollections }));
      expect(error).to.be.instanceOf(StartError);
      expect(String(error)).to.contain("code");
      store = await opened.reopen({ collections: [bare] });
      expect(await reading(store, organization).count()).to.equal(2);
    });
  });
}
