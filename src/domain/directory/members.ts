import { groups, users } from "../../store/collections.ts";
import type { Store, Tenant } from "../../store/store.ts";
import { readMemberSet } from "./member-set.ts";

/** A member of a group with its display name. */
export interface Member {
  readonly id: string;
  readonly type: "user" | "group";
  /** The displayName, or the userName of a user without a displayName. */
  readonly name: string;
}

/** Reads the members of groups. */
export class Members {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Lists direct members in id order, starting after the id `after`.
   * @returns ids with their members; a member that is being removed is undefined
   */
  async list(
    organizationId: string,
    groupId: string,
    page: { readonly after?: string; readonly limit: number },
  ): Promise<readonly { readonly id: string; readonly member: Member | undefined }[]> {
    const tenant = this.#store.for(organizationId);
    const ids = await tenant.memberships.members(groupId, page);
    const membersById = await readMembers(tenant, ids);
    return ids.map((id) => ({ id, member: membersById.get(id) }));
  }

  /** Returns the ids of all direct members, sorted. @throws AppError query-too-expensive for more than 10,000 */
  readSet(organizationId: string, groupId: string): Promise<readonly string[]> {
    return readMemberSet(this.#store.for(organizationId).memberships, groupId);
  }

  /** @returns the user or group with its display name, whether it is a member or not; undefined if there is none */
  async describe(organizationId: string, memberId: string): Promise<Member | undefined> {
    return (await readMembers(this.#store.for(organizationId), [memberId])).get(memberId);
  }

  /** @returns undefined if the user or group is not a direct member */
  async get(organizationId: string, groupId: string, memberId: string): Promise<Member | undefined> {
    const tenant = this.#store.for(organizationId);
    const [id] = await tenant.memberships.filterMembers(groupId, [memberId]);
    return id === undefined ? undefined : (await readMembers(tenant, [id])).get(id);
  }
}

/**
 * Reads users and groups by id, with one query each.
 * @returns the members by id, without those that do not exist
 */
export async function readMembers(
  tenant: Pick<Tenant<"read">, "open">,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Member>> {
  const members = new Map<string, Member>();
  const values = { user: ids.filter((id) => id.startsWith("usr_")), group: ids.filter((id) => id.startsWith("grp_")) };
  if (values.user.length > 0) {
    const where = { op: "in", path: "id", values: values.user } as const;
    const { items } = await tenant.open(users).list({ where, limit: values.user.length });
    for (const { id, userName, displayName = userName } of items)
      members.set(id, { id, type: "user", name: displayName });
  }
  if (values.group.length > 0) {
    const where = { op: "in", path: "id", values: values.group } as const;
    const { items } = await tenant.open(groups).list({ where, limit: values.group.length });
    for (const { id, displayName } of items) members.set(id, { id, type: "group", name: displayName });
  }
  return members;
}
