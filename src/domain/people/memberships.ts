import { setImmediate as nextTurn } from "node:timers/promises";
import { AppError } from "../../errors.ts";
import type { MembershipReader, Store, Tenant } from "../../store/collection.ts";
import { groups } from "../../store/collections.ts";
import { type GroupOfUser, type KnownGroup, KnownGroups, type Learning } from "./known-groups.ts";

/** Who belongs where, seen from the members' side. */
export class Memberships {
  readonly #store: Store;
  readonly #effortMax: number;
  readonly #known: KnownGroups;

  /**
   * @param effortMax memberships that are followed for one answer, and groups that are shown in it
   * @param known what is remembered from one answer to the next
   */
  constructor(store: Store, effortMax = effortUsual, known = new KnownGroups(store)) {
    this.#store = store;
    this.#effortMax = effortMax;
    this.#known = known;
  }

  /**
   * The groups of each of these users, directly and through nested groups, by id. A question for each level of nesting
   * of which a group is not known yet, however many users are asked about; groups that hold each other end by themselves.
   * @throws AppError query-too-expensive for users in more groups, all of them together, than an answer can show
   */
  async groupsOf(
    organizationId: string,
    userIds: readonly string[],
  ): Promise<ReadonlyMap<string, readonly GroupOfUser[]>> {
    const lists = new Map<string, readonly GroupOfUser[]>();
    const asked: string[] = [];
    for (const userId of userIds) {
      const list = this.#known.listOfUser(organizationId, userId);
      if (list) lists.set(userId, list);
      else asked.push(userId);
    }
    if (asked.length > 0) await this.#readLists(organizationId, asked, lists);
    const show = budget(this.#effortMax);
    for (const list of lists.values()) show(list.length);
    return lists;
  }

  /** @param lists where those of these users are put */
  async #readLists(
    organizationId: string,
    userIds: readonly string[],
    lists: Map<string, readonly GroupOfUser[]>,
  ): Promise<void> {
    const tenant = this.#store.for(organizationId);
    const learning = this.#known.learning(organizationId);
    const follow = budget(this.#effortMax);
    const direct = await heldBy(tenant.memberships, userIds, follow);
    const keys = new Map<string, string>();
    const alike = new Map<string, readonly GroupOfUser[]>();
    const unknown = new Map<string, readonly string[]>();
    for (const [userId, ids] of direct) {
      const key = ids.join();
      keys.set(userId, key);
      if (alike.has(key) || unknown.has(key)) continue;
      const list = this.#known.list(organizationId, key);
      if (list) alike.set(key, list);
      else unknown.set(key, ids);
    }
    if (unknown.size > 0) {
      for (const [key, list] of await this.#makeLists(tenant, unknown, learning, follow)) {
        alike.set(key, list);
        learning.list(key, list);
      }
    }
    for (const userId of userIds) {
      const list = alike.get(keys.get(userId) ?? "") ?? none;
      lists.set(userId, list);
      learning.listOfUser(userId, list);
    }
  }

  /** The lists of users who are in the same groups directly, one for all of them. */
  async #makeLists(
    tenant: Tenant<"read">,
    directs: ReadonlyMap<string, readonly string[]>,
    learning: Learning,
    follow: Spend,
  ): Promise<ReadonlyMap<string, readonly GroupOfUser[]>> {
    const isKnown = (id: string): KnownGroup | undefined => this.#known.group(tenant.organizationId, id);
    const { above, known, unknown } = await climb(tenant.memberships, [...directs.values()].flat(), isKnown, follow);
    for (const [id, group] of await readGroups(tenant, unknown, above)) {
      known.set(id, group);
      learning.group(id, group);
    }
    const walk = budget(this.#effortMax);
    const lists = new Map<string, readonly GroupOfUser[]>();
    for (const [key, direct] of directs) {
      const ids = direct.some((id) => above.has(id)) ? reachedFrom(direct, above, walk) : direct;
      lists.set(key, groupsShown(ids, known, direct));
    }
    return lists;
  }
}

/** Of who is in no group. */
const none: readonly GroupOfUser[] = [];

/** Two hundred people in five hundred groups each. */
const effortUsual = 100_000;

/** @throws AppError query-too-expensive for more than is left */
type Spend = (amount: number) => void;

/** @returns what counts, and refuses what goes beyond that */
function budget(most: number): Spend {
  let left = most;
  return (amount) => {
    left -= amount;
    if (left >= 0) return;
    const why = "The groups of the users, nested ones included, are too many for one answer";
    throw new AppError("query-too-expensive", `${why}. Ask for fewer users, or with excludedAttributes=groups.`);
  };
}

/** Of each member that is in a group, the groups that hold it directly. */
type Above = ReadonlyMap<string, readonly string[]>;

/** Members that are asked about at once, so that what has been found is counted before there is much more of it. */
const askedMax = 100;

/** What was found on the way up: the groups that were known before, and the ids of those that were not. */
interface Climbed {
  readonly above: Above;
  readonly known: Map<string, KnownGroup>;
  readonly unknown: readonly string[];
}

/** The groups that hold each of these members directly. */
async function heldBy(memberships: MembershipReader, memberIds: readonly string[], follow: Spend): Promise<Above> {
  const held = new Map<string, readonly string[]>();
  for (let from = 0; from < memberIds.length; from += askedMax) {
    for (const [id, groups] of await memberships.groupsOfEach(memberIds.slice(from, from + askedMax))) {
      follow(groups.length);
      held.set(id, groups);
    }
  }
  return held;
}

/** The groups that hold these groups, those that hold them, and so on up. */
async function climb(
  memberships: MembershipReader,
  from: readonly string[],
  isKnown: (id: string) => KnownGroup | undefined,
  follow: Spend,
): Promise<Climbed> {
  const above = new Map<string, readonly string[]>();
  const known = new Map<string, KnownGroup>();
  const seen = new Set(from);
  const ahead = [...seen];
  for (let at = 0; at < ahead.length; ) {
    const next = ahead.slice(at, at + askedMax);
    at += next.length;
    const asked: string[] = [];
    for (const id of next) {
      const group = isKnown(id);
      if (group) known.set(id, group);
      else asked.push(id);
    }
    if (asked.length > 0) await nextTurn();
    const found = asked.length > 0 ? await memberships.groupsOfEach(asked) : undefined;
    for (const id of next) {
      const holders = known.get(id)?.holders ?? found?.get(id);
      if (!holders || holders.length === 0) continue;
      follow(holders.length);
      above.set(id, holders);
      for (const holder of holders) {
        if (seen.has(holder)) continue;
        seen.add(holder);
        ahead.push(holder);
      }
    }
  }
  return { above, known, unknown: ahead.filter((id) => !known.has(id)) };
}

function reachedFrom(direct: readonly string[], above: Above, walk: Spend): readonly string[] {
  const reached = new Set(direct);
  // A set that grows while it is walked is walked to its end.
  for (const id of reached) {
    const holders = above.get(id) ?? [];
    walk(holders.length);
    for (const holder of holders) reached.add(holder);
  }
  return [...reached].sort();
}

function groupsShown(
  ids: readonly string[],
  known: ReadonlyMap<string, KnownGroup>,
  direct: readonly string[],
): readonly GroupOfUser[] {
  const own = ids.length === direct.length ? undefined : new Set(direct); // mostly all are direct
  const shown: GroupOfUser[] = [];
  for (const id of ids) {
    const group = known.get(id); // one that is being removed is not there any more
    if (group) shown.push(own === undefined || own.has(id) ? group.direct : group.indirect);
  }
  return shown;
}

const chunkMax = 1000;

/** The groups of these ids; one that is being removed is not among them. */
async function readGroups(
  tenant: Tenant<"read">,
  ids: readonly string[],
  above: Above,
): Promise<ReadonlyMap<string, KnownGroup>> {
  const read = new Map<string, KnownGroup>();
  for (let from = 0; from < ids.length; from += chunkMax) {
    const values = ids.slice(from, from + chunkMax);
    const { items } = await tenant.open(groups).list({ where: { op: "in", path: "id", values }, limit: chunkMax });
    for (const { id, displayName } of items) {
      read.set(id, {
        direct: { id, displayName, isDirect: true },
        indirect: { id, displayName, isDirect: false },
        holders: above.get(id) ?? [],
      });
    }
  }
  return read;
}
