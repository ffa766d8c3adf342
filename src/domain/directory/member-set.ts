import { createHash } from "node:crypto";
import { AppError } from "../../errors.ts";
import type { MembershipReader } from "../../store/store.ts";

/** The most direct members of a group that are read or written as one set. */
export const memberSetMax = 10_000;

/**
 * Reads the ids of all direct members of a group, sorted, with one query, so that the set is that of one moment.
 * @throws AppError query-too-expensive for more than 10,000 members
 */
export async function readMemberSet(memberships: MembershipReader, groupId: string): Promise<readonly string[]> {
  const ids = await memberships.members(groupId, { limit: memberSetMax + 1 });
  if (ids.length <= memberSetMax) return ids.toSorted();
  throw new AppError(
    "query-too-expensive",
    `The group has more than ${memberSetMax} direct members, which are not returned as a set. List them page by page with GET /api/groups/{id}/members, and add or remove single members.`,
  );
}

/** Returns the tag of a set of members: equal for equal sets. @param sortedIds without duplicates */
export const toMemberSetTag = (sortedIds: readonly string[]): string =>
  createHash("sha256").update(sortedIds.join("\n")).digest("base64url");

/**
 * Requires that the members of a group are one of the expected sets.
 * @param expected the tags of sets, or any set
 * @throws AppError precondition-failed
 */
export async function assertMemberSet(
  memberships: MembershipReader,
  groupId: string,
  expected: readonly string[] | "any",
): Promise<void> {
  if (expected === "any") return;
  const ids = await memberships.members(groupId, { limit: memberSetMax + 1 });
  if (ids.length <= memberSetMax && expected.includes(toMemberSetTag(ids.toSorted()))) return;
  throw new AppError(
    "precondition-failed",
    "The group has other members than the request expects. Read the set again and retry.",
  );
}
