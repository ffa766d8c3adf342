import { setImmediate as nextTurn } from "node:timers/promises";
import { AppError } from "../../errors.ts";
import type { MembershipReader, Tenant } from "../../store/collection.ts";
import { groups } from "../../store/collections.ts";

/** The shortest ways from a user up to the groups around. */
export class GroupPaths {
  readonly #userId: string;
  /** For each group, the group (or the user) below it on a shortest way. */
  readonly #below: ReadonlyMap<string, string>;

  private constructor(userId: string, below: ReadonlyMap<string, string>) {
    this.#userId = userId;
    this.#below = below;
  }

  /**
   * A question for each level of nesting, or for each hundred groups of one.
   * @throws AppError query-too-expensive for a user with more memberships, nested ones included, than can be followed
   */
  static async of(memberships: MembershipReader, userId: string): Promise<GroupPaths> {
    const below = new Map<string, string>();
    const ahead = [userId];
    let followed = 0;
    for (let at = 0; at < ahead.length; ) {
      if (at > 0) await nextTurn();
      const asked = ahead.slice(at, at + askedMax);
      at += asked.length;
      const holders = await memberships.groupsOfEach(asked);
      for (const member of asked) {
        for (const holder of holders.get(member) ?? []) {
          if (++followed > followedMax) throw tooMany();
          if (below.has(holder)) continue;
          below.set(holder, member);
          ahead.push(holder);
        }
      }
    }
    return new GroupPaths(userId, below);
  }

  /** From the group that holds the user up to this one; undefined for one that does not hold the user. */
  to(groupId: string): readonly string[] | undefined {
    if (!this.#below.has(groupId)) return undefined;
    const path: string[] = [];
    for (let at = groupId; at !== this.#userId; at = this.#below.get(at) ?? this.#userId) path.unshift(at);
    return path;
  }
}

/** The names of these groups. One that is being removed has none any more. */
export async function namesOfGroups(
  tenant: Tenant<"read">,
  groupIds: Iterable<string>,
): Promise<ReadonlyMap<string, string>> {
  const ids = [...new Set(groupIds)];
  const names = new Map<string, string>();
  for (let from = 0; from < ids.length; from += namedMax) {
    const values = ids.slice(from, from + namedMax);
    const { items } = await tenant.open(groups).list({ where: { op: "in", path: "id", values }, limit: namedMax });
    for (const { id, displayName } of items) names.set(id, displayName);
  }
  return names;
}

const askedMax = 100;
const namedMax = 250;
/** As many as one answer about memberships follows. */
const followedMax = 100_000;

const tooMany = (): AppError =>
  new AppError("query-too-expensive", "The groups of the user, nested ones included, are too many to be explained.");
