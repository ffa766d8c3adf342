import type { MembershipChange } from "../../../schemas/user.ts";
import { groups, users } from "../../store/collections.ts";
import type { ExpectedReads } from "../../store/store.ts";

/** The most members of which a change states what it reads. More are read in chunks of their own. */
const membersMax = 20;

/** Returns what changes of a few members of a group read: whether the members exist, and are in the group already. */
export function toExpectedReads(
  groupId: string,
  changes: readonly MembershipChange[],
): Omit<ExpectedReads, "organizationId"> {
  const added = new Set(changes.flatMap((change) => ("add" in change ? change.add : [])));
  const memberIds = new Set([...added, ...changes.flatMap((change) => ("remove" in change ? change.remove : []))]);
  if (memberIds.size === 0 || memberIds.size > membersMax) return {};
  const addedWith = (prefix: string): readonly string[] => [...added].filter((id) => id.startsWith(prefix));
  const records = [
    { definition: users, ids: addedWith("usr_") },
    { definition: groups, ids: addedWith("grp_") },
  ];
  return { records, members: { groupId, memberIds: [...memberIds] } };
}
