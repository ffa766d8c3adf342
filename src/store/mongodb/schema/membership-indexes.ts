import type { IndexSpecification } from "../driver.ts";

/** Collection of membership edges: documents {organizationId, groupId, memberId}. */
export const membershipsCollection = "memberships";

export const byGroupIndex = "unique_by_group";
export const byMemberIndex = "by_member";

/** Covering indexes for both directions: reads fetch no documents. */
export const membershipIndexes: readonly IndexSpecification[] = [
  { key: { organizationId: 1, groupId: 1, memberId: 1 }, name: byGroupIndex, unique: true },
  { key: { organizationId: 1, memberId: 1, groupId: 1 }, name: byMemberIndex },
];
