import type { Connection, Row, SqlValue } from "./sqlite-driver.ts";
import { type PageRequest, type PageRows, readRows } from "./sqlite-page.ts";

/** What a scan came to: the answer, or the reason why it was given up. */
export type Scanned<Reason> = { readonly page: PageRows } | { readonly failed: Reason };

/** Rows looked at in one statement: a few milliseconds, after which the clock and the stop flag are looked at. */
const sliceRows = 2000;

/**
 * Answers a question that no index answers by looking at every record, slice by slice: nothing interrupts an SQLite
 * statement, so no statement may be long. Matches gather in a temporary table that keeps them in the order asked for;
 * the database filters, counts and sorts.
 * @param goOn asked before each slice; a reason ends the scan
 */
export function scanPage<Reason extends string>(
  connection: Connection,
  request: PageRequest,
  goOn: () => Reason | undefined,
): Scanned<Reason> {
  return inOneMoment(connection, () => {
    connection.exec(`DROP TABLE IF EXISTS temp.matches;
      CREATE TEMP TABLE matches (missing INTEGER NOT NULL, sort, id TEXT NOT NULL, PRIMARY KEY (missing, sort, id))`);
    let found = 0;
    const failed = eachSlice(connection, request, goOn, (from, to) => {
      found += fillSlice(connection, request, from, to);
      return !request.total && canStop(request, found);
    });
    return failed === undefined ? { page: pageOfMatches(connection, request, found) } : { failed };
  });
}

/** Counts what meets the condition, slice by slice. */
export function scanCount<Reason extends string>(
  connection: Connection,
  request: PageRequest,
  goOn: () => Reason | undefined,
): Scanned<Reason> {
  return inOneMoment(connection, () => {
    let total = 0;
    const failed = eachSlice(connection, request, goOn, (from, to) => {
      total += countSlice(connection, request, from, to);
      return false;
    });
    return failed === undefined ? { page: { rows: [], total } } : { failed };
  });
}

/** All slices see the same moment, and nothing of the scan is left behind. */
function inOneMoment<R>(connection: Connection, scan: () => R): R {
  connection.exec("BEGIN");
  try {
    return scan();
  } finally {
    if (connection.inTransaction) connection.exec("ROLLBACK");
  }
}

/** @param look at one slice; true ends the scan. @returns the reason why it was given up, if it was */
function eachSlice<Reason extends string>(
  connection: Connection,
  request: PageRequest,
  goOn: () => Reason | undefined,
  look: (from: SliceEnd | undefined, to: SliceEnd | undefined) => boolean,
): Reason | undefined {
  for (let from: SliceEnd | undefined; ; ) {
    const reason = goOn();
    if (reason !== undefined) return reason;
    const to = sliceEnd(connection, request, from);
    if (look(from, to) || !to) return undefined;
    from = to;
  }
}

/** The last record of a slice, in the order that the scan goes along. */
interface SliceEnd {
  readonly key: SqlValue;
  readonly id: string;
}

/** Sorted by id and going along the ids, the first matches are the page. */
function canStop({ sort, along, descending, after, offset, limit }: PageRequest, found: number): boolean {
  return sort === undefined && along === undefined && !descending && !after && found >= offset + limit;
}

function sliceEnd(connection: Connection, request: PageRequest, from: SliceEnd | undefined): SliceEnd | undefined {
  const { along, table, organizationId } = request;
  const key = along ?? "NULL";
  const { terms, values } = sliceTerms(request, from, undefined);
  const order = along === undefined ? "id" : `${along}, id`;
  const row = connection.get(
    `SELECT ${key} AS key, id FROM ${table} WHERE organization_id = ?${terms} ORDER BY ${order} LIMIT 1 OFFSET ${sliceRows - 1}`,
    [organizationId, ...values],
  );
  return row && { key: row["key"] as SqlValue, id: String(row["id"]) };
}

function fillSlice(
  connection: Connection,
  request: PageRequest,
  from: SliceEnd | undefined,
  to: SliceEnd | undefined,
): number {
  const { table, organizationId, where } = request;
  const sort = request.sort ?? "NULL";
  const missing = request.sort === undefined ? "0" : `(${request.sort} IS NULL)`;
  const { terms, values } = sliceTerms(request, from, to);
  return connection.run(
    `INSERT INTO temp.matches SELECT ${missing}, ${sort}, id FROM ${table} WHERE organization_id = ?${terms} AND ${where.text}`,
    [organizationId, ...values, ...where.values],
  );
}

function countSlice(
  connection: Connection,
  request: PageRequest,
  from: SliceEnd | undefined,
  to: SliceEnd | undefined,
): number {
  const { table, organizationId, where } = request;
  const { terms, values } = sliceTerms(request, from, to);
  const row = connection.get(`SELECT count(*) AS n FROM ${table} WHERE organization_id = ?${terms} AND ${where.text}`, [
    organizationId,
    ...values,
    ...where.values,
  ]);
  return Number(row?.["n"]);
}

function sliceTerms(
  { along }: PageRequest,
  from: SliceEnd | undefined,
  to: SliceEnd | undefined,
): { terms: string; values: SqlValue[] } {
  const place = along === undefined ? "id" : `(${along}, id)`;
  const mark = along === undefined ? "?" : "(?, ?)";
  const at = (end: SliceEnd): SqlValue[] => (along === undefined ? [end.id] : [end.key, end.id]);
  return {
    // Along an index, records without its path match no range and are left out.
    terms: `${along === undefined ? "" : ` AND ${along} IS NOT NULL`}${from ? ` AND ${place} > ${mark}` : ""}${to ? ` AND ${place} <= ${mark}` : ""}`,
    values: [...(from ? at(from) : []), ...(to ? at(to) : [])],
  };
}

function pageOfMatches(connection: Connection, request: PageRequest, found: number): PageRows {
  const { descending, after, limit, offset, table, organizationId } = request;
  const direction = descending ? "DESC" : "ASC";
  const beyond = descending ? "<" : ">";
  const terms: string[] = [];
  const values: SqlValue[] = [];
  if (after) {
    const missing = request.sort !== undefined && (after.value === null || after.value === undefined);
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
    .all(
      `SELECT id FROM temp.matches ${where} ORDER BY missing ${direction}, sort ${direction}, id ${direction} LIMIT ? OFFSET ?`,
      [...values, limit, offset],
    )
    .map((row: Row) => row["id"]);
  const rows = readRows(connection, table, organizationId, ids);
  return request.total ? { rows, total: found } : { rows };
}
