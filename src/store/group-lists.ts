import { setImmediate as yieldToEventLoop } from "node:timers/promises";
import type { Group } from "../../schemas/user.ts";
import { AppError } from "../errors.ts";
import { groups } from "./collections.ts";
import { type GroupForms, type GroupListCache, type GroupListWriter, noGroupListCache } from "./group-list-cache.ts";
import { chunks } from "./paging/pages.ts";
import type { GroupOfUser } from "./record.ts";
import type { MembershipReader, ReadTenant, Tenant } from "./store.ts";

/**
 * Creates `groupLists` of a tenant, for both engines. It costs one query per level of nesting with an uncached group,
 * whatever the number of users. Cycles of groups are supported.
 * @param tenant reads the memberships and the groups
 * @param cache holds groups between calls
 */
export function createGroupLists(
  tenant: Tenant<"read">,
  cache: GroupListCache = noGroupListCache,
): ReadTenant["groupLists"] {
  const { organizationId } = tenant;
  return async (userIds, workBudget) => {
    const lists = new Map<string, readonly GroupOfUser[]>();
    const uncachedIds: string[] = [];
    for (const userId of userIds) {
      const list = cache.getListOfUser(organizationId, userId);
      if (list) lists.set(userId, list);
      else uncachedIds.push(userId);
    }
    if (uncachedIds.length > 0) await readLists(tenant, uncachedIds, { lists, workBudget, cache });
    const spend = createBudget(workBudget);
    for (const list of lists.values()) spend(list.length);
    return lists;
  };
}

/** The state of one call. */
interface Call {
  /** Receives the groups of the users. */
  readonly lists: Map<string, readonly GroupOfUser[]>;
  readonly workBudget: number;
  readonly cache: GroupListCache;
}

async function readLists(tenant: Tenant<"read">, userIds: readonly string[], call: Call): Promise<void> {
  const { organizationId } = tenant;
  const { lists, cache } = call;
  const cacheWriter = cache.createWriter(organizationId);
  const spend = createBudget(call.workBudget);
  const directIdsByUser = await readParents(tenant.memberships, userIds, spend);
  const keyByUser = new Map<string, string>();
  const listByKey = new Map<string, readonly GroupOfUser[]>();
  const uncached = new Map<string, readonly string[]>();
  for (const [userId, ids] of directIdsByUser) {
    const key = ids.join();
    keyByUser.set(userId, key);
    if (listByKey.has(key) || uncached.has(key)) continue;
    const list = cache.getList(organizationId, key);
    if (list) listByKey.set(key, list);
    else uncached.set(key, ids);
  }
  if (uncached.size > 0) {
    for (const [key, list] of await createLists(tenant, uncached, cacheWriter, spend, call)) {
      listByKey.set(key, list);
      cacheWriter.setList(key, list);
    }
  }
  for (const userId of userIds) {
    const list = listByKey.get(keyByUser.get(userId) ?? "") ?? noGroups;
    lists.set(userId, list);
    cacheWriter.setListOfUser(userId, list);
  }
}

/**
 * Creates one list of groups for all users with the same direct groups.
 * @returns the lists by key of `directIdsByKey`
 */
async function createLists(
  tenant: Tenant<"read">,
  directIdsByKey: ReadonlyMap<string, readonly string[]>,
  cacheWriter: GroupListWriter,
  spend: SpendBudget,
  { workBudget, cache }: Call,
): Promise<ReadonlyMap<string, readonly GroupOfUser[]>> {
  const getCached = (id: string): GroupForms | undefined => cache.getGroup(tenant.organizationId, id);
  const { parents, groupsById, uncachedIds } = await resolveAncestors(
    tenant,
    [...directIdsByKey.values()].flat(),
    getCached,
    spend,
  );
  for (const id of uncachedIds) {
    const group = groupsById.get(id);
    if (group) cacheWriter.setGroup(id, group);
  }
  const spendOnAncestors = createBudget(workBudget);
  const lists = new Map<string, readonly GroupOfUser[]>();
  for (const [key, directIds] of directIdsByKey) {
    const ids = directIds.some((id) => parents.has(id))
      ? collectAncestors(directIds, parents, spendOnAncestors)
      : directIds;
    lists.set(key, toGroupsOfUser(ids, groupsById, directIds));
  }
  return lists;
}

/** The groups of a user without memberships. */
const noGroups: readonly GroupOfUser[] = [];

/** @throws AppError query-too-expensive if the amount exceeds the rest of the budget */
type SpendBudget = (amount: number) => void;

function createBudget(limit: number): SpendBudget {
  let remaining = limit;
  return (amount) => {
    remaining -= amount;
    if (remaining >= 0) return;
    throw new AppError("query-too-expensive", "The users are in too many groups, including nested ones.");
  };
}

/** The ids of the groups that contain a member directly, by member id. Members without a group are missing. */
type ParentsByMember = ReadonlyMap<string, readonly string[]>;

/** Members per query. The budget is charged after each query, before many more memberships are read. */
const batchMax = 100;

/** The result of a search for all ancestors of some groups. */
interface ResolvedAncestors {
  readonly parents: ParentsByMember;
  /** The groups and their ancestors. Groups that are being removed are missing. */
  readonly groupsById: ReadonlyMap<string, GroupForms>;
  /** The groups that were read. */
  readonly uncachedIds: readonly string[];
}

/** Reads the groups that contain each of these members directly. */
async function readParents(
  memberships: MembershipReader,
  memberIds: readonly string[],
  spend: SpendBudget,
): Promise<ParentsByMember> {
  const parents = new Map<string, readonly string[]>();
  for (const batch of chunks(memberIds, batchMax)) {
    for (const [id, groupIds] of await memberships.groupsByMember(batch)) {
      spend(groupIds.length);
      parents.set(id, groupIds);
    }
  }
  return parents;
}

/**
 * Finds all ancestors of these groups in a breadth-first search. The names of direct groups are read together with their
 * parents: on MongoDB both share a round trip, which is one less for users without nested groups. The names of all
 * ancestors are read at the end, because with more queries in a round trip deeply nested groups would cost more.
 */
async function resolveAncestors(
  tenant: Tenant<"read">,
  groupIds: readonly string[],
  getCached: (id: string) => GroupForms | undefined,
  spend: SpendBudget,
): Promise<ResolvedAncestors> {
  const parents = new Map<string, readonly string[]>();
  const groupsById = new Map<string, GroupForms>();
  const uncachedIds: string[] = [];
  const visited = new Set(groupIds);
  const queue = [...visited];
  for (const batch of chunks(queue, batchMax)) {
    const unread = batch.filter((id) => {
      const group = getCached(id);
      if (group) groupsById.set(id, group);
      return !group;
    });
    let parentsRead: ParentsByMember | undefined;
    if (unread.length > 0) {
      await yieldToEventLoop();
      const direct = uncachedIds.length === 0 ? unread : [];
      let groupsRead: readonly Group[];
      [parentsRead, groupsRead] = await Promise.all([
        tenant.memberships.groupsByMember(unread),
        readGroups(tenant, direct),
      ]);
      for (const group of groupsRead) groupsById.set(group.id, toForms(group, parentsRead.get(group.id) ?? []));
      uncachedIds.push(...unread);
    }
    for (const id of batch) {
      const parentIds = groupsById.get(id)?.parentIds ?? parentsRead?.get(id) ?? [];
      if (parentIds.length === 0) continue;
      spend(parentIds.length);
      parents.set(id, parentIds);
      for (const parentId of parentIds) {
        if (visited.has(parentId)) continue;
        visited.add(parentId);
        queue.push(parentId);
      }
    }
  }
  const ancestorIds = uncachedIds.filter((id) => !groupsById.has(id));
  for (const group of await readGroups(tenant, ancestorIds))
    groupsById.set(group.id, toForms(group, parents.get(group.id) ?? []));
  return { parents, groupsById, uncachedIds };
}

function collectAncestors(
  directIds: readonly string[],
  parents: ParentsByMember,
  spend: SpendBudget,
): readonly string[] {
  const reached = new Set(directIds);
  // The iteration of a set includes values that are added to it on the way.
  for (const id of reached) {
    const parentIds = parents.get(id) ?? [];
    spend(parentIds.length);
    for (const parentId of parentIds) reached.add(parentId);
  }
  return [...reached].sort();
}

function toGroupsOfUser(
  ids: readonly string[],
  groupsById: ReadonlyMap<string, GroupForms>,
  directIds: readonly string[],
): readonly GroupOfUser[] {
  const directSet = ids.length === directIds.length ? undefined : new Set(directIds); // usually, all groups are direct
  const groupsOfUser: GroupOfUser[] = [];
  for (const id of ids) {
    const group = groupsById.get(id); // undefined if the group is being removed
    if (group) groupsOfUser.push(directSet === undefined || directSet.has(id) ? group.direct : group.indirect);
  }
  return groupsOfUser;
}

const chunkMax = 1000;

/** Reads groups by id. Groups that are being removed are missing from the result. */
async function readGroups(tenant: Tenant<"read">, ids: readonly string[]): Promise<readonly Group[]> {
  const found: Group[] = [];
  for (const values of chunks(ids, chunkMax)) {
    const { items } = await tenant.open(groups).list({ where: { op: "in", path: "id", values }, limit: chunkMax });
    found.push(...items);
  }
  return found;
}

const toForms = ({ id, displayName }: Group, parentIds: readonly string[]): GroupForms => ({
  direct: { id, displayName, isDirect: true },
  indirect: { id, displayName, isDirect: false },
  parentIds,
});
