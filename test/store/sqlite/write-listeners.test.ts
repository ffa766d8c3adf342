import { rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { membershipsName, type WrittenRecords } from "../../../src/store/cache/written-records.ts";
import type { Store, Transaction } from "../../../src/store/store.ts";
import { contractCollections, newOrganizationId, newTestRecord, testRecords } from "../contract/records.fixture.ts";
import { openSqliteTestStore, type SqliteTestStore } from "./sqlite.fixture.ts";

describe("onWrite of the embedded store", () => {
  let opened: SqliteTestStore;
  let store: Store;
  let organization: string;
  before(async () => {
    opened = await openSqliteTestStore({ collections: contractCollections, hasCache: true });
    store = opened.store;
    opened.engine.onWrite((written) => notifications.push(written && toTuples(written)));
  });
  after(() => opened.dispose());
  let notifications: (WriteTuple[] | undefined)[] = [];
  beforeEach(() => {
    organization = newOrganizationId();
    notifications = [];
  });
  const write = (body: (tenant: ReturnType<Transaction["for"]>) => Promise<unknown>): Promise<unknown> =>
    store.transaction((change) => body(change.for(organization)));

  it("reports the id of each inserted, replaced, incremented or removed record after the commit and not before", async () => {
    const writes: readonly ((tenant: ReturnType<Transaction["for"]>) => Promise<unknown>)[] = [
      (tenant) => tenant.open(testRecords).insert(newTestRecord(organization, "a")),
      (tenant) => tenant.open(testRecords).replace(newTestRecord(organization, "a", { note: "x" }), "any"),
      (tenant) => tenant.open(testRecords).increment("thg_a", { size: 1 }),
      (tenant) => tenant.open(testRecords).remove("thg_a", "any"),
    ];
    for (const body of writes) {
      notifications = [];
      await write(async (tenant) => {
        await body(tenant);
        expect(notifications).to.deep.equal([]);
      });
      expect(notifications).to.deep.equal([[[organization, testRecords.name, ["thg_a"]]]]);
    }
  });

  it("reports the id of each added or removed member, and no other", async () => {
    await write(({ memberships }) => memberships.add("grp_1", ["usr_1", "grp_2"]));
    await write(({ memberships }) => memberships.add("grp_1", ["usr_1", "usr_3"]));
    await write(({ memberships }) => memberships.remove("grp_1", ["grp_2", "usr_9"]));
    expect(notifications).to.deep.equal([
      [[organization, membershipsName, ["grp_2", "usr_1"]]],
      [[organization, membershipsName, ["usr_3"]]],
      [[organization, membershipsName, ["grp_2"]]],
    ]);
  });

  it("reports each organization separately", async () => {
    const other = newOrganizationId();
    await store.transaction(async (change) => {
      await change.for(organization).open(testRecords).insert(newTestRecord(organization, "a"));
      await change.for(other).open(testRecords).insert(newTestRecord(other, "b"));
    });
    expect(notifications).to.have.length(1);
    expect(notifications[0]).to.have.deep.members([
      [organization, testRecords.name, ["thg_a"]],
      [other, testRecords.name, ["thg_b"]],
    ]);
  });

  it("reports that any record may have changed when the file was missing and is back", async () => {
    const file = join(opened.dataDir, "gatehouse.db");
    await rename(file, `${file}.away`);
    const isAvailable = (): Promise<boolean> =>
      store.ping().then(
        () => true,
        () => false,
      );
    while (await isAvailable()) await new Promise((resolve) => setTimeout(resolve, 10));
    notifications = [];
    await rename(`${file}.away`, file);
    while (!(await isAvailable())) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(notifications).to.deep.equal([undefined]);
  });

  describe("group commit", () => {
    const insertAtOnce = (names: string, holdMs: number): Promise<unknown> =>
      Promise.all(
        [...names].map((name) =>
          write(async (tenant) => {
            await tenant.open(testRecords).insert(newTestRecord(organization, name));
            for (const until = performance.now() + holdMs; performance.now() < until; ) {
              // Computes, as the validation of a large resource does.
            }
          }),
        ),
      );

    it("commits transactions that arrive together at once", async () => {
      await insertAtOnce("abcdef", 0);
      expect(notifications.length).to.be.below(6);
      expect(notifications.flatMap((tuples) => tuples?.flatMap(([, , ids]) => ids))).to.have.length(6);
    });

    it("ends a group after a transaction that takes long, so that the event loop is not held for the sum", async () => {
      await insertAtOnce("abcdef", 15);
      expect(notifications.map((tuples) => tuples?.flatMap(([, , ids]) => ids))).to.deep.equal(
        ["a", "b", "c", "d", "e", "f"].map((name) => [`thg_${name}`]),
      );
    });
  });
});

/** The organization, the collection and the ids of written records. */
type WriteTuple = [string, string, string[]];

const toTuples = (written: WrittenRecords): WriteTuple[] =>
  [...written].map(([organizationId, collection, { ids }]) => [organizationId, collection, [...ids].sort()]);

describe("WAL of the embedded store", () => {
  it("is empty after the store is closed, even after a last read", async () => {
    const { store, dataDir, dispose } = await openSqliteTestStore({ collections: contractCollections, hasCache: true });
    const organization = newOrganizationId();
    await store.transaction((change) =>
      change.for(organization).open(testRecords).insert(newTestRecord(organization, "a")),
    );
    expect(await store.for(organization).open(testRecords).count()).to.equal(1);
    await store.close();
    const log = await stat(join(dataDir, "gatehouse.db-wal")).catch(() => ({ size: 0 })); // a missing file counts as empty
    expect(log.size).to.equal(0);
    await dispose();
  });

  it("is reset during concurrent writes and reads, and stays no longer than a few commits", async () => {
    const { store, dataDir, dispose } = await openSqliteTestStore({ collections: contractCollections, hasCache: true });
    try {
      const organization = newOrganizationId();
      const file = join(dataDir, "gatehouse.db");
      const note = "x".repeat(8000);
      for (let at = 0; at < 500; at++) {
        await store.transaction(async (change) => {
          await change
            .for(organization)
            .open(testRecords)
            .insert(newTestRecord(organization, `n${at}`, { note }));
          expect(await store.for(organization).open(testRecords).get(`thg_n${at}`)).to.equal(undefined);
        });
        expect(await store.for(organization).open(testRecords).get(`thg_n${at}`)).to.have.property("note", note);
      }
      const written = (await stat(file)).size;
      expect(written).to.be.greaterThan(4_000_000);
      expect((await stat(`${file}-wal`)).size).to.be.lessThan(written / 2);
    } finally {
      await dispose();
    }
  });
});
