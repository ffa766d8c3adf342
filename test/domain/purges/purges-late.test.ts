import { expect } from "chai";
import type { Caller } from "../../../src/domain/caller.ts";
import { Groups } from "../../../src/domain/people/groups.ts";
import { Users } from "../../../src/domain/people/users.ts";
import { Purges, settledMs } from "../../../src/domain/purges/purges.ts";
import { collections, purges as purgeRecords, serviceTenant } from "../../../src/store/collections.ts";
import { engines } from "../../store/engines.ts";
import type { Opened } from "../../store/opened.ts";

/**
 * A change that began before a removal was committed read the subject as still there, so its edge is committed after
 * the removal's own sweep. Here it is written through the store at that moment.
 */
for (const { name, open } of engines) {
  describe(`A membership that is committed beside the removal of its member, on ${name}`, () => {
    const organizationId = "org_late";
    const caller: Caller = { actor: { type: "operator" }, organizationId, scopes: new Set() };
    let opened: Opened;
    let purges: Purges;
    let users: Users;
    let groups: Groups;
    before(async () => {
      opened = await open({ collections });
      purges = new Purges(opened.store);
      users = new Users(opened.store, purges);
      groups = new Groups(opened.store, purges);
    });
    after(() => opened.dispose());

    const memberships = () => opened.store.for(organizationId).memberships;
    const notes = () => opened.store.for(serviceTenant).open(purgeRecords).count();
    const addLate = (groupId: string, memberId: string) =>
      opened.store.transaction((change) => change.for(organizationId).memberships.add(groupId, [memberId]));
    const settled = () => new Date(Date.now() + settledMs + 1);

    it("is swept once the removal of the user has settled, and the group says that it has changed", async () => {
      const user = await users.create(caller, { userName: "ada" });
      const group = await groups.create(caller, { displayName: "Late" }, []);
      await users.remove(caller, user.id, undefined);
      await addLate(group.id, user.id);
      await purges.flush(settled());
      expect(await memberships().members(group.id, { limit: 10 })).to.deep.equal([]);
      expect((await groups.get(organizationId, group.id))?.version).to.equal(2);
      expect(await notes()).to.equal(0);
    });

    it("is swept once the removal of the group has settled", async () => {
      const user = await users.create(caller, { userName: "bob" });
      const group = await groups.create(caller, { displayName: "Gone" }, []);
      await groups.remove(caller, group.id, undefined);
      await addLate(group.id, user.id);
      await purges.flush(settled());
      expect(await memberships().groupsOf(user.id, { limit: 10 })).to.deep.equal([]);
      expect(await notes()).to.equal(0);
    });

    it("is left alone where the member was not removed", async () => {
      const user = await users.create(caller, { userName: "eve" });
      const group = await groups.create(caller, { displayName: "Kept" }, [user.id]);
      await purges.flush(settled());
      expect(await memberships().members(group.id, { limit: 10 })).to.deep.equal([user.id]);
    });
  });
}
