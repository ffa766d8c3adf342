import { groups } from "../collections.ts";
import type { GroupForms, GroupListCache, GroupListWriter } from "../group-list-cache.ts";
import type { GroupOfUser } from "../record.ts";
import { type CacheCount, countRead } from "./cache-counts.ts";
import { LruCache } from "./lru-cache.ts";
import { membershipsName, type WrittenRecords } from "./written-records.ts";

/** Size limits of the cache for all organizations together. An entry takes some hundred bytes. */
export interface GroupCacheLimits {
  readonly groupsMax: number;
  /** Groups in cached lists, counted once per list, plus one per list. */
  readonly listedGroupsMax: number;
  readonly usersMax: number;
}

/**
 * Caches groups, and the lists of groups that users were shown. There are far fewer of both than users. Without the
 * cache, every response about a user reads the names and the parents of the groups.
 */
export class GroupCache implements GroupListCache {
  readonly #groups: ScopedCache<GroupForms>;
  /** Lists by the ids of a user's direct groups. */
  readonly #listsByDirectKey: ScopedCache<readonly GroupOfUser[]>;
  readonly #listsByUser: ScopedCache<readonly GroupOfUser[]>;
  /** By organization, the scope of its lists. A write of a group ends it, and with it all lists of the organization. */
  readonly #listScopes = new LruCache<string, Scope>(organizationsMax);
  readonly #count: CacheCount | undefined;
  #writes = 0;

  /** @param count counts each read of the groups of a user; absent: nothing is counted */
  constructor(limits: GroupCacheLimits, count?: CacheCount) {
    this.#count = count;
    this.#groups = new ScopedCache(limits.groupsMax);
    this.#listsByDirectKey = new ScopedCache(limits.listedGroupsMax, (list) => list.length + 1);
    this.#listsByUser = new ScopedCache(limits.usersMax);
  }

  getGroup(organizationId: string, id: string): GroupForms | undefined {
    return this.#groups.get(organizationId, id);
  }

  getList(organizationId: string, directKey: string): readonly GroupOfUser[] | undefined {
    return this.#listsByDirectKey.get(this.#listScopes.get(organizationId), directKey);
  }

  getListOfUser(organizationId: string, userId: string): readonly GroupOfUser[] | undefined {
    const list = this.#listsByUser.get(this.#listScopes.get(organizationId), userId);
    countRead(this.#count, list !== undefined);
    return list;
  }

  createWriter(organizationId: string): GroupListWriter {
    const writesBefore = this.#writes;
    let listScope = this.#listScopes.get(organizationId);
    if (!listScope) {
      listScope = {};
      this.#listScopes.set(organizationId, listScope);
    }
    const setIfUnchanged = <T>(cache: ScopedCache<T>, scope: Scope, id: string, value: T): void => {
      if (writesBefore === this.#writes) cache.set(scope, id, value);
    };
    return {
      setGroup: (id, group) => setIfUnchanged(this.#groups, organizationId, id, group),
      setList: (directKey, list) => setIfUnchanged(this.#listsByDirectKey, listScope, directKey, list),
      setListOfUser: (userId, list) => setIfUnchanged(this.#listsByUser, listScope, userId, list),
    };
  }

  /** Drops what a write could make wrong. Call this before the write can be read. */
  invalidate(written: WrittenRecords | undefined): void {
    this.#writes++;
    if (!written) {
      for (const each of [this.#groups, this.#listsByDirectKey, this.#listsByUser]) each.clear();
      return;
    }
    for (const [organizationId, collection, { ids }] of written) {
      if (collection !== groups.name && collection !== membershipsName) continue;
      for (const id of ids) {
        this.#listsByUser.delete(id);
        if (!id.startsWith("grp_")) continue;
        this.#groups.delete(id);
        this.#listScopes.delete(organizationId); // lists of members of the group and of nested groups
      }
    }
  }
}

const organizationsMax = 10_000;

/** What an entry belongs to: an organization, or the state of its groups. Compared by identity. */
type Scope = string | object;

/** Values by id, each in one scope. Values of a scope that is no longer used are evicted like any that are not used. */
class ScopedCache<T> {
  readonly #entries: LruCache<string, { readonly scope: Scope; readonly value: T }>;

  constructor(sizeMax: number, sizeOf: (value: T) => number = () => 1) {
    this.#entries = new LruCache(sizeMax, ({ value }) => sizeOf(value));
  }

  get(scope: Scope | undefined, id: string): T | undefined {
    const entry = this.#entries.get(id);
    return entry && entry.scope === scope ? entry.value : undefined;
  }

  set(scope: Scope, id: string, value: T): void {
    this.#entries.set(id, { scope, value });
  }

  delete(id: string): void {
    this.#entries.delete(id);
  }

  clear(): void {
    this.#entries.clear();
  }
}
