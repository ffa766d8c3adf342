import { setImmediate as yieldToEventLoop } from "node:timers/promises";
import { expect } from "chai";
import { createApp } from "../../../src/app.ts";
import { readConfig } from "../../../src/config.ts";
import type { Caller } from "../../../src/domain/caller.ts";
import { CascadeDeletes, enqueueCascadeDelete, settledAfterMs } from "../../../src/domain/cleanup/cascade-deletes.ts";
import { Groups } from "../../../src/domain/directory/groups.ts";
import { Users } from "../../../src/domain/directory/users.ts";
import { newEntity } from "../../../src/domain/entity.ts";
import { createLog } from "../../../src/log.ts";
import {
  groups as groupRecords,
  cascadeDeletes as pendingRecords,
  serviceTenant,
} from "../../../src/store/collections.ts";
import { normalize } from "../../../src/store/normalize.ts";
import { type DomainTestContext, openDomain } from "../domain.fixture.ts";

describe("Cascade deletes", () => {
  let domain: DomainTestContext;
  let cascadeDeletes: CascadeDeletes;
  let users: Users;
  let groups: Groups;
  let caller: Caller;
  beforeEach(async () => {
    domain = await openDomain();
    cascadeDeletes = new CascadeDeletes(domain.store);
    users = new Users(domain.store, cascadeDeletes);
    groups = new Groups(domain.store, cascadeDeletes);
    caller = { actor: { type: "operator" }, organizationId: domain.organizationId, scopes: new Set() };
  });
  afterEach(() => domain.dispose());

  const memberships = () => domain.store.for(domain.organizationId).memberships;
  const countPending = () => domain.store.for(serviceTenant).open(pendingRecords).count();
  const createUser = async (userName: string) => (await users.create(caller, { userName })).id;

  /** A time at which removals of now have settled. */
  const afterSettling = (): Date => new Date(Date.now() + settledAfterMs + 1);

  /** Simulates a crash after the removal: the cascade delete is enqueued, and nothing was swept. */
  const enqueueOnly = (subjectId: string) =>
    domain.store.transaction((transaction) => enqueueCascadeDelete(transaction, caller, subjectId));

  /** Inserts groups that contain a member, directly into the store. */
  const insertParentGroups = async (memberId: string, count: number): Promise<readonly string[]> => {
    const ids: string[] = [];
    for (let from = 0; from < count; from += 250) {
      await domain.store.transaction(async (transaction) => {
        const tenant = transaction.for(domain.organizationId);
        for (let at = from; at < Math.min(count, from + 250); at++) {
          const displayName = `Group ${at}`;
          const group = { ...newEntity("grp", domain.organizationId), displayName };
          await tenant.open(groupRecords).insert({ ...group, normalized: { displayName: normalize(displayName) } });
          await tenant.memberships.add(group.id, [memberId]);
          ids.push(group.id);
        }
      });
    }
    return ids;
  };

  it("remove a user from every group, and give the groups a new version", async () => {
    const [ada, bob] = [await createUser("ada"), await createUser("bob")];
    const both = await groups.create(caller, { displayName: "Both" }, [ada, bob]);
    const other = await groups.create(caller, { displayName: "Other" }, [bob]);
    await users.remove(caller, ada, undefined);
    expect(await memberships().members(both.id, { limit: 10 })).to.deep.equal([bob]);
    const after = await groups.get(domain.organizationId, both.id);
    expect(after?.version).to.equal(2);
    expect(after && after.updatedAt >= both.updatedAt).to.equal(true);
    expect(await groups.get(domain.organizationId, other.id)).to.deep.equal(other);
  });

  it("continue later with a group that is too large for one sweep, until all members are removed", async () => {
    const timeLimited = new CascadeDeletes(domain.store, 0);
    const huge = await groups.create(caller, { displayName: "Huge" }, []);
    const members = Array.from({ length: 1700 }, (_, at) => `usr_${String(at).padStart(4, "0")}`);
    await domain.store.transaction((transaction) =>
      transaction.for(domain.organizationId).memberships.add(huge.id, members),
    );
    await new Groups(domain.store, timeLimited).remove(caller, huge.id, undefined);
    const countRemaining = async () => (await memberships().members(huge.id, { limit: 2000 })).length;
    const counts = [await countRemaining()];
    while (counts.at(-1) !== 0) {
      await timeLimited.flush();
      counts.push(await countRemaining());
    }
    expect(counts).to.deep.equal([1200, 700, 200, 0]);
    await timeLimited.flush(afterSettling());
    expect(await countPending()).to.equal(0);
  });

  it("remove the members of a group, and the group from its parent groups", async () => {
    const ada = await createUser("ada");
    const inner = await groups.create(caller, { displayName: "Inner" }, [ada]);
    const outer = await groups.create(caller, { displayName: "Outer" }, [inner.id, ada]);
    await groups.remove(caller, inner.id, undefined);
    expect(await memberships().members(inner.id, { limit: 10 })).to.deep.equal([]);
    expect(await memberships().transitiveGroupsOf(ada)).to.deep.equal([outer.id]);
    expect((await groups.get(domain.organizationId, outer.id))?.version).to.equal(2);
  });

  it("sweep more groups than fit into one transaction, and change each once", async () => {
    const ada = await createUser("ada");
    const ids = await insertParentGroups(ada, 1203);
    await users.remove(caller, ada, undefined);
    // A sweep is limited in time, and on a busy machine the next one continues.
    while ((await memberships().groupsOf(ada, { limit: 1 })).length > 0) await cascadeDeletes.flush();
    const open = domain.store.for(domain.organizationId).open(groupRecords);
    expect(await open.count({ op: "eq", path: "version", value: 2 })).to.equal(ids.length);
  });

  for (const count of [500, 501]) {
    it(`sweep a group of ${count} members`, async () => {
      const group = await groups.create(caller, { displayName: "Large" }, []);
      const members = Array.from({ length: count }, () => newEntity("usr", domain.organizationId).id);
      await domain.store.transaction((transaction) =>
        transaction.for(domain.organizationId).memberships.add(group.id, members),
      );
      await groups.remove(caller, group.id, undefined);
      expect(await memberships().members(group.id, { limit: 1 })).to.deep.equal([]);
    });
  }

  it("keep the edges of other organizations whose subject has the same id", async () => {
    const ada = await createUser("ada");
    const group = await groups.create(caller, { displayName: "G" }, [ada]);
    await domain.store.transaction((transaction) =>
      enqueueCascadeDelete(transaction, { ...caller, organizationId: domain.otherId }, ada),
    );
    await cascadeDeletes.flush();
    expect(await memberships().members(group.id, { limit: 10 })).to.deep.equal([ada]);
  });

  describe("flush", () => {
    it("finishes every interrupted sweep, and can be repeated", async () => {
      const subjects = [];
      for (const userName of ["ada", "bob", "eve"]) subjects.push(await createUser(userName));
      const group = await groups.create(caller, { displayName: "G" }, subjects);
      for (const id of subjects.slice(0, 2)) await enqueueOnly(id);
      expect(await countPending()).to.equal(2);
      await cascadeDeletes.flush();
      await cascadeDeletes.flush();
      expect(await memberships().members(group.id, { limit: 10 })).to.deep.equal(subjects.slice(2));
      expect((await groups.get(domain.organizationId, group.id))?.version).to.equal(3);
    });

    it("finishes a sweep interrupted between two transactions, without changing a group twice", async () => {
      const ada = await createUser("ada");
      const [first = "", second = ""] = await insertParentGroups(ada, 2);
      await enqueueOnly(ada);
      await domain.store.transaction(async (transaction) => {
        const tenant = transaction.for(domain.organizationId);
        await tenant.memberships.remove(first, [ada]);
        await tenant.open(groupRecords).increment(first, { version: 1 });
      });
      await cascadeDeletes.flush();
      for (const id of [first, second]) expect((await groups.get(domain.organizationId, id))?.version).to.equal(2);
    });

    it("keeps a cascade delete until the removal has settled", async () => {
      const ada = await createUser("ada");
      await users.remove(caller, ada, undefined);
      await cascadeDeletes.flush();
      await cascadeDeletes.flush(new Date(Date.now() + settledAfterMs - 60_000));
      expect(await countPending()).to.equal(1);
      await cascadeDeletes.flush(afterSettling());
      expect(await countPending()).to.equal(0);
    });

    it("dequeues more cascade deletes than fit into one batch", async () => {
      await domain.store.transaction(async (transaction) => {
        for (let at = 0; at < 1203; at++) await enqueueCascadeDelete(transaction, caller, `usr_${at}`);
      });
      await cascadeDeletes.flush(afterSettling());
      expect(await countPending()).to.equal(0);
    });

    it("runs at startup of the service", async () => {
      const ada = await createUser("ada");
      const [group = ""] = await insertParentGroups(ada, 1);
      await enqueueOnly(ada);
      expect(await memberships().members(group, { limit: 1 })).to.deep.equal([ada]);
      const app = await createApp(domain.store, readConfig({}), createLog("error"));
      while ((await memberships().members(group, { limit: 1 })).length > 0) await yieldToEventLoop();
      await app.close();
    });
  });
});
