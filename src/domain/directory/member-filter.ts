import { AppError } from "../../errors.ts";
import { idPages } from "../../store/paging/pages.ts";
import type { Condition } from "../../store/query.ts";
import type { MembershipReader } from "../../store/store.ts";

const pageSize = 1000;
/** The maximum number of groups of one member in a filter. */
const groupsMax = 50_000;

/**
 * Replaces the conditions on `members` in a query of groups. Members are edges and not a part of the group's record, so
 * `some members value eq "x"` becomes a condition on the ids of the groups that contain x.
 * @throws AppError query-too-expensive for a member of more than 50,000 groups; invalid-filter for other comparisons
 */
export async function resolveMemberConditions(condition: Condition, memberships: MembershipReader): Promise<Condition> {
  switch (condition.op) {
    case "and":
    case "or": {
      const all: Condition[] = [];
      for (const each of condition.all) all.push(await resolveMemberConditions(each, memberships));
      return { op: condition.op, all };
    }
    case "not":
      return { op: "not", condition: await resolveMemberConditions(condition.condition, memberships) };
    case "some":
      if (condition.path !== "members") return condition;
      return { op: "in", path: "id", values: await findParentGroupIds(parseMemberId(condition.where), memberships) };
    default:
      return condition;
  }
}

function parseMemberId(where: Condition): string {
  if (where.op === "eq" && where.path === "value" && typeof where.value === "string") return where.value;
  throw new AppError("invalid-filter", "Filters on members support only `value eq`.", { field: "members" });
}

async function findParentGroupIds(memberId: string, memberships: MembershipReader): Promise<string[]> {
  const groupIds: string[] = [];
  for await (const page of idPages((each) => memberships.groupsOf(memberId, each), pageSize)) {
    groupIds.push(...page);
    if (page.length === pageSize && groupIds.length >= groupsMax) {
      throw new AppError("query-too-expensive", "The member is in too many groups for a filter.");
    }
  }
  return groupIds;
}
