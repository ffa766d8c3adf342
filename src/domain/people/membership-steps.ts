import { AppError } from "../../errors.ts";
import type { Entity, Reader, Tenant } from "../../store/collection.ts";
import { groups, users } from "../../store/collections.ts";

/** What happens to the members of a group in one change, in this order. */
export type MembershipStep =
  | { readonly add: readonly string[] }
  | { readonly remove: readonly string[] }
  | { readonly set: readonly string[] };

/** Net changes: who is a member now and was not before, and the other way round. */
export interface MembershipChanges {
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

/** @throws AppError invalid-value for a member that does not exist */
export async function takeSteps(
  tenant: Tenant<"write">,
  groupId: string,
  steps: readonly MembershipStep[],
): Promise<MembershipChanges> {
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

const pageMax = 1000;

/** All members of a group, in id order, a page at a time. */
export async function* pagesOfMembers(
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

/** An id of another organisation is answered exactly as one that was never given out. */
async function assertExist(tenant: Tenant<"write">, groupId: string, memberIds: readonly string[]): Promise<void> {
  const own = memberIds.indexOf(groupId);
  if (own >= 0) throw badMember("a group cannot be its own member", own);
  const unique = [...new Set(memberIds)];
  const stranger = unique.find((id) => !id.startsWith("usr_") && !id.startsWith("grp_"));
  if (stranger !== undefined) throw unknownMember(stranger, memberIds);
  for (const [prefix, collection] of [["usr_", users] as const, ["grp_", groups] as const]) {
    const ids = unique.filter((id) => id.startsWith(prefix));
    const missing = ids.length > 0 ? await missingIn(tenant.open<Entity, Entity>(collection), ids) : undefined;
    if (missing !== undefined) throw unknownMember(missing, memberIds);
  }
}

async function missingIn(collection: Reader<Entity>, ids: readonly string[]): Promise<string | undefined> {
  for (let from = 0; from < ids.length; from += pageMax) {
    const some = ids.slice(from, from + pageMax);
    if (some.length > 1 && (await collection.count({ op: "in", path: "id", values: some })) === some.length) continue;
    for (const id of some) if (!(await collection.get(id))) return id;
  }
  return undefined;
}

const unknownMember = (id: string, among: readonly string[]): AppError =>
  badMember(`there is no user or group ${JSON.stringify(id.slice(0, 100))}`, among.indexOf(id));

function badMember(why: string, at: number): AppError {
  const detail = `A member cannot be added: ${why}.`;
  return new AppError("invalid-value", detail, { field: "members", errors: [{ pointer: `/members/${at}`, detail }] });
}
