import type { RecordText } from "./collection.ts";
import { isInMissing } from "./page-parts.ts";
import { atMost, type Connection, type SqlValue } from "./sqlite-driver.ts";
import { type PageRequest, type PageRows, readRows } from "./sqlite-page.ts";

/**
 * Reads a page that no index gives by looking at every record. Matches gather in a temporary table that keeps them in
 * the order asked for, so that one pass gives both the page and the total; the database filters, counts and sorts.
 */
export function scanPage(connection: Connection, request: PageRequest): PageRows {
  connection.exec(`DROP TABLE IF EXISTS temp.matches;
    CREATE TEMP TABLE matches (missing INTEGER NOT NULL, sort, id TEXT NOT NULL, PRIMARY KEY (missing, sort, id))`);
  const found = gatherMatches(connection, request);
  const rows = pageOfMatches(connection, request);
  return request.total ? { rows, total: found } : { rows };
}

/** @returns the number of matches */
function gatherMatches(connection: Connection, request: PageRequest): number {
  const { table, organizationId, where, along, after, total, offset, limit } = request;
  const sort = request.sort ?? "NULL";
  const missing = request.sort === undefined ? "0" : `(${request.sort} IS NULL)`;
  const terms = ["organization_id = ?"];
  const values: SqlValue[] = [organizationId];
  const end: SqlValue[] = [];
  if (along !== undefined) terms.push(`${along} IS NOT NULL`);
  // Sorted by id and going along the ids, the first matches after the page before are the page.
  else if (request.sort === undefined && !request.descending && !total) {
    if (after) {
      terms.push("id > ?");
      values.push(after.id);
    }
    end.push(offset + limit);
  }
  return connection.run(
    `INSERT INTO temp.matches SELECT ${missing}, ${sort}, id FROM ${table} WHERE ${terms.join(" AND ")} AND ${where.text}${end.length > 0 ? ` ORDER BY id ${atMost}` : ""}`,
    [...values, ...where.values, ...end],
  );
}

function pageOfMatches(connection: Connection, request: PageRequest): RecordText[] {
  const { descending, after, limit, offset, table, organizationId } = request;
  const direction = descending ? "DESC" : "ASC";
  const beyond = descending ? "<" : ">";
  const terms: string[] = [];
  const values: SqlValue[] = [];
  if (after) {
    const missing = request.sort !== undefined && isInMissing(after);
    if (request.sort === undefined || missing) {
      terms.push(missing ? `(missing ${beyond} 1 OR (missing = 1 AND id ${beyond} ?))` : `id ${beyond} ?`);
      values.push(after.id);
    } else {
      terms.push(`(missing ${beyond} 0 OR (missing = 0 AND (sort, id) ${beyond} (?, ?)))`);
      values.push(after.value ?? null, after.id);
    }
  }
  const where = terms.length > 0 ? `WHERE ${terms.join(" AND ")}` : "";
  const ids = connection
    .allValues(
      `SELECT id FROM temp.matches ${where} ORDER BY missing ${direction}, sort ${direction}, id ${direction} ${atMost} OFFSET ?`,
      [...values, limit, offset],
    )
    .map(([id]) => id);
  return readRows(connection, table, organizationId, ids);
}
