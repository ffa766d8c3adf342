import { setImmediate as yieldToEventLoop } from "node:timers/promises";
import { AppError } from "../../errors.ts";
import { groups } from "../../store/collections.ts";
import { chunks } from "../../store/paging/pages.ts";
import type { MembershipReader, Tenant } from "../../store/store.ts";

/** The shortest membership paths from a user up to each group that contains the user. */
export class GroupPaths {
  readonly #userId: string;
  /** For each group, the group or user below it on a shortest path. */
  readonly #previous: ReadonlyMap<string, string>;

  private constructor(userId: string, previous: ReadonlyMap<string, string>) {
    this.#userId = userId;
    this.#previous = previous;
  }

  /**
   * Reads the paths in a breadth-first search, with one query per level of nesting or per 100 groups.
   * @param assumedGroupIds groups of which the user is assumed to be a direct member too
   * @throws AppError query-too-expensive for a user with more than 100,000 memberships, including nested ones
   */
  static async load(
    memberships: MembershipReader,
    userId: string,
    assumedGroupIds: readonly string[] = [],
  ): Promise<GroupPaths> {
    const previous = new Map<string, string>();
    const queue = [userId];
    let followedCount = 0;
    for (const batch of chunks(queue, batchMax)) {
      if (previous.size > 0) await yieldToEventLoop();
      const parentsByMember = await memberships.groupsByMember(batch);
      for (const memberId of batch) {
        const parentIds = parentsByMember.get(memberId) ?? [];
        for (const parentId of memberId === userId ? [...parentIds, ...assumedGroupIds] : parentIds) {
          if (++followedCount > followedMax) throw tooManyGroups();
          if (previous.has(parentId)) continue;
          previous.set(parentId, memberId);
          queue.push(parentId);
        }
      }
    }
    return new GroupPaths(userId, previous);
  }

  /**
   * @returns the ids of the groups on the path, from the group that contains the user directly up to this group;
   *   undefined if the group does not contain the user
   */
  pathTo(groupId: string): readonly string[] | undefined {
    if (!this.#previous.has(groupId)) return undefined;
    const path: string[] = [];
    for (let currentId = groupId; currentId !== this.#userId; currentId = this.#previous.get(currentId) ?? this.#userId)
      path.unshift(currentId);
    return path;
  }
}

/** Reads the display names of groups by id. Groups that are being removed are missing from the result. */
export async function readGroupNames(
  tenant: Tenant<"read">,
  groupIds: Iterable<string>,
): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  for (const values of chunks([...new Set(groupIds)], namesBatchMax)) {
    const { items } = await tenant.open(groups).list({ where: { op: "in", path: "id", values }, limit: namesBatchMax });
    for (const { id, displayName } of items) names.set(id, displayName);
  }
  return names;
}

const batchMax = 100;
const namesBatchMax = 250;
/** The same limit as for the groups of users (`Memberships`). */
const followedMax = 100_000;

const tooManyGroups = (): AppError =>
  new AppError("query-too-expensive", "The user is in too many groups, including nested ones, to explain the access.");
