import type { VNode } from "preact";
import { hasErrorCode } from "../../../errors.ts";
import type { GroupOfUser } from "../../../store/record.ts";
import type { PageOptions } from "../options.ts";
import { type ListPage, type ListQuery, readListPage } from "../paging.tsx";

/** A page of the groups of a user. */
interface UserGroupsPage extends ListPage<GroupOfUser> {
  /** Whether inherited groups are missing, because there are too many to follow. */
  readonly isDirectOnly: boolean;
}

/**
 * Reads a page of the groups of a user, direct and inherited. Of a user with too many groups for that, the direct ones.
 * @throws AppError invalid-cursor; expired-cursor
 */
export async function readUserGroups(
  { services: { memberships, members } }: PageOptions,
  organizationId: string,
  userId: string,
  query: ListQuery,
): Promise<UserGroupsPage> {
  const all = await memberships.groupsOf(organizationId, [userId]).catch((error: unknown) => {
    if (!hasErrorCode(error, "query-too-expensive")) throw error;
    return undefined;
  });
  const page = await readListPage<GroupOfUser>(
    { organizationId, list: `${userId} groups ${all ? "" : "direct"}`, query },
    async ({ limit, after }) => {
      const groups = all?.get(userId) ?? [];
      if (all) return { items: groups.filter(({ id }) => !after || id > after.id).slice(0, limit) };
      const direct = await members.listParents(organizationId, userId, { limit, ...(after && { after: after.id }) });
      return { items: direct.map(({ id, member }) => ({ id, displayName: member?.name ?? id, isDirect: true })) };
    },
  );
  return { ...page, isDirectOnly: all === undefined };
}

/** The groups of a page, as links. */
export const GroupChips = ({
  base,
  groups,
}: {
  readonly base: string;
  readonly groups: readonly GroupOfUser[];
}): VNode =>
  groups.length === 0 ? (
    <p class="empty">No groups.</p>
  ) : (
    <ul class="chips">
      {groups.map(({ id, displayName, isDirect }) => (
        <li key={id} class={isDirect ? "" : "implied"}>
          <a href={`${base}/groups/${id}`}>{displayName}</a>
          {!isDirect && <span class="muted"> (inherited)</span>}
        </li>
      ))}
    </ul>
  );
