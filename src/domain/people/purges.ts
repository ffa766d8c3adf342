import type { Change, Store, Tenant } from "../../store/collection.ts";
import { groups, type Purge, purges, serviceTenant } from "../../store/collections.ts";
import type { Gathering } from "../background.ts";
import { newEntity, newId } from "../entity.ts";

/** Edges that are removed in one transaction: few enough that other writers do not wait. */
const batchMax = 500;

/** Notes, in the transaction that removes a user or group, that its edges are to be swept away. */
export async function announcePurge(change: Change, organizationId: string, subjectId: string): Promise<Purge> {
  const purge: Purge = { ...newEntity("pur", serviceTenant), id: newId("pur"), of: organizationId, subjectId };
  await change.for(serviceTenant).open(purges).insert(purge);
  return purge;
}

/**
 * Sweeps away the edges of removed users and groups, however many there are, in small transactions. A sweep that is
 * cut short by a crash or an outage is finished later; until then a group may still list a member that is gone.
 */
export class Purges implements Gathering {
  readonly #store: Store;
  /** Whether there may be sweeps to finish; at the start, those of an earlier run. */
  #unfinished = true;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Sweeps for a removal that has been committed: whatever comes now, the subject is gone. */
  async carryOut(purge: Purge): Promise<void> {
    await this.#sweep(purge).catch(() => {
      this.#unfinished = true;
    });
  }

  /** Finishes what was cut short. */
  async flush(): Promise<void> {
    if (!this.#unfinished) return;
    this.#unfinished = false;
    try {
      for (;;) {
        const { items } = await this.#store.for(serviceTenant).open(purges).list({ limit: 100 });
        if (items.length === 0) return;
        for (const purge of items) await this.#sweep(purge);
      }
    } catch (error) {
      this.#unfinished = true;
      throw error;
    }
  }

  async #sweep({ id, of: organizationId, subjectId }: Purge): Promise<void> {
    while ((await this.#batch(organizationId, (tenant) => leaveGroups(tenant, subjectId))) === batchMax);
    while ((await this.#batch(organizationId, (tenant) => dropMembers(tenant, subjectId))) === batchMax);
    await this.#store.transaction(async (change) => {
      await change.for(serviceTenant).open(purges).remove(id, "any");
    });
  }

  #batch(organizationId: string, work: (tenant: Tenant<"write">) => Promise<number>): Promise<number> {
    return this.#store.transaction((change) => work(change.for(organizationId)));
  }
}

/** The groups that held the subject have changed: their version and date say so. */
async function leaveGroups(tenant: Tenant<"write">, memberId: string): Promise<number> {
  const groupIds = await tenant.memberships.groupsOf(memberId, { limit: batchMax });
  const now = new Date().toISOString();
  for (const groupId of groupIds) {
    await tenant.memberships.remove(groupId, [memberId]);
    await tenant.open(groups).increment(groupId, { version: 1 }, { updatedAt: now });
  }
  return groupIds.length;
}

async function dropMembers(tenant: Tenant<"write">, groupId: string): Promise<number> {
  const memberIds = await tenant.memberships.members(groupId, { limit: batchMax });
  await tenant.memberships.remove(groupId, memberIds);
  return memberIds.length;
}
