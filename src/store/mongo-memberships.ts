import type { MembershipReader, MembershipWriter } from "./collection.ts";
import { isStorableText } from "./condition.ts";
import type { Access } from "./mongo-access.ts";
import { type Fields, type IndexSpecification, operationTimeMs } from "./mongo-driver.ts";
import type { Attempt } from "./mongo-transaction.ts";

export const membershipsName = "memberships";

const byGroup = "unique_by_group";
const byMember = "by_member";

/** Both directions are read from the index alone. */
export const membershipIndexes: readonly IndexSpecification[] = [
  { key: { organizationId: 1, groupId: 1, memberId: 1 }, name: byGroup, unique: true },
  { key: { organizationId: 1, memberId: 1, groupId: 1 }, name: byMember },
];

/** Ids that are asked for in one operation. */
const chunkMax = 5000;

/** The edges of one organisation. */
export function membershipReader(access: Access, organizationId: string): MembershipReader {
  const edges = access.database.collection(membershipsName);
  const ours = { organizationId: { $eq: organizationId } };
  type Side = "groupId" | "memberId";
  const page = async (from: Side, id: string, to: Side, after: string, limit: number): Promise<string[]> => {
    if (limit <= 0 || !isStorableText(id)) return [];
    const found = await access.run((options) =>
      edges
        .find(
          { ...ours, [from]: { $eq: id }, [to]: { $gt: after } },
          {
            ...options,
            projection: { _id: 0, [to]: 1 },
            sort: { [to]: 1 },
            hint: from === "groupId" ? byGroup : byMember,
            limit,
            batchSize: Math.min(limit + 1, chunkMax),
            maxTimeMS: operationTimeMs,
          },
        )
        .toArray(),
    );
    return found.map((edge) => String(edge[to]));
  };
  return {
    members: (groupId, { after = "", limit }) => page("groupId", groupId, "memberId", after, limit),
    groupsOf: (memberId, { after = "", limit }) => page("memberId", memberId, "groupId", after, limit),
    membersAmong: async (groupId, memberIds) => {
      if (!isStorableText(groupId)) return [];
      const asked = [...new Set(memberIds)].filter(isStorableText);
      const members = new Set<unknown>();
      for (const chunk of chunksOf(asked)) {
        const found = await access.run((options) =>
          edges
            .find(
              { ...ours, groupId: { $eq: groupId }, memberId: { $in: chunk } },
              {
                ...options,
                projection: { _id: 0, memberId: 1 },
                hint: byGroup,
                batchSize: chunk.length + 1,
                maxTimeMS: operationTimeMs,
              },
            )
            .toArray(),
        );
        for (const edge of found) members.add(edge["memberId"]);
      }
      return asked.filter((memberId) => members.has(memberId));
    },
    groupsOfEach: async (memberIds) => {
      const groups = new Map<string, string[]>();
      for (const chunk of chunksOf([...new Set(memberIds)].filter(isStorableText))) {
        const found = await access.run((options) =>
          edges
            .find(
              { ...ours, memberId: { $in: chunk } },
              {
                ...options,
                projection: { _id: 0, memberId: 1, groupId: 1 },
                sort: { memberId: 1, groupId: 1 },
                hint: byMember,
                batchSize: chunkMax,
                maxTimeMS: operationTimeMs,
              },
            )
            .toArray(),
        );
        for (const { memberId, groupId } of found) {
          const known = groups.get(String(memberId));
          if (known) known.push(String(groupId));
          else groups.set(String(memberId), [String(groupId)]);
        }
      }
      return groups;
    },
    allGroupsOf: async (memberId) => {
      if (!isStorableText(memberId)) return [];
      const found = await access.run((options) =>
        edges.aggregate(climbing(organizationId, memberId), { ...options, maxTimeMS: operationTimeMs }).toArray(),
      );
      return found.map((group) => String(group["_id"]));
    },
  };
}

/** The edges of one organisation inside a transaction. */
export function membershipWriter(attempt: Attempt, organizationId: string): MembershipWriter {
  const edges = attempt.database.collection(membershipsName);
  const reader = membershipReader(attempt, organizationId);
  return {
    ...reader,
    // A duplicate would end the transaction, so what is there is read first; who adds the same beside us loses a race.
    add: async (groupId, memberIds) => {
      if (![groupId, ...memberIds].every(isStorableText)) throw new Error("a membership is between two ids");
      const known = new Set(await reader.membersAmong(groupId, memberIds));
      const added = [...new Set(memberIds)].filter((memberId) => !known.has(memberId));
      for (const chunk of chunksOf(added)) {
        const rows = chunk.map((memberId) => ({ organizationId, groupId, memberId }));
        await attempt.run((options) => edges.insertMany(rows, options));
      }
      return added;
    },
    remove: async (groupId, memberIds) => {
      const removed = await reader.membersAmong(groupId, memberIds);
      for (const chunk of chunksOf(removed)) {
        await attempt.run((options) =>
          edges.deleteMany(
            { organizationId: { $eq: organizationId }, groupId: { $eq: groupId }, memberId: { $in: chunk } },
            options,
          ),
        );
      }
      return removed;
    },
  };
}

/** Starts from one edge of the member, so that the climb is done once, and sorts where the ids' order is decided. */
function climbing(organizationId: string, memberId: string): Fields[] {
  return [
    { $match: { organizationId: { $eq: organizationId }, memberId: { $eq: memberId } } },
    { $limit: 1 },
    {
      $graphLookup: {
        from: membershipsName,
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

function* chunksOf(ids: readonly string[]): Generator<readonly string[]> {
  for (let from = 0; from < ids.length; from += chunkMax) yield ids.slice(from, from + chunkMax);
}
