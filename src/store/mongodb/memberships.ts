import { waitForOwnTick } from "../../own-tick.ts";
import { membershipsName } from "../cache/written-records.ts";
import { isStorableString } from "../condition.ts";
import { chunks } from "../paging/pages.ts";
import type { MembershipReader, MembershipWriter } from "../store.ts";
import type { DatabaseAccess } from "./database-access.ts";
import { type Fields, operationTimeMs } from "./driver.ts";
import { readRawString } from "./read/bson-reader.ts";
import { findRaw } from "./read/find-raw.ts";
import { type LookupKind, Lookups } from "./read/lookups.ts";
import type { SharedReads } from "./read/shared-reads.ts";
import { byGroupIndex, byMemberIndex, membershipsCollection } from "./schema/membership-indexes.ts";
import type { TransactionPart } from "./transaction/attempt.ts";
import { alreadyMember } from "./transaction/pending-members.ts";

/** Most ids in one operation. */
const chunkMax = 5000;
/** Most members that one step adds or removes: a few milliseconds of this process. */
const stepMax = 1000;
/** Most edges in one reply, of about 80 bytes each. */
const batchMax = 20_000;

type EdgeSide = "groupId" | "memberId";

const readSideOf = (edge: Uint8Array, side: EdgeSide): string => readRawString(edge, side) ?? "";

/**
 * Reads the membership edges of one organization.
 * @param sharedReads lets lookups of concurrent requests share round trips; absent inside a transaction
 */
export function createMongoMembershipReader(
  access: DatabaseAccess,
  organizationId: string,
  sharedReads?: SharedReads,
): MembershipReader {
  const lookups = new Lookups(access, sharedReads);
  /** Finds edges, in the order of an index. @param fields the ids to return @param batchSize more than usually match */
  const find = (
    currentAccess: DatabaseAccess,
    by: "groupId" | "memberId",
    filter: Fields,
    { fields, ...options }: { fields: readonly EdgeSide[]; batchSize: number; limit?: number },
  ): Promise<readonly Uint8Array[]> =>
    currentAccess.run((operationOptions) =>
      findRaw(
        currentAccess.database,
        membershipsCollection,
        { organizationId: { $eq: organizationId }, ...filter },
        {
          ...operationOptions,
          ...options,
          projection: { _id: 0, ...Object.fromEntries(fields.map((field) => [field, 1] as const)) },
          sort: by === "groupId" ? { groupId: 1, memberId: 1 } : { memberId: 1, groupId: 1 },
          hint: by === "groupId" ? byGroupIndex : byMemberIndex,
          maxTimeMS: operationTimeMs,
        },
      ),
    );
  const readSide = async (
    from: EdgeSide,
    id: string,
    to: EdgeSide,
    after: string,
    limit: number,
  ): Promise<string[]> => {
    if (limit <= 0 || !isStorableString(id)) return [];
    const filter = { [from]: { $eq: id }, [to]: { $gt: after } };
    const batchSize = Math.min(limit + 1, batchMax);
    return (await find(access, from, filter, { fields: [to], batchSize, limit })).map((edge) => readSideOf(edge, to));
  };
  return {
    members: (groupId, { after = "", limit }) => readSide("groupId", groupId, "memberId", after, limit),
    groupsOf: (memberId, { after = "", limit }) => readSide("memberId", memberId, "groupId", after, limit),
    filterMembers: async (groupId, memberIds) => {
      if (!isStorableString(groupId)) return [];
      const candidates = [...new Set(memberIds)].filter(isStorableString);
      const members = new Set<string>();
      for (const chunk of chunks(candidates, chunkMax)) {
        const filter = { groupId: { $eq: groupId }, memberId: { $in: chunk } };
        const options = { fields: ["memberId"] as const, batchSize: chunk.length + 1 };
        for (const edge of await find(access, "groupId", filter, options)) members.add(readSideOf(edge, "memberId"));
      }
      return candidates.filter((memberId) => members.has(memberId));
    },
    groupsByMember: async (memberIds) => {
      const groups = new Map<string, readonly string[]>();
      for (const chunk of chunks([...new Set(memberIds)].filter(isStorableString), chunkMax)) {
        for (const [memberId, groupIds] of await lookups.find(byMember(organizationId), chunk))
          groups.set(memberId, groupIds);
      }
      return groups;
    },
    transitiveGroupsOf: async (memberId) => {
      if (!isStorableString(memberId)) return [];
      const documents = await access.run((options) =>
        access.database
          .collection(membershipsCollection)
          .aggregate(ancestorPipeline(organizationId, memberId), { ...options, maxTimeMS: operationTimeMs })
          .toArray(),
      );
      return documents.map((group) => String(group["_id"]));
    },
  };
}

/** Looks up the ids of the groups of members, in id order. */
function byMember(organizationId: string): LookupKind<readonly string[]> {
  return {
    name: `${membershipsCollection} ${organizationId}`,
    collection: membershipsCollection,
    projection: { _id: 0, groupId: 1, memberId: 1 },
    hint: byMemberIndex,
    filter: (memberIds) => ({ organizationId: { $eq: organizationId }, memberId: { $in: memberIds } }),
    decode: (edges) => {
      const groups = new Map<string, string[]>();
      for (const edge of edges) {
        const [memberId, groupId] = [readSideOf(edge, "memberId"), readSideOf(edge, "groupId")];
        const groupIds = groups.get(memberId);
        if (groupIds) groupIds.push(groupId);
        else groups.set(memberId, [groupId]);
      }
      for (const groupIds of groups.values()) groupIds.sort();
      return groups;
    },
  };
}

/** Reads and writes the membership edges of one organization inside a transaction. */
export function createMongoMembershipWriter(part: TransactionPart, organizationId: string): MembershipWriter {
  const reader = createMongoMembershipReader(part, organizationId);
  /** Sends the pending edges before a read that must see them. */
  const afterSend =
    <A extends readonly unknown[], R>(read: (...parameters: A) => Promise<R>) =>
    async (...parameters: A): Promise<R> => {
      await part.attempt.members.send();
      return read(...parameters);
    };
  /**
   * Applies a step to some members after the other, each in its own tick: reading and encoding edges is work of this process.
   * @returns the ids that the steps return
   */
  const inSteps = async (
    memberIds: readonly string[],
    step: (memberIds: readonly string[]) => Promise<readonly string[]>,
  ): Promise<readonly string[]> => {
    const changedIds: string[] = [];
    for (const stepIds of chunks(memberIds, stepMax)) {
      if (memberIds.length > stepMax) await waitForOwnTick();
      for (const id of await step(stepIds)) changedIds.push(id);
    }
    return changedIds;
  };
  const recordMembers = (groupId: string, memberIds: readonly string[]): void => {
    part.attempt.prefetched.forgetMembers(organizationId, groupId, memberIds);
    for (const id of memberIds) part.attempt.written.add(membershipsName, organizationId, id, "updated");
  };
  const filterMembers: MembershipReader["filterMembers"] = async (groupId, memberIds) => {
    const isPending = (id: string): boolean => part.attempt.members.has(organizationId, groupId, id);
    const stored = new Set<string>();
    const unread: string[] = [];
    for (const id of memberIds) {
      const isMember = isPending(id) || part.attempt.prefetched.findMember(organizationId, groupId, id);
      if (isMember) stored.add(id);
      else if (isMember === undefined) unread.push(id);
    }
    if (unread.length > 0) for (const id of await reader.filterMembers(groupId, unread)) stored.add(id);
    return [...new Set(memberIds)].filter((id) => stored.has(id));
  };
  const insert = async (groupId: string, memberIds: readonly string[]): Promise<readonly string[]> => {
    if (![groupId, ...memberIds].every(isStorableString)) throw new Error("groupId and memberIds must be valid ids");
    const { attempt } = part;
    if (memberIds.length > 0) attempt.recordWrite();
    await attempt.members.add(organizationId, groupId, memberIds);
    recordMembers(groupId, memberIds);
    return memberIds;
  };
  return {
    members: afterSend(reader.members),
    groupsOf: afterSend(reader.groupsOf),
    groupsByMember: afterSend(reader.groupsByMember),
    transitiveGroupsOf: afterSend(reader.transitiveGroupsOf),
    filterMembers,
    // A duplicate would abort the transaction, so existing edges are read first. A concurrent insert is a write conflict.
    add: (groupId, memberIds) =>
      inSteps(memberIds, async (stepIds) => {
        const existing = new Set(await filterMembers(groupId, stepIds));
        return insert(
          groupId,
          [...new Set(stepIds)].filter((memberId) => !existing.has(memberId)),
        );
      }),
    addNew: async (groupId, memberIds) => {
      if (memberIds.some((id) => part.attempt.members.has(organizationId, groupId, id))) throw alreadyMember();
      await inSteps(memberIds, (stepIds) => insert(groupId, stepIds));
    },
    remove: async (groupId, memberIds) => {
      await part.attempt.members.send();
      return inSteps(memberIds, async (stepIds) => {
        const removed = await filterMembers(groupId, stepIds);
        if (removed.length === 0) return removed;
        part.attempt.recordWrite();
        recordMembers(groupId, removed);
        const filter = {
          organizationId: { $eq: organizationId },
          groupId: { $eq: groupId },
          memberId: { $in: removed },
        };
        await part.run((options) => part.database.collection(membershipsCollection).deleteMany(filter, options));
        return removed;
      });
    },
  };
}

/** Starts from one edge of the member, so that the graph is searched once. The server sorts, so that all ids compare alike. */
function ancestorPipeline(organizationId: string, memberId: string): Fields[] {
  return [
    { $match: { organizationId: { $eq: organizationId }, memberId: { $eq: memberId } } },
    { $limit: 1 },
    {
      $graphLookup: {
        from: membershipsCollection,
        startWith: "$memberId",
        connectFromField: "groupId",
        connectToField: "memberId",
        as: "up",
        restrictSearchWithMatch: { organizationId: { $eq: organizationId } },
      },
    },
    { $unwind: "$up" },
    { $group: { _id: "$up.groupId" } },
    { $sort: { _id: 1 } },
  ];
}
