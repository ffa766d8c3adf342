import { AppError } from "../../errors.ts";
import type { Condition, MembershipReader } from "../../store/collection.ts";

const pageMax = 1000;
/** Groups of one member that a filter can go through; more than anybody is in. */
const groupsMax = 50_000;

/**
 * A question about groups with what it says of `members` looked up: members are edges, not a part of the group's
 * record, so that `some members value eq "x"` becomes the ids of the groups that hold x.
 * @throws AppError query-too-expensive for a member of more groups than can be gone through
 */
export async function withMembersResolved(condition: Condition, memberships: MembershipReader): Promise<Condition> {
  switch (condition.op) {
    case "and":
    case "or": {
      const all: Condition[] = [];
      for (const each of condition.all) all.push(await withMembersResolved(each, memberships));
      return { op: condition.op, all };
    }
    case "not":
      return { op: "not", condition: await withMembersResolved(condition.condition, memberships) };
    case "some":
      if (condition.path !== "members") return condition;
      return { op: "in", path: "id", values: await groupsHolding(memberIdIn(condition.where), memberships) };
    default:
      return condition;
  }
}

function memberIdIn(where: Condition): string {
  if (where.op === "eq" && where.path === "value" && typeof where.value === "string") return where.value;
  throw new AppError("invalid-filter", "Of members only `value eq` can be asked.", { field: "members" });
}

async function groupsHolding(memberId: string, memberships: MembershipReader): Promise<string[]> {
  const found: string[] = [];
  for (let after = ""; ; ) {
    const page = await memberships.groupsOf(memberId, { after, limit: pageMax });
    found.push(...page);
    const last = page.at(-1);
    if (page.length < pageMax || last === undefined) return found;
    if (found.length >= groupsMax) {
      throw new AppError("query-too-expensive", "This member is in more groups than a filter can go through.");
    }
    after = last;
  }
}
