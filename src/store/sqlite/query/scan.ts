import { isInMissingPart } from "../../paging/page-parts.ts";
import type { RawRecord } from "../../record.ts";
import { limitSql, type SqliteConnection, type SqlValue } from "../driver.ts";
import { type PageRows, readRowsById, type SqlPageRequest } from "./page.ts";

/**
 * Reads a page by a full scan. The matches are collected in a temporary table in the requested order, so that one pass
 * returns both the page and the total. The database filters, counts and sorts.
 */
export function scanPage(connection: SqliteConnection, request: SqlPageRequest): PageRows {
  connection.exec(`DROP TABLE IF EXISTS temp.matches;
    CREATE TEMP TABLE matches (missing INTEGER NOT NULL, sort, id TEXT NOT NULL, PRIMARY KEY (missing, sort, id))`);
  const matchCount = collectMatches(connection, request);
  const rows = readMatchesPage(connection, request);
  return request.total ? { rows, total: matchCount } : { rows };
}

/** @returns the number of matches */
function collectMatches(connection: SqliteConnection, request: SqlPageRequest): number {
  const { table, organizationId, where, scanColumn, descending, after, total, offset, limit } = request;
  const sort = request.sort ?? "NULL";
  const missingSql = request.sort === undefined ? "0" : `(${request.sort} IS NULL)`;
  const terms = ["organization_id = ?"];
  const values: SqlValue[] = [organizationId];
  const limitValues: SqlValue[] = [];
  if (scanColumn !== undefined) terms.push(`${scanColumn} IS NOT NULL`);
  // When sorted by id, the scan reads along the ids, and the first matches after the previous page are the page.
  else if (request.sort === undefined && !total) {
    if (after) {
      terms.push(descending ? "id < ?" : "id > ?");
      values.push(after.id);
    }
    limitValues.push(offset + limit);
  }
  return connection.run(
    `INSERT INTO temp.matches SELECT ${missingSql}, ${sort}, id FROM ${table} WHERE ${terms.join(" AND ")} AND ${where.text}${limitValues.length > 0 ? ` ORDER BY id ${descending ? "DESC" : "ASC"} ${limitSql}` : ""}`,
    [...values, ...where.values, ...limitValues],
  );
}

function readMatchesPage(connection: SqliteConnection, request: SqlPageRequest): RawRecord[] {
  const { descending, after, limit, offset, table, organizationId } = request;
  const direction = descending ? "DESC" : "ASC";
  const comparator = descending ? "<" : ">";
  const terms: string[] = [];
  const values: SqlValue[] = [];
  if (after) {
    const isInMissing = request.sort !== undefined && isInMissingPart(after);
    if (request.sort === undefined || isInMissing) {
      terms.push(
        isInMissing ? `(missing ${comparator} 1 OR (missing = 1 AND id ${comparator} ?))` : `id ${comparator} ?`,
      );
      values.push(after.id);
    } else {
      terms.push(`(missing ${comparator} 0 OR (missing = 0 AND (sort, id) ${comparator} (?, ?)))`);
      values.push(after.value ?? null, after.id);
    }
  }
  const where = terms.length > 0 ? `WHERE ${terms.join(" AND ")}` : "";
  const ids = connection
    .allValues(
      `SELECT id FROM temp.matches ${where} ORDER BY missing ${direction}, sort ${direction}, id ${direction} ${limitSql} OFFSET ?`,
      [...values, limit, offset],
    )
    .map(([id]) => id);
  return readRowsById(connection, table, organizationId, ids);
}
