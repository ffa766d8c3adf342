import type { Store } from "../../store/collection.ts";

/** A group that a user belongs to (RFC 7643 section 4.1.2, `groups`); the same object for all users and answers. */
export interface GroupOfUser {
  readonly id: string;
  readonly displayName: string;
  /** Whether the user is a member of the group itself, and not of a group in it. */
  readonly isDirect: boolean;
}

/** What the members of a group are shown of it, and where it leads. */
export interface KnownGroup {
  /** As one who is in it sees it, and as one who is in a group in it. */
  readonly direct: GroupOfUser;
  readonly indirect: GroupOfUser;
  /** Ids of the groups that hold it directly. */
  readonly holders: readonly string[];
}

/** How much is remembered, of all organisations together: some hundred bytes each. */
export interface KnownMost {
  readonly groups: number;
  /** Groups in lists. */
  readonly listed: number;
  readonly users: number;
}

const usually: KnownMost = { groups: 50_000, listed: 100_000, users: 100_000 };

/**
 * Remembers groups that were read, as people far outnumber them, and the lists of them that were shown, of which there
 * are fewer than people as well: without it every answer about a user asks for the groups' names and for the groups that
 * hold them. A store that others write to as well does not tell what they write, and then nothing is remembered.
 */
export class KnownGroups {
  readonly #isTold: boolean;
  readonly #groups: ById<KnownGroup>;
  /** By the ids of the groups that a user is in directly. */
  readonly #lists: ById<readonly GroupOfUser[]>;
  readonly #listsOfUsers: ById<readonly GroupOfUser[]>;
  #writes = 0;

  constructor(store: Store, most = usually) {
    this.#groups = new ById(most.groups);
    this.#lists = new ById(most.listed, (list) => list.length + 1);
    this.#listsOfUsers = new ById(most.users);
    this.#isTold = store.onWritten !== undefined;
    store.onWritten?.((organizationId, ids) => {
      this.#writes++;
      if (organizationId !== undefined) return this.#forget(organizationId, ids);
      for (const each of [this.#groups, this.#lists, this.#listsOfUsers]) each.clear();
    });
  }

  group(organizationId: string, id: string): KnownGroup | undefined {
    return this.#groups.get(organizationId, id);
  }

  /** @param direct ids of the groups that a user is in directly, with commas between them */
  list(organizationId: string, direct: string): readonly GroupOfUser[] | undefined {
    return this.#lists.get(organizationId, direct);
  }

  listOfUser(organizationId: string, userId: string): readonly GroupOfUser[] | undefined {
    return this.#listsOfUsers.get(organizationId, userId);
  }

  /**
   * A place for what is read from now on: what is written meanwhile may change it, and then it is not kept.
   */
  learning(organizationId: string): Learning {
    const writes = this.#writes;
    const learn = <T>(what: ById<T>, id: string, value: T): void => {
      if (this.#isTold && writes === this.#writes) what.set(organizationId, id, value);
    };
    return {
      group: (id, group) => learn(this.#groups, id, group),
      list: (direct, list) => learn(this.#lists, direct, list),
      listOfUser: (userId, list) => learn(this.#listsOfUsers, userId, list),
    };
  }

  #forget(organizationId: string, ids: Iterable<string>): void {
    for (const id of ids) {
      this.#groups.delete(organizationId, id);
      this.#listsOfUsers.delete(organizationId, id);
      if (!id.startsWith("grp_")) continue;
      this.#lists.clear(organizationId);
      this.#listsOfUsers.clear(organizationId); // whoever is in it, or in a group in it
    }
  }
}

/** Keeps what was read, under the names by which `KnownGroups` is asked for it. */
export interface Learning {
  group(id: string, group: KnownGroup): void;
  list(direct: string, list: readonly GroupOfUser[]): void;
  listOfUser(userId: string, list: readonly GroupOfUser[]): void;
}

/** What is known in organisations, by ids, up to a size; beyond it, it is all forgotten. */
class ById<T> {
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
    const known = this.#organizations.get(organizationId) ?? new Map<string, T>();
    this.#organizations.set(organizationId, known.set(id, value));
    this.#size += size;
  }

  delete(organizationId: string, id: string): void {
    const known = this.#organizations.get(organizationId);
    const value = known?.get(id);
    if (!known || value === undefined) return;
    known.delete(id);
    this.#size -= this.#sizeOf(value);
  }

  /** @param organizationId whose; absent: everybody's */
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
