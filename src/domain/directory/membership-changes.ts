import type { MemberSelection, MembershipChange } from "../../../schemas/user.ts";
import { AppError, hasErrorCode, withDetails } from "../../errors.ts";
import { waitForOwnTick } from "../../own-tick.ts";
import { groups, users } from "../../store/collections.ts";
import { chunks, idPages } from "../../store/paging/pages.ts";
import type { Entity } from "../../store/record.ts";
import type { Reader, Tenant } from "../../store/store.ts";
import { readMembers } from "./members.ts";

/** The net effect of a change: ids of the members that were added, of those that were removed, and of those ignored. */
export interface MembershipDiff {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Ids in the request that name no user and no group. */
  readonly ignored: readonly string[];
}

/** Returns whether members that do not exist are ignored. Called only for a request that contains one. */
export type UnknownMemberPolicy = () => Promise<boolean>;

const rejectUnknownMembers: UnknownMemberPolicy = async () => false;

/**
 * Applies changes to the members of a group, in order.
 * @throws AppError invalid-value for a member that does not exist and is not ignored, and for the group itself, with the
 *   position of the change in `details.membershipChange`; query-too-expensive for a selection from too many members
 */
export async function applyMembershipChanges(
  tenant: Tenant<"write">,
  groupId: string,
  changes: readonly MembershipChange[],
  ignoresUnknown: UnknownMemberPolicy = rejectUnknownMembers,
): Promise<MembershipDiff> {
  const added = new Set<string>();
  const removed = new Set<string>();
  const ignored = new Set<string>();
  const budget = { remaining: selectedFromMax };
  const add = async (requestedIds: readonly string[]): Promise<void> => {
    const unknownIds = await checkMembers(tenant, groupId, requestedIds, ignoresUnknown);
    for (const id of unknownIds) ignored.add(id);
    const ids = unknownIds.size > 0 ? requestedIds.filter((id) => !unknownIds.has(id)) : requestedIds;
    for (const id of await tenant.memberships.add(groupId, ids)) {
      if (!removed.delete(id)) added.add(id);
    }
  };
  const remove = async (ids: readonly string[]): Promise<void> => {
    for (const id of await tenant.memberships.remove(groupId, [...new Set(ids)])) {
      if (!added.delete(id)) removed.add(id);
    }
  };
  const apply = async (change: MembershipChange): Promise<void> => {
    if ("add" in change) await add(change.add);
    else if ("remove" in change) await remove(change.remove);
    else if ("removeMatching" in change)
      await remove(await selectFromMembers(tenant, groupId, change.removeMatching, budget));
    else {
      const targetIds = new Set(change.set);
      const surplusIds: string[] = [];
      for await (const page of listMemberPages(tenant, groupId)) {
        surplusIds.push(...page.filter((id) => !targetIds.has(id)));
        await waitForOwnTick();
      }
      await remove(surplusIds);
      await add(change.set);
    }
  };
  for (const [index, change] of changes.entries()) {
    await apply(change).catch((error: unknown) => {
      throw hasErrorCode(error, "invalid-value") ? withDetails(error, { membershipChange: index + 1 }) : error;
    });
  }
  return { added: [...added], removed: [...removed], ignored: [...ignored] };
}

const pageSize = 1000;
/** The maximum number of members that the selections of one request read, inside its transaction. */
const selectedFromMax = 100_000;

async function selectFromMembers(
  tenant: Tenant<"write">,
  groupId: string,
  { needsDisplay, matches }: MemberSelection,
  budget: { remaining: number },
): Promise<readonly string[]> {
  const selectedIds: string[] = [];
  for await (const page of listMemberPages(tenant, groupId)) {
    budget.remaining -= page.length;
    if (budget.remaining < 0) {
      throw new AppError(
        "query-too-expensive",
        `Members can be selected from at most ${selectedFromMax} members in one request: remove them by their ids.`,
      );
    }
    await waitForOwnTick();
    const members = needsDisplay ? await readMembers(tenant, page) : undefined;
    for (const id of page) {
      const display = members?.get(id)?.name;
      const type = id.startsWith("grp_") ? "Group" : "User";
      if (matches({ value: id, type, ...(display !== undefined && { display }) })) selectedIds.push(id);
    }
  }
  return selectedIds;
}

/** Lists the ids of all direct members of a group in id order, page by page. */
export function listMemberPages(
  { memberships }: Pick<Tenant<"read">, "memberships">,
  groupId: string,
): AsyncGenerator<readonly string[]> {
  return idPages((page) => memberships.members(groupId, page), pageSize);
}

/**
 * Checks the members to add. The error for an id of another organization is the same as for an id that was never issued.
 * @returns the ids to ignore, which name no user and no group
 */
async function checkMembers(
  tenant: Tenant<"write">,
  groupId: string,
  memberIds: readonly string[],
  ignoresUnknown: UnknownMemberPolicy,
): Promise<ReadonlySet<string>> {
  const ownIndex = memberIds.indexOf(groupId);
  if (ownIndex >= 0) throw invalidMember("a group cannot be its own member", ownIndex);
  const unknownIds = new Set<string>();
  for await (const id of findUnknownIds(tenant, [...new Set(memberIds)])) {
    if (unknownIds.size === 0 && !(await ignoresUnknown())) throw unknownMember(id, memberIds);
    unknownIds.add(id);
  }
  return unknownIds;
}

/** Yields the ids that name no user and no group of the organization, one by one: most callers stop at the first. */
async function* findUnknownIds(tenant: Tenant<"write">, ids: readonly string[]): AsyncGenerator<string> {
  for (const id of ids) if (!id.startsWith("usr_") && !id.startsWith("grp_")) yield id;
  for (const [prefix, collection] of [["usr_", users] as const, ["grp_", groups] as const]) {
    const idsOfType = ids.filter((id) => id.startsWith(prefix));
    if (idsOfType.length > 0) yield* findMissingIds(tenant.open<Entity, Entity>(collection), idsOfType);
  }
}

async function* findMissingIds(collection: Reader<Entity>, ids: readonly string[]): AsyncGenerator<string> {
  for (const chunk of chunks(ids, pageSize)) {
    if (ids.length > pageSize) await waitForOwnTick();
    if (chunk.length > 1 && (await collection.count({ op: "in", path: "id", values: chunk })) === chunk.length)
      continue;
    for (const id of chunk) if (!(await collection.get(id))) yield id;
  }
}

const unknownMember = (id: string, memberIds: readonly string[]): AppError =>
  invalidMember(`there is no user or group ${JSON.stringify(id.slice(0, 100))}`, memberIds.indexOf(id));

function invalidMember(reason: string, index: number): AppError {
  const detail = `A member cannot be added: ${reason}.`;
  return new AppError("invalid-value", detail, {
    field: "members",
    errors: [{ pointer: `/members/${index}`, detail }],
  });
}
