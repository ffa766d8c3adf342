import { AppError } from "../../errors.ts";
import { membershipsName, type WrittenRecords } from "../cache/written-records.ts";
import { isStorableString } from "../condition.ts";
import type { MembershipReader, MembershipWriter } from "../store.ts";
import { limitSql, mapSqliteErrors, type SqliteConnection } from "./driver.ts";
import { recordSeparator, unitSeparator } from "./record.ts";

/** Creates the reader of the memberships of one organization. */
export function createSqliteMembershipReader(
  connection: () => SqliteConnection,
  organizationId: string,
): MembershipReader {
  const readIds = (sql: string, values: readonly (string | number)[]): Promise<string[]> =>
    mapSqliteErrors(
      () =>
        values.every((value) => typeof value === "number" || isStorableString(value))
          ? connection()
              .allValues(sql, values)
              .map(([id]) => String(id))
          : [], // no record has such an id
    );
  /** Reads ids as one string, because most of the cost of a row is its transfer to JavaScript. */
  const readIdPage = (sql: string, values: readonly (string | number)[]): Promise<string[]> =>
    mapSqliteErrors(() => {
      if (!values.every((value) => typeof value === "number" || isStorableString(value))) return [];
      const [ids] = connection().getValues(`SELECT group_concat(id, char(31)) FROM (${sql})`, values) ?? [];
      return typeof ids === "string" ? inOrder(ids.split(unitSeparator)) : [];
    });
  return {
    members: (groupId, { after = "", limit }) =>
      readIdPage(
        `SELECT member_id AS id FROM memberships WHERE organization_id = ? AND group_id = ? AND member_id > ?
         ORDER BY member_id ${limitSql}`,
        [organizationId, groupId, after, limit],
      ),
    filterMembers: (groupId, memberIds) =>
      mapSqliteErrors(() => selectMembers(connection(), organizationId, groupId, memberIds)),
    groupsOf: (memberId, { after = "", limit }) =>
      readIdPage(
        `SELECT group_id AS id FROM memberships WHERE organization_id = ? AND member_id = ? AND group_id > ?
         ORDER BY group_id ${limitSql}`,
        [organizationId, memberId, after, limit],
      ),
    groupsByMember: (memberIds) => mapSqliteErrors(() => readGroupsByMember(connection, organizationId, memberIds)),
    // CROSS JOIN stops the planner from reading every edge. UNION drops groups that were already visited, which ends cycles.
    transitiveGroupsOf: (memberId) =>
      readIds(
        `WITH RECURSIVE up(id) AS (
           SELECT group_id FROM memberships WHERE organization_id = ? AND member_id = ?
           UNION
           SELECT e.group_id FROM up CROSS JOIN memberships e WHERE e.organization_id = ? AND e.member_id = up.id)
         SELECT id FROM up ORDER BY id`,
        [organizationId, memberId, organizationId],
      ),
  };
}

/** Sorts ids unless they are in order already. SQLite keeps the order of a subquery in `group_concat`, but does not promise it. */
function inOrder(ids: string[]): string[] {
  return ids.every((id, at) => at === 0 || (ids[at - 1] as string) < id) ? ids : ids.sort();
}

/** Returns one row for all members, in their order, because most of the cost of a row is its transfer to JavaScript. */
const groupsByMemberSql = `SELECT group_concat(coalesce((
    SELECT group_concat(group_id, char(31)) FROM (
      SELECT group_id FROM memberships WHERE organization_id = ? AND member_id = member.value ORDER BY group_id)), ''), char(30))
  FROM json_each(?) AS member`;

async function readGroupsByMember(
  connection: () => SqliteConnection,
  organizationId: string,
  memberIds: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const candidates = [...new Set(memberIds)].filter(isStorableString);
  const groupIdsByMember = new Map<string, readonly string[]>();
  for (let from = 0; from < candidates.length; from += batchSizeMax) {
    if (from > 0) await yieldToEventLoop();
    const members = candidates.slice(from, from + batchSizeMax);
    const [lines] = connection().getValues(groupsByMemberSql, [organizationId, JSON.stringify(members)]) ?? [];
    for (const [at, line] of String(lines).split(recordSeparator).entries()) {
      const member = members[at];
      if (member !== undefined && line !== "") groupIdsByMember.set(member, line.split(unitSeparator));
    }
  }
  return groupIdsByMember;
}

/** Creates the writer of the memberships of one organization inside a transaction. */
export function createSqliteMembershipWriter(
  connection: () => SqliteConnection,
  written: () => WrittenRecords,
  organizationId: string,
): MembershipWriter {
  const write = (sql: string, groupId: string, memberId: string): boolean => {
    if (connection().run(sql, [organizationId, groupId, memberId]) === 0) return false;
    written().add(membershipsName, organizationId, memberId, "updated");
    return true;
  };
  return Object.assign(createSqliteMembershipReader(connection, organizationId), {
    add: (groupId, memberIds) =>
      writeInBatches([...new Set(memberIds)], (memberId) => write(addSql, groupId, memberId)),
    addNew: async (groupId, memberIds) => {
      await writeInBatches(memberIds, (memberId) => {
        if (write(addSql, groupId, memberId)) return true;
        throw new AppError("conflict", `${memberId} is a member of ${groupId} already.`);
      });
    },
    remove: (groupId, memberIds) =>
      writeInBatches(memberIds.filter(isStorableString), (memberId) => {
        const sql = "DELETE FROM memberships WHERE organization_id = ? AND group_id = ? AND member_id = ?";
        return write(sql, groupId, memberId);
      }),
  } satisfies Omit<MembershipWriter, keyof MembershipReader>);
}

const addSql = "INSERT OR IGNORE INTO memberships VALUES (?, ?, ?)";

/** The number of edges written, or members looked up, before yielding to the event loop. */
const batchSizeMax = 500;
const yieldToEventLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** @returns the ids for which the write changed a row */
async function writeInBatches(ids: readonly string[], write: (id: string) => boolean): Promise<string[]> {
  const changedIds: string[] = [];
  for (let from = 0; from < ids.length; from += batchSizeMax) {
    if (from > 0) await yieldToEventLoop();
    changedIds.push(...ids.slice(from, from + batchSizeMax).filter(write));
  }
  return changedIds;
}

function selectMembers(
  connection: SqliteConnection,
  organizationId: string,
  groupId: string,
  memberIds: readonly string[],
): string[] {
  const sql = "SELECT 1 FROM memberships WHERE organization_id = ? AND group_id = ? AND member_id = ?";
  return [...new Set(memberIds)].filter(
    (memberId) => isStorableString(memberId) && connection.get(sql, [organizationId, groupId, memberId]),
  );
}
