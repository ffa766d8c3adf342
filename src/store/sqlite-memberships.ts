import type { MembershipReader, MembershipWriter } from "./collection.ts";
import { isStorableText } from "./condition.ts";
import type { RecordChanges } from "./page-marks.ts";
import { atMost, type Connection, guard } from "./sqlite-driver.ts";
import { recordSeparator, unitSeparator } from "./sqlite-record.ts";

/** The edges of one organisation, read through one connection. */
export function membershipReader(connection: () => Connection, organizationId: string): MembershipReader {
  const ids = (sql: string, values: readonly (string | number)[]): Promise<string[]> =>
    guard(
      () =>
        values.every((value) => typeof value === "number" || isStorableText(value))
          ? connection()
              .allValues(sql, values)
              .map(([id]) => String(id))
          : [], // nobody has such an id
    );
  return {
    members: (groupId, { after = "", limit }) =>
      ids(
        `SELECT member_id AS id FROM memberships WHERE organization_id = ? AND group_id = ? AND member_id > ?
         ORDER BY member_id ${atMost}`,
        [organizationId, groupId, after, limit],
      ),
    membersAmong: (groupId, memberIds) => guard(() => among(connection(), organizationId, groupId, memberIds)),
    groupsOf: (memberId, { after = "", limit }) =>
      ids(
        `SELECT group_id AS id FROM memberships WHERE organization_id = ? AND member_id = ? AND group_id > ?
         ORDER BY group_id ${atMost}`,
        [organizationId, memberId, after, limit],
      ),
    groupsOfEach: (memberIds) => guard(() => groupsOfEach(connection, organizationId, memberIds)),
    // CROSS JOIN keeps the planner from reading every edge; UNION drops what was seen, which ends cycles.
    allGroupsOf: (memberId) =>
      ids(
        `WITH RECURSIVE up(id) AS (
           SELECT group_id FROM memberships WHERE organization_id = ? AND member_id = ?
           UNION
           SELECT e.group_id FROM up CROSS JOIN memberships e WHERE e.organization_id = ? AND e.member_id = up.id)
         SELECT id FROM up ORDER BY id`,
        [organizationId, memberId, organizationId],
      ),
  };
}

/** One text for all of them, in their order: most of what a row costs is in handing it over. */
const groupsOfEachSql = `SELECT group_concat(coalesce((
    SELECT group_concat(group_id, char(31)) FROM (
      SELECT group_id FROM memberships WHERE organization_id = ? AND member_id = asked.value ORDER BY group_id)), ''), char(30))
  FROM json_each(?) AS asked`;

async function groupsOfEach(
  connection: () => Connection,
  organizationId: string,
  memberIds: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const asked = [...new Set(memberIds)].filter(isStorableText);
  const found = new Map<string, readonly string[]>();
  for (let from = 0; from < asked.length; from += sliceMax) {
    if (from > 0) await nextTurn();
    const members = asked.slice(from, from + sliceMax);
    const [lines] = connection().getValues(groupsOfEachSql, [organizationId, JSON.stringify(members)]) ?? [];
    for (const [at, line] of String(lines).split(recordSeparator).entries()) {
      const member = members[at];
      if (member !== undefined && line !== "") found.set(member, line.split(unitSeparator));
    }
  }
  return found;
}

/** The edges of one organisation inside a transaction. */
export function membershipWriter(
  connection: () => Connection,
  changes: () => RecordChanges,
  organizationId: string,
): MembershipWriter {
  const write = (sql: string, groupId: string, memberId: string): boolean => {
    if (connection().run(sql, [organizationId, groupId, memberId]) === 0) return false;
    changes().noteId(organizationId, memberId);
    return true;
  };
  return Object.assign(membershipReader(connection, organizationId), {
    add: (groupId, memberIds) =>
      sliced([...new Set(memberIds)], (memberId) =>
        write("INSERT OR IGNORE INTO memberships VALUES (?, ?, ?)", groupId, memberId),
      ),
    remove: (groupId, memberIds) =>
      sliced(memberIds.filter(isStorableText), (memberId) => {
        const sql = "DELETE FROM memberships WHERE organization_id = ? AND group_id = ? AND member_id = ?";
        return write(sql, groupId, memberId);
      }),
  } satisfies Omit<MembershipWriter, keyof MembershipReader>);
}

/** Edges written, or members looked up, before the event loop is given to others. */
const sliceMax = 500;
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The ids for which the write changed something. */
async function sliced(ids: readonly string[], write: (id: string) => boolean): Promise<string[]> {
  const changed: string[] = [];
  for (let from = 0; from < ids.length; from += sliceMax) {
    if (from > 0) await nextTurn();
    changed.push(...ids.slice(from, from + sliceMax).filter(write));
  }
  return changed;
}

function among(
  connection: Connection,
  organizationId: string,
  groupId: string,
  memberIds: readonly string[],
): string[] {
  const sql = "SELECT 1 FROM memberships WHERE organization_id = ? AND group_id = ? AND member_id = ?";
  return [...new Set(memberIds)].filter(
    (memberId) => isStorableText(memberId) && connection.get(sql, [organizationId, groupId, memberId]),
  );
}
