import type { Group } from "../../../schemas/user.ts";
import { AppError } from "../../errors.ts";
import type { Change, Page, Query, Store } from "../../store/collection.ts";
import { groups } from "../../store/collections.ts";
import { attributesOf, sameAttributes } from "../attributes.ts";
import { record } from "../audit/record.ts";
import type { Caller } from "../caller.ts";
import { assertUnreferenced } from "../catalogue/references.ts";
import { lookTwice, takenAs } from "../conflict.ts";
import { newEntity, nextVersion } from "../entity.ts";
import { assertVersion, type ExpectedVersion } from "../precondition.ts";
import { announcePurge, type Purges } from "../purges/purges.ts";
import { assertMayEdit, type Editor, editTold, ownership } from "./managed.ts";
import { withMembersResolved } from "./member-filter.ts";
import { type MembershipChanges, type MembershipStep, pagesOfMembers, takeSteps } from "./membership-steps.ts";
import { find, type Named, turnOf } from "./named.ts";
import { withTwin } from "./twin.ts";

export type GroupAttributes = Readonly<Record<string, unknown>> & { readonly displayName: string };

export interface GroupRevision {
  /** The attributes from now on, made from those that are stored; absent when only the members change. */
  readonly revise?: (current: Stored) => GroupAttributes;
  readonly members?: readonly MembershipStep[];
}

/** A group as it is after a change, and who came and went. */
export interface ChangedGroup extends MembershipChanges {
  readonly group: Group;
}

/** The groups of an organisation. Members are edges: no change of a few members reads the group's other members. */
export class Groups {
  readonly #store: Store;
  readonly #purges: Purges;

  constructor(store: Store, purges: Purges) {
    this.#store = store;
    this.#purges = purges;
  }

  /** The group without its members. @returns undefined for what the organisation does not have */
  get(organizationId: string, which: Named): Promise<Group | undefined> {
    return find(this.#store.for(organizationId).open(groups), which, key);
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
  create(
    caller: Caller,
    attributes: GroupAttributes,
    memberIds: readonly string[],
    editor: Editor = "admin",
  ): Promise<Group> {
    return this.#change((change) => createWithin(change, caller, attributes, memberIds, editor));
  }

  /**
   * Makes the group of this name, or changes the one that there is; its members stay.
   * @param revise may run more than once
   * @throws AppError precondition-failed; managed; and what `revise` throws
   */
  async put(
    caller: Caller,
    displayName: string,
    expected: ExpectedVersion | undefined,
    revise: (current: Stored | undefined) => GroupAttributes,
    editor: Editor = "admin",
  ): Promise<{ readonly stored: Group; readonly isNew: boolean }> {
    const which = { name: displayName };
    return lookTwice(() =>
      this.#change(async (change) => {
        const current = await find(change.for(caller.organizationId).open(groups), which, key);
        if (current) {
          const { group } = await updateWithin(change, caller, current, expected, { revise }, editor);
          return { stored: group, isNew: false };
        }
        if (expected?.oneOf) throw new AppError("precondition-failed", "There is no such group yet.");
        return { stored: await createWithin(change, caller, revise(undefined), [], editor), isNew: true };
      }, which),
    );
  }

  /**
   * Changes a group's attributes, members, or both, in one transaction. Nothing is written when nothing differs.
   * @throws AppError not-found; precondition-failed; managed; conflict; invalid-value for a member that does not exist
   */
  update(
    caller: Caller,
    which: Named,
    expected: ExpectedVersion | undefined,
    revision: GroupRevision,
    editor: Editor = "admin",
  ): Promise<ChangedGroup> {
    return this.#change(async (change) => {
      const current = await find(change.for(caller.organizationId).open(groups), which, key);
      if (!current) throw notFound();
      return updateWithin(change, caller, current, expected, revision, editor);
    }, which);
  }

  /**
   * Removes a group and every membership. What of the catalogue names the group holds up an admin, and not the identity
   * provider.
   * @throws AppError not-found; precondition-failed; managed; referenced
   */
  async remove(
    caller: Caller,
    which: Named,
    expected: ExpectedVersion | undefined,
    editor: Editor = "admin",
  ): Promise<void> {
    const purge = await this.#change(async (change) => {
      const tenant = change.for(caller.organizationId);
      const current = await find(tenant.open(groups), which, key);
      if (!current) throw notFound();
      const { id } = current;
      assertVersion(current.version, expected);
      assertMayEdit(current, editor, "group");
      if (editor !== "scim") await assertUnreferenced(tenant, `group:${id}`, "group");
      await tenant.open(groups).remove(id, current.version);
      await record(change, caller.organizationId, caller, {
        action: "group.delete",
        target: { type: "group", id },
        before: attributesOf(current),
        ...editTold(current, editor),
      });
      return announcePurge(change, caller.organizationId, id);
    }, which);
    await this.#purges.carryOut(purge);
  }

  /** One transaction. That a name is taken is told of the field; the store knows the index. */
  #change<R>(body: (change: Change) => Promise<R>, which?: Named): Promise<R> {
    return this.#store
      .transaction(body, which === undefined ? {} : { turn: turnOf(which) })
      .catch(takenAs("displayName"));
  }
}

type Stored = Readonly<Record<string, unknown>>;

/** The index by which a displayName is taken once. */
const key = "folded.displayName";

const notFound = (): AppError => new AppError("not-found", "There is no such group.");

async function createWithin(
  change: Change,
  caller: Caller,
  attributes: GroupAttributes,
  memberIds: readonly string[],
  editor: Editor,
): Promise<Group> {
  const { organizationId } = caller;
  const tenant = change.for(organizationId);
  const group = { ...newEntity("grp", organizationId), ...ownership({}, editor), ...attributes };
  await tenant.open(groups).insert(withTwin(group));
  const { added } = await takeSteps(tenant, group.id, [{ add: memberIds }]);
  await record(change, organizationId, caller, {
    action: "group.create",
    target: { type: "group", id: group.id },
    after: attributesOf(group),
    ...(added.length > 0 && { details: { members: told(added) } }),
  });
  return group;
}

async function updateWithin(
  change: Change,
  caller: Caller,
  current: Group,
  expected: ExpectedVersion | undefined,
  revision: GroupRevision,
  editor: Editor,
): Promise<ChangedGroup> {
  assertVersion(current.version, expected);
  const { id, organizationId, createdAt } = current;
  const tenant = change.for(organizationId);
  const before = attributesOf(current);
  const after = revision.revise?.(before) ?? (before as GroupAttributes);
  const { added, removed } = await takeSteps(tenant, id, revision.members ?? []);
  const attributesDiffer = !sameAttributes(before, after);
  const membersDiffer = added.length + removed.length > 0;
  const owned = ownership(current, editor);
  if (!attributesDiffer && !membersDiffer && owned.managedBy === current.managedBy) {
    return { group: current, added, removed };
  }
  assertMayEdit(current, editor, "group");
  const group = { id, organizationId, createdAt, ...nextVersion(current), ...owned, ...after };
  await tenant.open(groups).replace(withTwin(group), current.version);
  await record(change, organizationId, caller, {
    action: membersDiffer && !attributesDiffer ? "group.members.change" : "group.update",
    target: { type: "group", id },
    ...(attributesDiffer && { before, after }),
    ...editTold(current, editor, membersDiffer ? { added: told(added), removed: told(removed) } : {}),
  });
  return { group, added, removed };
}

/** Long enough for what people do by hand; a whole import is told by its size. */
const toldMax = 100;
const told = (ids: readonly string[]): unknown =>
  ids.length <= toldMax ? ids : { count: ids.length, first: ids.slice(0, toldMax) };
