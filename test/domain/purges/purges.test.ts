import { expect } from "chai";
import { createApp } from "../../../src/app.ts";
import { readConfig } from "../../../src/config.ts";
import type { Caller } from "../../../src/domain/caller.ts";
import { newEntity } from "../../../src/domain/entity.ts";
import { fold } from "../../../src/domain/fold.ts";
import { Groups } from "../../../src/domain/people/groups.ts";
import { Users } from "../../../src/domain/people/users.ts";
import { announcePurge, Purges, settledMs } from "../../../src/domain/purges/purges.ts";
import { createLog } from "../../../src/log.ts";
import { groups as groupRecords, purges as purgeRecords, serviceTenant } from "../../../src/store/collections.ts";
import { type Opened, openDomain } from "../opened.ts";

describe("Purges", () => {
  let domain: Opened;
  let purges: Purges;
  let users: Users;
  let groups: Groups;
  let caller: Caller;
  beforeEach(async () => {
    domain = await openDomain();
    purges = new Purges(domain.store);
    users = new Users(domain.store, purges);
    groups = new Groups(domain.store, purges);
    caller = { actor: { type: "operator" }, organizationId: domain.organizationId, scopes: new Set() };
  });
  afterEach(() => domain.dispose());

  const memberships = () => domain.store.for(domain.organizationId).memberships;
  const open = () => domain.store.for(serviceTenant).open(purgeRecords).count();
  const userNamed = async (userName: string) => (await users.create(caller, { userName })).id;

  /** A moment by which nothing can be added any more beside the removals of now. */
  const settled = (): Date => new Date(Date.now() + settledMs + 1);

  /** As a crash leaves it: the user is removed and the purge is announced, and nothing was swept. */
  const cutShort = (subjectId: string) =>
    domain.store.transaction((change) => announcePurge(change, domain.organizationId, subjectId));

  /** Many groups that hold one member, without the way through the domain. */
  const groupsHolding = async (memberId: string, count: number): Promise<readonly string[]> => {
    const ids: string[] = [];
    for (let from = 0; from < count; from += 250) {
      await domain.store.transaction(async (change) => {
        const tenant = change.for(domain.organizationId);
        for (let at = from; at < Math.min(count, from + 250); at++) {
          const displayName = `Group ${at}`;
          const group = { ...newEntity("grp", domain.organizationId), displayName };
          await tenant.open(groupRecords).insert({ ...group, folded: { displayName: fold(displayName) } });
          await tenant.memberships.add(group.id, [memberId]);
          ids.push(group.id);
        }
      });
    }
    return ids;
  };

  it("takes a removed user out of every group, and the groups say that they have changed", async () => {
    const [ada, bob] = [await userNamed("ada"), await userNamed("bob")];
    const both = await groups.create(caller, { displayName: "Both" }, [ada, bob]);
    const other = await groups.create(caller, { displayName: "Other" }, [bob]);
    await users.remove(caller, ada, undefined);
    expect(await memberships().members(both.id, { limit: 10 })).to.deep.equal([bob]);
    const after = await groups.get(domain.organizationId, both.id);
    expect(after?.version).to.equal(2);
    expect(after && after.updatedAt >= both.updatedAt).to.equal(true);
    expect(await groups.get(domain.organizationId, other.id)).to.deep.equal(other);
  });

  it("goes on later with a group that is too large for one sweep, and is done in the end", async () => {
    const hasty = new Purges(domain.store, 0);
    const huge = await groups.create(caller, { displayName: "Huge" }, []);
    const members = Array.from({ length: 1700 }, (_, at) => `usr_${String(at).padStart(4, "0")}`);
    await domain.store.transaction((change) => change.for(domain.organizationId).memberships.add(huge.id, members));
    await new Groups(domain.store, hasty).remove(caller, huge.id, undefined);
    const left = async () => (await memberships().members(huge.id, { limit: 2000 })).length;
    const counts = [await left()];
    while (counts.at(-1) !== 0) {
      await hasty.flush();
      counts.push(await left());
    }
    expect(counts).to.deep.equal([1200, 700, 200, 0]);
    await hasty.flush(settled());
    expect(await open()).to.equal(0);
  });

  it("takes a removed group's members out of it, and it out of the groups that hold it", async () => {
    const ada = await userNamed("ada");
    const inner = await groups.create(caller, { displayName: "Inner" }, [ada]);
    const outer = await groups.create(caller, { displayName: "Outer" }, [inner.id, ada]);
    await groups.remove(caller, inner.id, undefined);
    expect(await memberships().members(inner.id, { limit: 10 })).to.deep.equal([]);
    expect(await memberships().allGroupsOf(ada)).to.deep.equal([outer.id]);
    expect((await groups.get(domain.organizationId, outer.id))?.version).to.equal(2);
  });

  it("sweeps more groups than one transaction takes, each changed once", async () => {
    const ada = await userNamed("ada");
    const ids = await groupsHolding(ada, 1203);
    await users.remove(caller, ada, undefined);
    expect(await memberships().groupsOf(ada, { limit: 1 })).to.deep.equal([]);
    const open = domain.store.for(domain.organizationId).open(groupRecords);
    expect(await open.count({ op: "eq", path: "version", value: 2 })).to.equal(ids.length);
  });

  for (const count of [500, 501]) {
    it(`sweeps a group of ${count} members`, async () => {
      const group = await groups.create(caller, { displayName: "Large" }, []);
      const members = Array.from({ length: count }, () => newEntity("usr", domain.organizationId).id);
      await domain.store.transaction((change) => change.for(domain.organizationId).memberships.add(group.id, members));
      await groups.remove(caller, group.id, undefined);
      expect(await memberships().members(group.id, { limit: 1 })).to.deep.equal([]);
    });
  }

  it("leaves an organisation's edges alone when another's subject has the same id", async () => {
    const ada = await userNamed("ada");
    const group = await groups.create(caller, { displayName: "G" }, [ada]);
    await domain.store.transaction((change) => announcePurge(change, domain.otherId, ada));
    await purges.flush();
    expect(await memberships().members(group.id, { limit: 10 })).to.deep.equal([ada]);
  });

  describe("flush", () => {
    it("finishes every sweep that was cut short, and may be run again", async () => {
      const subjects = [];
      for (const userName of ["ada", "bob", "eve"]) subjects.push(await userNamed(userName));
      const group = await groups.create(caller, { displayName: "G" }, subjects);
      for (const id of subjects.slice(0, 2)) await cutShort(id);
      expect(await open()).to.equal(2);
      await purges.flush();
      await purges.flush();
      expect(await memberships().members(group.id, { limit: 10 })).to.deep.equal(subjects.slice(2));
      expect((await groups.get(domain.organizationId, group.id))?.version).to.equal(3);
    });

    it("finishes one that ended between two of its transactions, without changing a group twice", async () => {
      const ada = await userNamed("ada");
      const [first = "", second = ""] = await groupsHolding(ada, 2);
      await cutShort(ada);
      await domain.store.transaction(async (change) => {
        const tenant = change.for(domain.organizationId);
        await tenant.memberships.remove(first, [ada]);
        await tenant.open(groupRecords).increment(first, { version: 1 });
      });
      await purges.flush();
      for (const id of [first, second]) expect((await groups.get(domain.organizationId, id))?.version).to.equal(2);
    });

    it("keeps the note of a sweep until the removal has settled", async () => {
      const ada = await userNamed("ada");
      await users.remove(caller, ada, undefined);
      await purges.flush();
      await purges.flush(new Date(Date.now() + settledMs - 60_000));
      expect(await open()).to.equal(1);
      await purges.flush(settled());
      expect(await open()).to.equal(0);
    });

    it("forgets more notes than are looked at together", async () => {
      await domain.store.transaction(async (change) => {
        for (let at = 0; at < 1203; at++) await announcePurge(change, domain.organizationId, `usr_${at}`);
      });
      await purges.flush(settled());
      expect(await open()).to.equal(0);
    });

    it("happens at the start of the service", async () => {
      const ada = await userNamed("ada");
      const [group = ""] = await groupsHolding(ada, 1);
      await cutShort(ada);
      expect(await memberships().members(group, { limit: 1 })).to.deep.equal([ada]);
      const app = await createApp(domain.store, readConfig({}), createLog("error"));
      await app.close();
      expect(await memberships().members(group, { limit: 1 })).to.deep.equal([]);
    });
  });
});
