import type { CollectionDefinition, Condition, Entity, Tenant } from "../../store/collection.ts";
import { commands, connections, exchanges, groups, skills, toolkits } from "../../store/collections.ts";

/** Removes a batch of what is left, inside one transaction. @returns whether there may be more */
export type Removal = (tenant: Tenant<"write">) => Promise<boolean>;

/**
 * What removed users, groups and MCP servers have left behind: memberships, a user's own things, connections and exchanges, a
 * server's connections. Most have nothing left: each kind of thing is asked for once, for all of them together.
 */
export async function* leftoversOf(tenant: Tenant<"read">, subjectIds: readonly string[]): AsyncGenerator<Removal> {
  const { memberships } = tenant;
  const ids = (...prefixes: readonly string[]): readonly string[] =>
    subjectIds.filter((id) => prefixes.some((prefix) => id.startsWith(prefix)));
  const members = ids("usr_", "grp_");
  if (members.length > 0) {
    for (const memberId of (await memberships.groupsOfEach(members)).keys()) {
      yield (within) => leaveGroups(within, memberId);
    }
  }
  for (const groupId of ids("grp_")) {
    if ((await memberships.members(groupId, { limit: 1 })).length === 0) continue;
    yield (within) => dropMembers(within, groupId);
  }
  for (const { of, collection, path, batchMax } of records) {
    const values = ids(of);
    const where: Condition = { op: "in", path, values };
    if (values.length === 0 || (await tenant.open(collection).list({ where, limit: 1 })).items.length === 0) continue;
    yield (within) => removeRecords(within, collection, where, batchMax);
  }
}

/** What is removed in one transaction: few enough that other writers do not wait. */
const edgesMax = 500;
const smallMax = 500;
/** A skill may have megabytes. */
const largeMax = 20;

/** Records that name the subject they belong to. */
const records: readonly {
  readonly of: "usr_" | "srv_";
  readonly collection: CollectionDefinition<Entity>;
  readonly path: string;
  readonly batchMax: number;
}[] = [
  { of: "usr_", collection: connections, path: "userId", batchMax: smallMax },
  { of: "usr_", collection: toolkits, path: "ownerId", batchMax: largeMax },
  { of: "usr_", collection: skills, path: "ownerId", batchMax: largeMax },
  { of: "usr_", collection: commands, path: "ownerId", batchMax: largeMax },
  { of: "usr_", collection: exchanges, path: "userId", batchMax: smallMax },
  { of: "srv_", collection: connections, path: "mcpServerId", batchMax: smallMax },
];

/** The groups that held the subject have changed: their version and date say so. */
async function leaveGroups(tenant: Tenant<"write">, memberId: string): Promise<boolean> {
  const groupIds = await tenant.memberships.groupsOf(memberId, { limit: edgesMax });
  const now = new Date().toISOString();
  for (const groupId of groupIds) {
    await tenant.memberships.remove(groupId, [memberId]);
    await tenant.open(groups).increment(groupId, { version: 1 }, { updatedAt: now });
  }
  return groupIds.length === edgesMax;
}

async function dropMembers(tenant: Tenant<"write">, groupId: string): Promise<boolean> {
  const memberIds = await tenant.memberships.members(groupId, { limit: edgesMax });
  await tenant.memberships.remove(groupId, memberIds);
  return memberIds.length === edgesMax;
}

async function removeRecords(
  tenant: Tenant<"write">,
  collection: CollectionDefinition<Entity>,
  where: Condition,
  batchMax: number,
): Promise<boolean> {
  const open = tenant.open(collection);
  const { items } = await open.list({ where, limit: batchMax });
  for (const { id } of items) await open.remove(id, "any");
  return items.length === batchMax;
}
