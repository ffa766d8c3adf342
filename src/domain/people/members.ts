import type { Store, Tenant } from "../../store/collection.ts";
import { groups, users } from "../../store/collections.ts";

/** A member of a group, with the name by which people know it. */
export interface Member {
  readonly id: string;
  readonly type: "user" | "group";
  /** The displayName; the userName of a user without one. */
  readonly name: string;
}

/** Who is in a group, seen from the group's side. */
export class Members {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Direct members in id order, from after `after` on. A member that is being removed is not among them any more. */
  async list(
    organizationId: string,
    groupId: string,
    page: { readonly after?: string; readonly limit: number },
  ): Promise<readonly { readonly id: string; readonly member: Member | undefined }[]> {
    const tenant = this.#store.for(organizationId);
    const ids = await tenant.memberships.members(groupId, page);
    const known = await namesOf(tenant, ids);
    return ids.map((id) => ({ id, member: known.get(id) }));
  }

  /** @returns undefined for who is not a member of the group itself */
  async get(organizationId: string, groupId: string, memberId: string): Promise<Member | undefined> {
    const tenant = this.#store.for(organizationId);
    const [id] = await tenant.memberships.membersAmong(groupId, [memberId]);
    return id === undefined ? undefined : (await namesOf(tenant, [id])).get(id);
  }
}

/** One question for all users, and one for all groups. */
async function namesOf(tenant: Tenant<"read">, ids: readonly string[]): Promise<ReadonlyMap<string, Member>> {
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
