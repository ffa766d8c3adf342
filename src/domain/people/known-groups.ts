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

/** Groups of all organisations that are remembered, some hundred bytes each. */
const groupsMax = 50_000;

/**
 * Remembers groups that were read, as people far outnumber them: without it every answer about a user asks for their
 * names and for the groups that hold them. A store that others write to as well does not tell what they write, and then
 * nothing is remembered.
 */
export class KnownGroups {
  readonly #isTold: boolean;
  /** By organisation, then by id. */
  #groups = new Map<string, Map<string, KnownGroup>>();
  #count = 0;
  #writes = 0;

  constructor(store: Store) {
    this.#isTold = store.onWritten !== undefined;
    store.onWritten?.((organizationId, ids) => {
      this.#writes++;
      if (organizationId === undefined) this.#forgetAll();
      else this.#forget(organizationId, ids);
    });
  }

  get(organizationId: string, id: string): KnownGroup | undefined {
    return this.#groups.get(organizationId)?.get(id);
  }

  /** To be taken before a group is read, and given with it: what was written meanwhile may have changed it. */
  moment(): number {
    return this.#writes;
  }

  /** @param moment before the group was read */
  keep(organizationId: string, id: string, group: KnownGroup, moment: number): void {
    if (!this.#isTold || moment !== this.#writes) return;
    if (this.#count >= groupsMax) this.#forgetAll();
    const groups = this.#groups.get(organizationId) ?? new Map<string, KnownGroup>();
    if (!groups.has(id)) this.#count++;
    groups.set(id, group);
    this.#groups.set(organizationId, groups);
  }

  #forget(organizationId: string, ids: Iterable<string>): void {
    const groups = this.#groups.get(organizationId);
    if (!groups) return;
    for (const id of ids) if (groups.delete(id)) this.#count--;
  }

  #forgetAll(): void {
    this.#groups = new Map();
    this.#count = 0;
  }
}
