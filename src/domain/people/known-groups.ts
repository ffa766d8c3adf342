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

/** Groups of all organisations that are remembered, and groups in the lists of users: some hundred bytes each. */
const groupsMax = 50_000;
const listedMax = 100_000;

/**
 * Remembers groups that were read, as people far outnumber them, and what was shown of them last: without it every
 * answer about a user asks for their names and for the groups that hold them. A store that others write to as well does
 * not tell what they write, and then nothing is remembered.
 */
export class KnownGroups {
  readonly #isTold: boolean;
  readonly #groups: ById<KnownGroup>;
  /** By user. */
  readonly #lists: ById<readonly GroupOfUser[]>;
  #writes = 0;

  constructor(store: Store, most = { groups: groupsMax, listed: listedMax }) {
    this.#groups = new ById(most.groups);
    this.#lists = new ById(most.listed);
    this.#isTold = store.onWritten !== undefined;
    store.onWritten?.((organizationId, ids) => {
      this.#writes++;
      if (organizationId === undefined) {
        this.#groups.clear();
        this.#lists.clear();
      } else this.#forget(organizationId, ids);
    });
  }

  group(organizationId: string, id: string): KnownGroup | undefined {
    return this.#groups.get(organizationId, id);
  }

  listOf(organizationId: string, userId: string): readonly GroupOfUser[] | undefined {
    return this.#lists.get(organizationId, userId);
  }

  /**
   * A place for what is read from now on: what is written meanwhile may change it, and then it is not kept.
   */
  learning(organizationId: string): {
    group(id: string, group: KnownGroup): void;
    list(userId: string, groups: readonly GroupOfUser[]): void;
  } {
    const writes = this.#writes;
    const isCurrent = (): boolean => this.#isTold && writes === this.#writes;
    return {
      group: (id, group) => {
        if (isCurrent()) this.#groups.set(organizationId, id, group, 1);
      },
      list: (userId, groups) => {
        if (isCurrent()) this.#lists.set(organizationId, userId, groups, groups.length + 1);
      },
    };
  }

  #forget(organizationId: string, ids: Iterable<string>): void {
    for (const id of ids) {
      this.#groups.delete(organizationId, id);
      this.#lists.delete(organizationId, id);
      if (id.startsWith("grp_")) this.#lists.clear(organizationId); // whoever is in it, or in a group in it
    }
  }
}

/** What is known of the members of organisations, by their ids, up to a size; beyond it, it is all forgotten. */
class ById<T> {
  readonly #sizeMax: number;
  readonly #organizations = new Map<string, Map<string, { readonly value: T; readonly size: number }>>();
  #size = 0;

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax;
  }

  get(organizationId: string, id: string): T | undefined {
    return this.#organizations.get(organizationId)?.get(id)?.value;
  }

  set(organizationId: string, id: string, value: T, size: number): void {
    this.delete(organizationId, id);
    if (this.#size + size > this.#sizeMax) this.clear();
    if (size > this.#sizeMax) return;
    const known = this.#organizations.get(organizationId) ?? new Map();
    this.#organizations.set(organizationId, known.set(id, { value, size }));
    this.#size += size;
  }

  delete(organizationId: string, id: string): void {
    const known = this.#organizations.get(organizationId);
    const entry = known?.get(id);
    if (!known || !entry) return;
    known.delete(id);
    this.#size -= entry.size;
  }

  /** @param organizationId whose; absent: everybody's */
  clear(organizationId?: string): void {
    if (organizationId === undefined) {
      this.#organizations.clear();
      this.#size = 0;
      return;
    }
    for (const { size } of this.#organizations.get(organizationId)?.values() ?? []) this.#size -= size;
    this.#organizations.delete(organizationId);
  }
}
