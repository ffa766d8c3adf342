import type { Store } from "../../store/store.ts";

/** A group that a user belongs to (RFC 7643 section 4.1.2, `groups`). All users and responses share the object. */
export interface GroupOfUser {
  readonly id: string;
  readonly displayName: string;
  /** Whether the user is a direct member, and not a member of a nested group. */
  readonly isDirect: boolean;
}

/** A group in the forms that its members are shown, with its parent groups. */
export interface CachedGroup {
  /** The form for direct members. */
  readonly direct: GroupOfUser;
  /** The form for members of nested groups. */
  readonly indirect: GroupOfUser;
  /** Ids of the groups that contain this group directly. */
  readonly parentIds: readonly string[];
}

/** Size limits of the cache for all organizations together. An entry takes some hundred bytes. */
export interface CacheLimits {
  readonly groupsMax: number;
  /** Groups in cached lists, counted once per list, plus one per list. */
  readonly listedGroupsMax: number;
  readonly usersMax: number;
}

const defaultLimits: CacheLimits = { groupsMax: 50_000, listedGroupsMax: 100_000, usersMax: 100_000 };

/**
 * Caches groups, and the lists of groups that users were shown. There are far fewer of both than users. Without the
 * cache, every response about a user reads the names and the parents of the groups.
 *
 * Writes invalidate the cache: the store reports each write before any reader can see it. A store that other
 * processes write to cannot report their writes; with such a store, the cache stays empty.
 */
export class GroupCache {
  readonly #isEnabled: boolean;
  readonly #groups: BoundedCache<CachedGroup>;
  /** Lists by the ids of a user's direct groups. */
  readonly #listsByDirectKey: BoundedCache<readonly GroupOfUser[]>;
  readonly #listsByUser: BoundedCache<readonly GroupOfUser[]>;
  #writes = 0;

  constructor(store: Store, limits = defaultLimits) {
    this.#groups = new BoundedCache(limits.groupsMax);
    this.#listsByDirectKey = new BoundedCache(limits.listedGroupsMax, (groups) => groups.length + 1);
    this.#listsByUser = new BoundedCache(limits.usersMax);
    this.#isEnabled = store.onWrite !== undefined;
    store.onWrite?.((organizationId, ids) => {
      this.#writes++;
      if (organizationId !== undefined) return this.#invalidate(organizationId, ids);
      for (const each of [this.#groups, this.#listsByDirectKey, this.#listsByUser]) each.clear();
    });
  }

  getGroup(organizationId: string, id: string): CachedGroup | undefined {
    return this.#groups.get(organizationId, id);
  }

  /** @param directKey comma-separated ids of a user's direct groups */
  getList(organizationId: string, directKey: string): readonly GroupOfUser[] | undefined {
    return this.#listsByDirectKey.get(organizationId, directKey);
  }

  getListOfUser(organizationId: string, userId: string): readonly GroupOfUser[] | undefined {
    return this.#listsByUser.get(organizationId, userId);
  }

  /**
   * Creates a writer for values that are read from now on. Once the store has been written to, it caches nothing
   * more.
   */
  createWriter(organizationId: string): CacheWriter {
    const writesBefore = this.#writes;
    const setIfUnchanged = <T>(cache: BoundedCache<T>, id: string, value: T): void => {
      if (this.#isEnabled && writesBefore === this.#writes) cache.set(organizationId, id, value);
    };
    return {
      setGroup: (id, cachedGroup) => setIfUnchanged(this.#groups, id, cachedGroup),
      setList: (directKey, groups) => setIfUnchanged(this.#listsByDirectKey, directKey, groups),
      setListOfUser: (userId, groups) => setIfUnchanged(this.#listsByUser, userId, groups),
    };
  }

  #invalidate(organizationId: string, ids: Iterable<string>): void {
    for (const id of ids) {
      this.#groups.delete(organizationId, id);
      this.#listsByUser.delete(organizationId, id);
      if (!id.startsWith("grp_")) continue;
      this.#listsByDirectKey.clear(organizationId);
      this.#listsByUser.clear(organizationId); // members of the group and of nested groups
    }
  }
}

/** Stores values in the cache under the keys of the corresponding getters. */
export interface CacheWriter {
  setGroup(id: string, group: CachedGroup): void;
  setList(directKey: string, groups: readonly GroupOfUser[]): void;
  setListOfUser(userId: string, groups: readonly GroupOfUser[]): void;
}

/** Values by organization and id. If the total size exceeds the limit, the cache is cleared. */
class BoundedCache<T> {
  readonly #sizeMax: number;
  readonly #sizeOf: (value: T) => number;
  readonly #organizations = new Map<string, Map<string, T>>();
  #size = 0;

  constructor(sizeMax: number, sizeOf: (value: T) => number = () => 1) {
    this.#sizeMax = sizeMax;
    this.#sizeOf = sizeOf;
  }

  get(organizationId: string, id: string): T | undefined {
    return this.#organizations.get(organizationId)?.get(id);
  }

  set(organizationId: string, id: string, value: T): void {
    this.delete(organizationId, id);
    const size = this.#sizeOf(value);
    if (this.#size + size > this.#sizeMax) this.clear();
    if (size > this.#sizeMax) return;
    const values = this.#organizations.get(organizationId) ?? new Map<string, T>();
    this.#organizations.set(organizationId, values.set(id, value));
    this.#size += size;
  }

  delete(organizationId: string, id: string): void {
    const values = this.#organizations.get(organizationId);
    const value = values?.get(id);
    if (!values || value === undefined) return;
    values.delete(id);
    this.#size -= this.#sizeOf(value);
  }

  /** @param organizationId absent: clears all organizations */
  clear(organizationId?: string): void {
    if (organizationId === undefined) {
      this.#organizations.clear();
      this.#size = 0;
      return;
    }
    for (const value of this.#organizations.get(organizationId)?.values() ?? []) this.#size -= this.#sizeOf(value);
    this.#organizations.delete(organizationId);
  }
}
