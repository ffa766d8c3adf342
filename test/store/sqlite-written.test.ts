import { rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import type { Change, Store } from "../../src/store/collection.ts";
import { contractCollections, newOrganization, thing, things } from "./contract/things.ts";
import { openSqlite, type SqliteOpened } from "./sqlite-opened.ts";

describe("What the embedded store tells of its writes", () => {
  let opened: SqliteOpened;
  let store: Store;
  let organization: string;
  before(async () => {
    opened = await openSqlite({ collections: contractCollections });
    store = opened.store;
    store.onWritten?.((organizationId, ids) => told.push([organizationId, [...ids].sort()]));
  });
  after(() => opened.dispose());
  let told: [string | undefined, string[]][] = [];
  beforeEach(() => {
    organization = newOrganization();
    told = [];
  });
  const write = (body: (tenant: ReturnType<Change["for"]>) => Promise<unknown>): Promise<unknown> =>
    store.transaction((change) => body(change.for(organization)));

  it("is the id of each record that comes, changes, counts or goes, once the change can be read and not before", async () => {
    const writes: readonly ((tenant: ReturnType<Change["for"]>) => Promise<unknown>)[] = [
      (tenant) => tenant.open(things).insert(thing(organization, "a")),
      (tenant) => tenant.open(things).replace(thing(organization, "a", { note: "x" }), "any"),
      (tenant) => tenant.open(things).increment("thg_a", { size: 1 }),
      (tenant) => tenant.open(things).remove("thg_a", "any"),
    ];
    for (const body of writes) {
      told = [];
      await write(async (tenant) => {
        await body(tenant);
        expect(told).to.deep.equal([]);
      });
      expect(told).to.deep.equal([[organization, ["thg_a"]]]);
    }
  });

  it("is the id of each member that came into a group or left it, and of no other", async () => {
    await write(({ memberships }) => memberships.add("grp_1", ["usr_1", "grp_2"]));
    await write(({ memberships }) => memberships.add("grp_1", ["usr_1", "usr_3"]));
    await write(({ memberships }) => memberships.remove("grp_1", ["grp_2", "usr_9"]));
    expect(told).to.deep.equal([
      [organization, ["grp_2", "usr_1"]],
      [organization, ["usr_3"]],
      [organization, ["grp_2"]],
    ]);
  });

  it("is of each organisation its own", async () => {
    const other = newOrganization();
    await store.transaction(async (change) => {
      await change.for(organization).open(things).insert(thing(organization, "a"));
      await change.for(other).open(things).insert(thing(other, "b"));
    });
    expect(told).to.have.deep.members([
      [organization, ["thg_a"]],
      [other, ["thg_b"]],
    ]);
  });

  it("is that anything may have changed, when the file was away and is back", async () => {
    const file = join(opened.dataDir, "gatehouse.db");
    await rename(file, `${file}.away`);
    const answers = (): Promise<boolean> =>
      store.ping().then(
        () => true,
        () => false,
      );
    while (await answers()) await new Promise((resolve) => setTimeout(resolve, 10));
    told = [];
    await rename(`${file}.away`, file);
    while (!(await answers())) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(told).to.deep.equal([[undefined, []]]);
  });
});

describe("The embedded store's log", () => {
  it("is empty once the store is closed, also when something was read last", async () => {
    const { store, dataDir, dispose } = await openSqlite({ collections: contractCollections });
    const organization = newOrganization();
    await store.transaction((change) => change.for(organization).open(things).insert(thing(organization, "a")));
    expect(await store.for(organization).open(things).count()).to.equal(1);
    await store.close();
    const log = await stat(join(dataDir, "gatehouse.db-wal")).catch(() => ({ size: 0 })); // gone is empty, too
    expect(log.size).to.equal(0);
    await dispose();
  });

  it("begins anew while changes and questions go on at once, and is no longer than a few commits", async () => {
    const { store, dataDir, dispose } = await openSqlite({ collections: contractCollections });
    try {
      const organization = newOrganization();
      const file = join(dataDir, "gatehouse.db");
      const note = "x".repeat(8000);
      for (let at = 0; at < 500; at++) {
        await store.transaction(async (change) => {
          await change
            .for(organization)
            .open(things)
            .insert(thing(organization, `n${at}`, { note }));
          expect(await store.for(organization).open(things).get(`thg_n${at}`)).to.equal(undefined);
        });
        expect(await store.for(organization).open(things).get(`thg_n${at}`)).to.have.property("note", note);
      }
      const written = (await stat(file)).size;
      expect(written).to.be.greaterThan(4_000_000);
      expect((await stat(`${file}-wal`)).size).to.be.lessThan(written / 2);
    } finally {
      await dispose();
    }
  });
});
