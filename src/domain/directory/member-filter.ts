import { AppError } from "../../errors.ts";
import { waitForOwnTick } from "../../own-tick.ts";
import { idPages } from "../../store/paging/pages.ts";
import type { Condition } from "../../store/query.ts";
import type { MembershipReader } from "../../store/store.ts";

const pageSize = 1000;
/** The maximum number of groups of all members in a filter. A member counts each time that the filter names it. */
const groupsMax = 50_000;

/**
 * Replaces the conditions on `members` in a query of groups. Members are edges and not a part of the group's record, so
 * `some members value eq "x"` becomes a condition on the ids of the groups that contain x.
 * @throws AppError query-too-expensive if the members are in more than 50,000 groups together; invalid-filter for other
 *   comparisons
 */
export function resolveMemberConditions(condition: Condition, memberships: MembershipReader): Promise<Condition> {
  const lookup = new ParentGroupLookup(memberships);
  const resolve = async (each: Condition): Promise<Condition> => {
    switch (each.op) {
      case "and":
      case "or": {
        const all: Condition[] = [];
        for (const part of each.all) all.push(await resolve(part));
        return { op: each.op, all };
      }
      case "not":
        return { op: "not", condition: await resolve(each.condition) };
      case "some":
        if (each.path !== "members") return each;
        return { op: "in", path: "id", values: await lookup.find(parseMemberId(each.where)) };
      default:
        return each;
    }
  };
  return resolve(condition);
}

function parseMemberId(where: Condition): string {
  if (where.op === "eq" && where.path === "value" && typeof where.value === "string") return where.value;
  throw new AppError("invalid-filter", "Filters on members support only `value eq`.", { field: "members" });
}

/** Finds the groups of the members in one filter. */
class ParentGroupLookup {
  readonly #memberships: MembershipReader;
  readonly #groupIdsByMember = new Map<string, readonly string[]>();
  #remaining = groupsMax;

  constructor(memberships: MembershipReader) {
    this.#memberships = memberships;
  }

  /** @throws AppError query-too-expensive */
  async find(memberId: string): Promise<readonly string[]> {
    const groupIds = this.#groupIdsByMember.get(memberId) ?? (await this.#read(memberId));
    this.#groupIdsByMember.set(memberId, groupIds);
    this.#assertWithin(groupIds.length);
    this.#remaining -= groupIds.length;
    return groupIds;
  }

  async #read(memberId: string): Promise<readonly string[]> {
    if (this.#groupIdsByMember.size > 0) await waitForOwnTick();
    const groupIds: string[] = [];
    for await (const page of idPages((each) => this.#memberships.groupsOf(memberId, each), pageSize)) {
      groupIds.push(...page);
      this.#assertWithin(groupIds.length);
      if (page.length === pageSize) await waitForOwnTick();
    }
    return groupIds;
  }

  #assertWithin(groupCount: number): void {
    if (groupCount > this.#remaining)
      throw new AppError("query-too-expensive", "The members in the filter are in too many groups.");
  }
}
