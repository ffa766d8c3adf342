import { inferTotal } from "../../paging/nearer-end.ts";
import { alwaysPresentPaths, isInMissingPart, type PagePart, toPageParts } from "../../paging/page-parts.ts";
import type { Position, Query } from "../../query.ts";
import type { Entity, RawRecord } from "../../record.ts";
import type { CollectionDefinition } from "../../store.ts";
import { limitSql, type Sql, type SqliteConnection, type SqlValue } from "../driver.ts";
import { type RowReader, readEnvelopes, readRowByRow, recordColumns, rowToRawRecord } from "../record.ts";
import { quoteIdentifier, toColumnSql } from "../schema/names.ts";
import { chooseAccessPath } from "./access-path.ts";
import { chooseCountMode, choosePageMode, isKeyWalk, type ModeChoice } from "./execution-mode.ts";
import { toExactEntries } from "./index-entries.ts";
import { type IndexEntries, toSql } from "./where.ts";

/** A list query as SQL. It is plain data, so that it can be sent to a reader thread. */
export interface SqlPageRequest {
  readonly table: string;
  readonly organizationId: string;
  readonly where: Sql;
  /**
   * The entries of a side table that are the matches, in id order, if the query is sorted by id. With `where` alone, all
   * matches would be listed before the first row.
   */
  readonly entries?: IndexEntries;
  /** The SQL expression of the sort path; absent when sorted by id. */
  readonly sort?: string;
  /** Whether no two records of the organization have the same value at the sort path. */
  readonly sortUnique: boolean;
  /** Whether every match has a value at the sort path. */
  readonly sortAlwaysPresent: boolean;
  readonly descending: boolean;
  readonly after?: Position;
  readonly offset: number;
  readonly limit: number;
  /** Whether to count all matches; "inferred": only if the page reveals their number. */
  readonly total: boolean | "inferred";
  /** Whether the content of the records is left out. */
  readonly envelopesOnly?: boolean;
  /** The indexed column that a scan reads along; absent: the scan reads along the ids. */
  readonly scanColumn?: string;
}

/** The records of one page, and the number of all matches if it was requested. */
export interface PageRows {
  readonly rows: readonly RawRecord[];
  readonly total?: number;
}

/** A query as SQL, and how it runs. */
export interface PagePlan extends ModeChoice {
  readonly request: SqlPageRequest;
}

/** Translates a query to SQL and chooses its execution mode. */
export function planPage(query: Query, definition: CollectionDefinition<Entity>, organizationId: string): PagePlan {
  const where = query.where ? toSql(query.where, definition, organizationId) : matchAllSql;
  const accessPath =
    query.where && where.text !== matchAllSql.text ? chooseAccessPath(query.where, definition) : undefined;
  const { offset = 0, total = false } = query;
  const sortPath = query.sort?.path ?? "id";
  const entries =
    query.where && sortPath === "id" ? toExactEntries(query.where, definition, organizationId) : undefined;
  const shape = { where: query.where, accessPath, sortPath, offset, total, organizationId };
  const isWalk = isKeyWalk(shape);
  const request: SqlPageRequest = {
    table: quoteIdentifier(definition.name),
    organizationId,
    where,
    ...(entries && { entries }),
    ...(sortPath !== "id" && { sort: toColumnSql(sortPath, definition) }),
    sortUnique: definition.indexes.some((each) => each.path === sortPath && each.unique && each.element === undefined),
    sortAlwaysPresent: alwaysPresentPaths.has(sortPath) || (accessPath?.by === "range" && accessPath.path === sortPath),
    descending: query.sort?.direction === "descending",
    ...(query.after && { after: query.after }),
    offset,
    limit: query.limit,
    total: total && isWalk ? "inferred" : total,
    ...(accessPath?.by === "range" &&
      accessPath.path !== "id" && { scanColumn: toColumnSql(accessPath.path, definition) }),
  };
  return isWalk ? { request, mode: "inline" } : toPlan(request, choosePageMode(shape, definition));
}

const toPlan = (request: SqlPageRequest, { mode, probe }: ModeChoice): PagePlan =>
  probe ? { request, mode, probe } : { request, mode };

/** The condition that matches all records. */
export const matchAllSql: Sql = { text: "1", values: [] };

/** Like `planPage`, but for the number of matches only. */
export function planCount(
  where: Query["where"],
  definition: CollectionDefinition<Entity>,
  organizationId: string,
): PagePlan {
  const { request } = planPage({ ...(where && { where }), limit: 0, total: true }, definition, organizationId);
  if (!where || request.where.text === matchAllSql.text) return { request, mode: "inline" };
  const accessPath = chooseAccessPath(where, definition);
  return toPlan(request, chooseCountMode(where, accessPath, definition, organizationId));
}

/**
 * Reads a page in the order of an index.
 * @param read reads the rows of a query
 */
export function readIndexedPage(
  connection: SqliteConnection,
  request: SqlPageRequest,
  read: RowReader = request.envelopesOnly ? readEnvelopes : readRowByRow,
): PageRows {
  const rows: RawRecord[] = [];
  let offset = request.offset;
  const { sort, sortAlwaysPresent, descending, after } = request;
  for (const part of toPageParts({
    isById: sort === undefined,
    isAlwaysPresent: sortAlwaysPresent,
    isDescending: descending,
    after,
  })) {
    const remaining = request.limit - rows.length;
    if (remaining <= 0) break;
    const partRows = readPart(connection, request, part, offset, remaining, read);
    rows.push(...partRows);
    // The rows of this part count toward the offset of the next part.
    if (offset > 0 && partRows.length === 0) offset -= Math.min(offset, countPart(connection, request, part));
    else offset = 0;
  }
  if (!request.total) return { rows };
  const total = inferTotal(request, rows.length);
  if (request.total === "inferred") return total === undefined ? { rows } : { rows, total };
  return { rows, total: total ?? countAll(connection, request) };
}

/** Returns the number of matches: from the stored counts when there is no condition, otherwise by counting. */
export function countAll(connection: SqliteConnection, request: SqlPageRequest): number {
  if (request.where.text === matchAllSql.text) {
    const name = request.table.slice(1, -1);
    const row = connection.get("SELECT n FROM record_counts WHERE collection = ? AND organization_id = ?", [
      name,
      request.organizationId,
    ]);
    return Number(row?.["n"] ?? 0);
  }
  const { table, where } = request.entries ?? {
    table: request.table,
    where: {
      text: `organization_id = ? AND ${request.where.text}`,
      values: [request.organizationId, ...request.where.values],
    },
  };
  return Number(connection.get(`SELECT count(*) AS n FROM ${table} WHERE ${where.text}`, where.values)?.["n"]);
}

/** Returns the bytes of the records of a page that starts at a position. It reads only the beginning of each. */
export function measureRecords(connection: SqliteConnection, request: SqlPageRequest): number {
  const { sort, sortAlwaysPresent, descending, after, offset, limit } = request;
  let bytes = 0;
  for (const part of toPageParts({
    isById: sort === undefined,
    isAlwaysPresent: sortAlwaysPresent,
    isDescending: descending,
    after,
  })) {
    const { text, values } = toPartSql(request, part, "octet_length(body) AS bytes");
    const sql = `SELECT sum(bytes) FROM (${text} ${limitSql} OFFSET ?)`;
    bytes += Number(connection.getValues(sql, [...values, limit, offset])?.[0] ?? 0);
  }
  return bytes;
}

/** Reads the records with these ids, in this order. Missing records are left out. */
export function readRowsById(
  connection: SqliteConnection,
  table: string,
  organizationId: string,
  ids: readonly unknown[],
): RawRecord[] {
  const sql = `SELECT ${recordColumns} FROM ${table} WHERE organization_id = ? AND id = ?`;
  return ids.flatMap((id) => {
    const row = connection.getValues(sql, [organizationId, String(id)]);
    return row ? [rowToRawRecord(row)] : [];
  });
}

/** Builds the SQL of one part of a page. Exported for the tests that check its query plan. */
export function toPartSql(request: SqlPageRequest, part: PagePart, columns: string): Sql {
  if (request.entries) return toEntriesSql(request, request.entries, columns);
  const { where, sort, after, descending } = request;
  const comparator = descending ? "<" : ">";
  const terms = ["organization_id = ?"];
  const values: SqlValue[] = [request.organizationId];
  if (sort !== undefined && part !== "all") terms.push(`${sort} IS ${part === "present" ? "NOT " : ""}NULL`);
  // A position applies only to its own part. The next part is read from its beginning. It precedes the condition, because
  // SQLite reads along the first bound of the sort path, and the condition may have a bound that is farther away.
  if (after && part === "present" && !isInMissingPart(after)) {
    terms.push(`(${sort}, id) ${comparator} (?, ?)`);
    values.push(after.value ?? null, after.id);
  } else if (after && (part === "all" || (part === "missing" && isInMissingPart(after)))) {
    terms.push(`id ${comparator} ?`);
    values.push(after.id);
  }
  terms.push(where.text);
  values.push(...where.values);
  const text = `SELECT ${columns} FROM ${request.table} WHERE ${terms.join(" AND ")} ORDER BY ${toOrderBy(request, part)}`;
  return { text, values };
}

/** Reads the entries of a side table first, and the record of each. */
function toEntriesSql(
  { table, organizationId, after, descending }: SqlPageRequest,
  entries: IndexEntries,
  columns: string,
): Sql {
  const position = after ? ` AND id ${descending ? "<" : ">"} ?` : "";
  const entriesSql = `SELECT id AS entry_id FROM ${entries.table} WHERE ${entries.where.text}${position}`;
  return {
    text: `SELECT ${columns} FROM (${entriesSql}) CROSS JOIN ${table} ON organization_id = ? AND id = entry_id ORDER BY entry_id ${descending ? "DESC" : "ASC"}`,
    values: [...entries.where.values, ...(after ? [after.id] : []), organizationId],
  };
}

function toOrderBy({ sort, sortUnique, descending }: SqlPageRequest, part: PagePart): string {
  const direction = descending ? "DESC" : "ASC";
  if (part !== "present") return `id ${direction}`;
  return `${sort} ${direction}${sortUnique ? "" : `, id ${direction}`}`;
}

function readPart(
  connection: SqliteConnection,
  request: SqlPageRequest,
  part: PagePart,
  offset: number,
  limit: number,
  read: RowReader,
): RawRecord[] {
  if (offset === 0) {
    const { text, values } = toPartSql(request, part, recordColumns);
    return read(connection, { text: `${text} ${limitSql}`, values: [...values, limit] });
  }
  // Skips rows inside the index and reads only the records of the page.
  const { text, values } = toPartSql(request, part, "rowid AS place");
  return read(connection, {
    text: `SELECT ${recordColumns} FROM (${text} ${limitSql} OFFSET ?) AS page CROSS JOIN ${request.table} ON ${request.table}.rowid = place ORDER BY ${toOrderBy(request, part)}`,
    values: [...values, limit, offset],
  });
}

function countPart(connection: SqliteConnection, request: SqlPageRequest, part: PagePart): number {
  const { text, values } = toPartSql(request, part, "id");
  return Number(connection.get(`SELECT count(*) AS n FROM (${text})`, values)?.["n"]);
}
