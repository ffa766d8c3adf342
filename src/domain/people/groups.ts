import type { Group } from "../../../schemas/user.ts";
import { AppError } from "../../errors.ts";
import type { Entity, Page, Query, Reader, Store, Tenant } from "../../store/collection.ts";
import { groups, users } from "../../store/collections.ts";
import { record } from "../audit/record.ts";
import type { Caller } from "../caller.ts";
import { newEntity, nextVersion } from "../entity.ts";
import { assertVersion, type ExpectedVersion } from "../precondition.ts";
import { attributesOf, sameAttributes } from "./attributes.ts";
import { withMembersResolved } from "./member-filter.ts";
import { announcePurge, type Purges } from "./purges.ts";
import { withTwin } from "./twin.ts";

export type GroupAttributes = Readonly<Record<string, unknown>> & { readonly displayName: string };

/** What happens to the members of a group in one change, in this order. */
export type MembershipStep =
  | { readonly add: readonly string[] }
  | { readonly remove: readonly string[] }
  | { readonly set: readonly string[] };

export interface GroupRevision {
  /** The attributes from now on, made from those that are stored; absent when only the members change. */
  readonly revise?: (current: Readonly<Record<string, unknown>>) => GroupAttributes;
  readonly members?: readonly MembershipStep[];
}

/** The groups of an organisation. Members are edges: no change of a few members reads the group's other members. */
export class Groups {
  readonly #store: Store;
  readonly #purges: Purges;

  constructor(store: Store, purges: Purges) {
    this.#store = store;
    this.#purges = purges;
  }

  /** The group without its members. @returns undefined for an id that the organisation does not have */
  get(organizationId: string, id: string): Promise<Group | undefined> {
    return this.#store.for(organizationId).open(groups).get(id);
  }

  /** @throws AppError query-too-expensive; invalid-filter */
  async list(organizationId: string, query: Query): Promise<Page<Group>> {
    const tenant = this.#store.for(organizationId);
    const where = query.where && (await withMembersResolved(query.where, tenant.memberships));
    return tenant.open(groups).list({ ...query, ...(where && { where }) });
  }

  /** All members of a group, in id order, a page at a time. */
  async *members(organizationId: string, id: string): AsyncGenerator<readonly string[]> {
    yield* pagesOfMembers(this.#store.for(organizationId), id);
  }

  /** @throws AppError conflict when the displayName is taken; invalid-value for a member that does not exist */
  create(caller: Caller, attributes: GroupAttributes, memberIds: readonly string[]): Promise<Group> {
    return this.#store.transaction(async (change) => {
      const tenant = change.for(caller.organizationId);
      const group = { ...newEntity("grp", caller.organizationId), ...attributes };
      await tenant.open(groups).insert(withTwin(group));
      const { added } = await takeSteps(tenant, group.id, [{ add: memberIds }]);
      await record(change, caller.organizationId, caller, {
        action: "group.create",
        target: { type: "group", id: group.id },
        after: attributesOf(group),
        ...(added.length > 0 && { details: { members: told(added) } }),
      });
      return group;
    });
  }

  /**
   * Changes a group's attributes, members, or both, in one transaction. Nothing is written when nothing differs.
   * @throws AppError not-found; precondition-failed; conflict; invalid-value for a member that does not exist
   */
  update(caller: Caller, id: string, expected: ExpectedVersion | undefined, revision: GroupRevision): Promise<Group> {
    return this.#store.transaction(
      async (change) => {
        const tenant = change.for(caller.organizationId);
        const current = await tenant.open(groups).get(id);
        if (!current) throw notFound();
        assertVersion(current.version, expected);
        const before = attributesOf(current);
        const after = revision.revise?.(before) ?? before;
        const { added, removed } = await takeSteps(tenant, id, revision.members ?? []);
        const attributesDiffer = !sameAttributes(before, after);
        if (!attributesDiffer && added.length === 0 && removed.length === 0) return current;
        const { organizationId, createdAt } = current;
        const group = { id, organizationId, createdAt, ...nextVersion(current), ...(after as GroupAttributes) };
        await tenant.open(groups).replace(withTwin(group), current.version);
        await record(change, organizationId, caller, {
          action: attributesDiffer ? "group.update" : "group.members.change",
          target: { type: "group", id },
          ...(attributesDiffer && { before, after }),
          ...(added.length + removed.length > 0 && { details: { added: told(added), removed: told(removed) } }),
        });
        return group;
      },
      { turn: id },
    );
  }

  /** @throws AppError not-found; precondition-failed */
  async remove(caller: Caller, id: string, expected: ExpectedVersion | undefined): Promise<void> {
    const purge = await this.#store.transaction(
      async (change) => {
        const open = change.for(caller.organizationId).open(groups);
        const current = await open.get(id);
        if (!current) throw notFound();
        assertVersion(current.version, expected);
        await open.remove(id, current.version);
        await record(change, caller.organizationId, caller, {
          action: "group.delete",
          target: { type: "group", id },
          before: attributesOf(current),
        });
        return announcePurge(change, caller.organizationId, id);
      },
      { turn: id },
    );
    await this.#purges.carryOut(purge);
  }
}

const notFound = (): AppError => new AppError("not-found", "There is no such group.");

const pageMax = 1000;

async function* pagesOfMembers(
  { memberships }: Pick<Tenant<"read">, "memberships">,
  groupId: string,
): AsyncGenerator<readonly string[]> {
  for (let after = ""; ; ) {
    const page = await memberships.members(groupId, { after, limit: pageMax });
    if (page.length > 0) yield page;
    const last = page.at(-1);
    if (page.length < pageMax || last === undefined) return;
    after = last;
  }
}

/** Net changes: who is a member now and was not before, and the other way round. */
async function takeSteps(
  tenant: Tenant<"write">,
  groupId: string,
  steps: readonly MembershipStep[],
): Promise<{ added: readonly string[]; removed: readonly string[] }> {
  const added = new Set<string>();
  const removed = new Set<string>();
  const add = async (ids: readonly string[]): Promise<void> => {
    await assertExist(tenant, groupId, ids);
    for (const id of await tenant.memberships.add(groupId, ids)) {
      if (!removed.delete(id)) added.add(id);
    }
  };
  const remove = async (ids: readonly string[]): Promise<void> => {
    for (const id of await tenant.memberships.remove(groupId, [...new Set(ids)])) {
      if (!added.delete(id)) removed.add(id);
    }
  };
  for (const step of steps) {
    if ("add" in step) await add(step.add);
    else if ("remove" in step) await remove(step.remove);
    else {
      const wanted = new Set(step.set);
      const surplus: string[] = [];
      for await (const page of pagesOfMembers(tenant, groupId)) surplus.push(...page.filter((id) => !wanted.has(id)));
      await remove(surplus);
      await add(step.set);
    }
  }
  return { added: [...added], removed: [...removed] };
}

/** An id of another organisation is answered exactly as one that was never given out. */
async function assertExist(tenant: Tenant<"write">, groupId: string, memberIds: readonly string[]): Promise<void> {
  if (memberIds.includes(groupId)) throw badMember("a group cannot be its own member");
  const unique = [...new Set(memberIds)];
  const stranger = unique.find((id) => !id.startsWith("usr_") && !id.startsWith("grp_"));
  if (stranger !== undefined) throw badMember(`there is no user or group ${JSON.stringify(stranger.slice(0, 100))}`);
  await assertAllIn(
    tenant.open(users),
    unique.filter((id) => id.startsWith("usr_")),
  );
  await assertAllIn(
    tenant.open(groups),
    unique.filter((id) => id.startsWith("grp_")),
  );
}

async function assertAllIn(collection: Reader<Entity>, ids: readonly string[]): Promise<void> {
  for (let from = 0; from < ids.length; from += pageMax) {
    const some = ids.slice(from, from + pageMax);
    if ((await collection.count({ op: "in", path: "id", values: some })) === some.length) continue;
    for (const id of some) {
      if (!(await collection.get(id))) throw badMember(`there is no user or group ${JSON.stringify(id)}`);
    }
  }
}

const badMember = (why: string): AppError =>
  new AppError("invalid-value", `A member cannot be added: ${why}.`, { field: "members" });

/** Long enough for what people do by hand; a whole import is told by its size. */
const toldMax = 100;
const told = (ids: readonly string[]): unknown =>
  ids.length <= toldMax ? ids : { count: ids.length, first: ids.slice(0, toldMax) };
