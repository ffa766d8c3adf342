import { expect } from "chai";
import type { Caller } from "../../../src/domain/caller.ts";
import { CascadeDeletes, settledAfterMs } from "../../../src/domain/cleanup/cascade-deletes.ts";
import { Groups } from "../../../src/domain/directory/groups.ts";
import { Users } from "../../../src/domain/directory/users.ts";
import { collections, cascadeDeletes as pendingRecords, serviceTenant } from "../../../src/store/collections.ts";
import { describeOnEngines } from "../../store/engines.fixture.ts";
import type { TestStore } from "../../store/test-store.fixture.ts";

/**
 * A transaction that began before a removal still sees the subject, so it may commit an edge after the first sweep. The
 * tests write such an edge through the store at that moment.
 */
describeOnEngines("Membership committed after the removal of its user or group", (open) => {
  const organizationId = "org_late";
  const caller: Caller = { actor: { type: "operator" }, organizationId, scopes: new Set() };
  let testStore: TestStore;
  let cascadeDeletes: CascadeDeletes;
  let users: Users;
  let groups: Groups;
  before(async () => {
    testStore = await open({ collections });
    cascadeDeletes = new CascadeDeletes(testStore.store);
    users = new Users(testStore.store, cascadeDeletes);
    groups = new Groups(testStore.store, cascadeDeletes);
  });
  after(() => testStore.dispose());

  const memberships = () => testStore.store.for(organizationId).memberships;
  const countPending = () => testStore.store.for(serviceTenant).open(pendingRecords).count();
  const addLate = (groupId: string, memberId: string) =>
    testStore.store.transaction((transaction) => transaction.for(organizationId).memberships.add(groupId, [memberId]));
  const afterSettling = () => new Date(Date.now() + settledAfterMs + 1);

  it("is swept once the removal of the user has settled, and the group gets a new version", async () => {
    const user = await users.create(caller, { userName: "ada" });
    const group = await groups.create(caller, { displayName: "Late" }, []);
    await users.remove(caller, user.id, undefined);
    await addLate(group.id, user.id);
    await cascadeDeletes.flush(afterSettling());
    expect(await memberships().members(group.id, { limit: 10 })).to.deep.equal([]);
    expect((await groups.get(organizationId, group.id))?.version).to.equal(2);
    expect(await countPending()).to.equal(0);
  });

  it("is swept once the removal of the group has settled", async () => {
    const user = await users.create(caller, { userName: "bob" });
    const group = await groups.create(caller, { displayName: "Gone" }, []);
    await groups.remove(caller, group.id, undefined);
    await addLate(group.id, user.id);
    await cascadeDeletes.flush(afterSettling());
    expect(await memberships().groupsOf(user.id, { limit: 10 })).to.deep.equal([]);
    expect(await countPending()).to.equal(0);
  });

  it("is kept if the member was not removed", async () => {
    const user = await users.create(caller, { userName: "eve" });
    const group = await groups.create(caller, { displayName: "Kept" }, [user.id]);
    await cascadeDeletes.flush(afterSettling());
    expect(await memberships().members(group.id, { limit: 10 })).to.deep.equal([user.id]);
  });
});
