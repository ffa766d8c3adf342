import type { MembershipReader, Store, Tenant } from "../../store/collection.ts";
import { groups } from "../../store/collections.ts";

/** A group that a user belongs to (RFC 7643 section 4.1.2, `groups`). */
export interface GroupOfUser {
  readonly id: string;
  readonly displayName: string;
  /** Whether the user is a member of the group itself, and not of a group in it. */
  readonly isDirect: boolean;
}

/** Who belongs where, seen from the members' side. */
export class Memberships {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * The groups of each of these users, directly and through nested groups, by id. One question for each level of
   * nesting, however many users are asked about; groups that hold each other end by themselves.
   */
  async groupsOf(organizationId: string, userIds: readonly string[]): Promise<ReadonlyMap<string, GroupOfUser[]>> {
    const tenant = this.#store.for(organizationId);
    const direct = await tenant.memberships.groupsOfEach(userIds);
    if (direct.size === 0) return new Map();
    const above = await climb(tenant.memberships, [...direct.values()].flat());
    const names = await namesOf(tenant, [...above.keys()]);
    return new Map(
      [...direct].map(([userId, groupIds]) => {
        const own = new Set(groupIds);
        const found = [...reachedFrom(groupIds, above)].sort().flatMap((id): GroupOfUser[] => {
          const displayName = names.get(id); // a group that is being removed has none any more
          return displayName === undefined ? [] : [{ id, displayName, isDirect: own.has(id) }];
        });
        return [userId, found];
      }),
    );
  }
}

/** Each group that is reached from these, with the groups that hold it. */
async function climb(
  memberships: MembershipReader,
  from: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const above = new Map<string, readonly string[]>();
  for (let level = [...new Set(from)]; level.length > 0; ) {
    const found = await memberships.groupsOfEach(level);
    for (const id of level) above.set(id, found.get(id) ?? []);
    level = [...new Set([...found.values()].flat())].filter((id) => !above.has(id));
  }
  return above;
}

function reachedFrom(groupIds: readonly string[], above: ReadonlyMap<string, readonly string[]>): ReadonlySet<string> {
  const reached = new Set(groupIds);
  // A set that grows while it is walked is walked to its end.
  for (const id of reached) for (const parent of above.get(id) ?? []) reached.add(parent);
  return reached;
}

const chunkMax = 1000;

async function namesOf(tenant: Tenant<"read">, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const names = new Map<string, string>();
  for (let from = 0; from < ids.length; from += chunkMax) {
    const values = ids.slice(from, from + chunkMax);
    const { items } = await tenant.open(groups).list({ where: { op: "in", path: "id", values }, limit: chunkMax });
    for (const { id, displayName } of items) names.set(id, displayName);
  }
  return names;
}
