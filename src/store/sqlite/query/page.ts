import { inferTotal } from "../../paging/nearer-end.ts";
import { alwaysPresentPaths, isInMissingPart, type PagePart, toPageParts } from "../../paging/page-parts.ts";
import type { Position, Query } from "../../query.ts";
import type { Entity, RawRecord } from "../../record.ts";
import type { CollectionDefinition } from "../../store.ts";
import { limitSql, type Sql, type SqliteConnection, type SqlValue } from "../driver.ts";
import { type RowReader, readEnvelopes, readRowByRow, recordColumns, rowToRawRecord } from "../record.ts";
import { type AccessPath, chooseAccessPath, isIndexOrdered } from "./access-path.ts";
import { quoteIdentifier, toColumnSql, toSql } from "./where.ts";

/** A list query as SQL. It is plain data, so that it can be sent to a reader thread. */
export interface SqlPageRequest {
  readonly table: string;
  readonly organizationId: string;
  readonly where: Sql;
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
  readonly total: boolean;
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

/** How a query runs: inline on the event loop, by an index in a reader thread, or as a full scan there. */
export type ExecutionMode = "inline" | "indexed" | "full-scan";

/** Skipping more rows than this would block the event loop for too long. */
const inlineOffsetMax = 500;
/** Looking up more keys than this would block the event loop for too long. */
const inlineKeysMax = 250;

/**
 * Translates a query to SQL and chooses its execution mode. A query runs inline only when an index serves it in less
 * than one or two milliseconds: the records of a key, or a read along an index from a known position.
 */
export function planPage(
  query: Query,
  definition: CollectionDefinition<Entity>,
  organizationId: string,
): { readonly request: SqlPageRequest; readonly mode: ExecutionMode } {
  const where = query.where ? toSql(query.where, definition, organizationId) : matchAllSql;
  const accessPath =
    query.where && where.text !== matchAllSql.text ? chooseAccessPath(query.where, definition) : undefined;
  const sortPath = query.sort?.path ?? "id";
  const request: SqlPageRequest = {
    table: quoteIdentifier(definition.name),
    organizationId,
    where,
    ...(sortPath !== "id" && { sort: toColumnSql(sortPath, definition) }),
    sortUnique: definition.indexes.some((each) => each.path === sortPath && each.unique && each.element === undefined),
    sortAlwaysPresent: alwaysPresentPaths.has(sortPath) || (accessPath?.by === "range" && accessPath.path === sortPath),
    descending: query.sort?.direction === "descending",
    ...(query.after && { after: query.after }),
    offset: query.offset ?? 0,
    limit: query.limit,
    total: query.total ?? false,
    ...(accessPath?.by === "range" &&
      accessPath.path !== "id" && { scanColumn: toColumnSql(accessPath.path, definition) }),
  };
  return { request, mode: choosePageMode(request, accessPath, sortPath, definition) };
}

/** The condition that matches all records. */
export const matchAllSql: Sql = { text: "1", values: [] };

function choosePageMode(
  request: SqlPageRequest,
  accessPath: AccessPath | undefined,
  sortPath: string,
  definition: CollectionDefinition<Entity>,
): ExecutionMode {
  if (accessPath?.by === "key") return chooseKeyMode(accessPath.keys);
  if (accessPath?.by === "list") return "indexed";
  const isIndexWalk =
    isIndexOrdered(sortPath, definition) &&
    (accessPath === undefined || (accessPath.by === "range" && accessPath.isExact && accessPath.path === sortPath));
  if (!isIndexWalk) return "full-scan";
  const isShallow = request.offset <= inlineOffsetMax && (!request.total || accessPath === undefined);
  return isShallow ? "inline" : "indexed";
}

const chooseKeyMode = (keys: number): ExecutionMode => (keys <= inlineKeysMax ? "inline" : "indexed");

/** Like `planPage`, but for the number of matches only. */
export function planCount(
  where: Query["where"],
  definition: CollectionDefinition<Entity>,
  organizationId: string,
): { readonly request: SqlPageRequest; readonly mode: ExecutionMode } {
  const { request } = planPage({ ...(where && { where }), limit: 0, total: true }, definition, organizationId);
  if (!where || request.where.text === matchAllSql.text) return { request, mode: "inline" };
  const accessPath = chooseAccessPath(where, definition);
  if (accessPath.by === "key") return { request, mode: chooseKeyMode(accessPath.keys) };
  const isIndexed = accessPath.by === "list" || (accessPath.by === "range" && accessPath.isExact);
  return { request, mode: isIndexed ? "indexed" : "full-scan" };
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
  return { rows, total: inferTotal(request, rows.length) ?? countAll(connection, request) };
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
  const row = connection.get(
    `SELECT count(*) AS n FROM ${request.table} WHERE organization_id = ? AND ${request.where.text}`,
    [request.organizationId, ...request.where.values],
  );
  return Number(row?.["n"]);
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
  const { where, sort, after, descending } = request;
  const comparator = descending ? "<" : ">";
  const terms = ["organization_id = ?", where.text];
  const values: SqlValue[] = [request.organizationId, ...where.values];
  if (sort !== undefined && part !== "all") terms.push(`${sort} IS ${part === "present" ? "NOT " : ""}NULL`);
  // A position applies only to its own part. The next part is read from its beginning.
  if (after && part === "present" && !isInMissingPart(after)) {
    terms.push(`(${sort}, id) ${comparator} (?, ?)`);
    values.push(after.value ?? null, after.id);
  } else if (after && (part === "all" || (part === "missing" && isInMissingPart(after)))) {
    terms.push(`id ${comparator} ?`);
    values.push(after.id);
  }
  const text = `SELECT ${columns} FROM ${request.table} WHERE ${terms.join(" AND ")} ORDER BY ${toOrderBy(request, part)}`;
  return { text, values };
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
