import type { CollectionDefinition, Entity, Position, Query, RecordText } from "./collection.ts";
import { sizeShown } from "./page-ends.ts";
import { alwaysHeld, isInMissing, type PagePart, partsOf } from "./page-parts.ts";
import { atMost, type Connection, type Sql, type SqlValue } from "./sqlite-driver.ts";
import { isOrdered, type Narrowing, narrowing } from "./sqlite-narrowing.ts";
import { type ReadRows, readEach, recordColumns, toText } from "./sqlite-record.ts";
import { columnOf, quote, toSql } from "./where-sql.ts";

/**
 * A list query in SQL words, plain data so that it can be handed to the scan thread.
 */
export interface PageRequest {
  readonly table: string;
  readonly organizationId: string;
  readonly where: Sql;
  /** The sort path's expression; absent when sorted by id. */
  readonly sort?: string;
  /** No two records of the organisation hold the same value there. */
  readonly sortUnique: boolean;
  /** Whatever meets the condition holds a value there. */
  readonly sortHeld: boolean;
  readonly descending: boolean;
  readonly after?: Position;
  readonly offset: number;
  readonly limit: number;
  readonly total: boolean;
  /** The indexed column that narrows the condition, along which a scan goes; absent: along the ids. */
  readonly along?: string;
}

/** The records of one page, and the number of all matches where it was asked for. */
export interface PageRows {
  readonly rows: readonly RecordText[];
  readonly total?: number;
}

/** How a query is answered: at once on the event loop, by an index in the scan thread, or by a bounded scan there. */
export type Way = "at-once" | "by-index" | "scan";

/** Passing over more rows than this takes longer than the event loop may be held. */
const offsetAtOnceMax = 500;
/** Looking up more keys than this, too. */
const keysAtOnceMax = 250;

/**
 * Puts a query into SQL and chooses its way. At once goes only what an index answers in well under a millisecond or
 * two: the records of a key, or a walk along an index from a known place.
 */
export function planPage(
  query: Query,
  definition: CollectionDefinition<Entity>,
  organizationId: string,
): { readonly request: PageRequest; readonly way: Way } {
  const where = query.where ? toSql(query.where, definition, organizationId) : everything;
  const narrow = query.where && where.text !== everything.text ? narrowing(query.where, definition) : undefined;
  const sortPath = query.sort?.path ?? "id";
  const request: PageRequest = {
    table: quote(definition.name),
    organizationId,
    where,
    ...(sortPath !== "id" && { sort: columnOf(sortPath, definition) }),
    sortUnique: definition.indexes.some((each) => each.path === sortPath && each.unique && each.element === undefined),
    sortHeld: alwaysHeld.has(sortPath) || (narrow?.by === "range" && narrow.path === sortPath),
    descending: query.sort?.direction === "descending",
    ...(query.after && { after: query.after }),
    offset: query.offset ?? 0,
    limit: query.limit,
    total: query.total ?? false,
    ...(narrow?.by === "range" && narrow.path !== "id" && { along: columnOf(narrow.path, definition) }),
  };
  return { request, way: wayOfPage(request, narrow, sortPath, definition) };
}

/** The condition that all records meet. */
export const everything: Sql = { text: "1", values: [] };

function wayOfPage(
  request: PageRequest,
  narrow: Narrowing | undefined,
  sortPath: string,
  definition: CollectionDefinition<Entity>,
): Way {
  if (narrow?.by === "key") return wayOfKeys(narrow.keys);
  if (narrow?.by === "list") return "by-index";
  const walk =
    isOrdered(sortPath, definition) &&
    (narrow === undefined || (narrow.by === "range" && narrow.alone && narrow.path === sortPath));
  if (!walk) return "scan";
  const shallow = request.offset <= offsetAtOnceMax && (!request.total || narrow === undefined);
  return shallow ? "at-once" : "by-index";
}

const wayOfKeys = (keys: number): Way => (keys <= keysAtOnceMax ? "at-once" : "by-index");

/** As `planPage`, for the number of matches alone. */
export function planCount(
  where: Query["where"],
  definition: CollectionDefinition<Entity>,
  organizationId: string,
): { readonly request: PageRequest; readonly way: Way } {
  const { request } = planPage({ ...(where && { where }), limit: 0, total: true }, definition, organizationId);
  if (!where || request.where.text === everything.text) return { request, way: "at-once" };
  const narrow = narrowing(where, definition);
  if (narrow.by === "key") return { request, way: wayOfKeys(narrow.keys) };
  const byIndex = narrow.by === "list" || (narrow.by === "range" && narrow.alone);
  return { request, way: byIndex ? "by-index" : "scan" };
}

/**
 * Reads a page in the order of an index.
 * @param read how the rows of a query are read
 */
export function readPage(connection: Connection, request: PageRequest, read: ReadRows = readEach): PageRows {
  const rows: RecordText[] = [];
  let offset = request.offset;
  const { sort, sortHeld, descending, after } = request;
  for (const part of partsOf({ isById: sort === undefined, isHeld: sortHeld, isDescending: descending, after })) {
    const missing = request.limit - rows.length;
    if (missing <= 0) break;
    const found = readPart(connection, request, part, offset, missing, read);
    rows.push(...found);
    // What this part could pass over counts towards the offset of the next.
    if (offset > 0 && found.length === 0) offset -= Math.min(offset, countPart(connection, request, part));
    else offset = 0;
  }
  if (!request.total) return { rows };
  return { rows, total: sizeShown(request, rows.length) ?? countAll(connection, request) };
}

/** The number of matches: from the kept counts when there is no condition, else by counting. */
export function countAll(connection: Connection, request: PageRequest): number {
  if (request.where.text === everything.text) {
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

/** The rows of these ids, in this order. */
export function readRows(
  connection: Connection,
  table: string,
  organizationId: string,
  ids: readonly unknown[],
): RecordText[] {
  const sql = `SELECT ${recordColumns} FROM ${table} WHERE organization_id = ? AND id = ?`;
  return ids.flatMap((id) => {
    const row = connection.getValues(sql, [organizationId, String(id)]);
    return row ? [toText(row)] : [];
  });
}

/** The SQL of one part of a page, exported for the tests that ask the planner about it. */
export function partSql(request: PageRequest, part: PagePart, columns: string): Sql {
  const { where, sort, after, descending } = request;
  const beyond = descending ? "<" : ">";
  const terms = ["organization_id = ?", where.text];
  const values: SqlValue[] = [request.organizationId, ...where.values];
  if (sort !== undefined && part !== "all") terms.push(`${sort} IS ${part === "present" ? "NOT " : ""}NULL`);
  // A position counts only within its own part; the part after it is read from its beginning.
  if (after && part === "present" && !isInMissing(after)) {
    terms.push(`(${sort}, id) ${beyond} (?, ?)`);
    values.push(after.value ?? null, after.id);
  } else if (after && (part === "all" || (part === "missing" && isInMissing(after)))) {
    terms.push(`id ${beyond} ?`);
    values.push(after.id);
  }
  const text = `SELECT ${columns} FROM ${request.table} WHERE ${terms.join(" AND ")} ORDER BY ${orderOf(request, part)}`;
  return { text, values };
}

function orderOf({ sort, sortUnique, descending }: PageRequest, part: PagePart): string {
  const direction = descending ? "DESC" : "ASC";
  if (part !== "present") return `id ${direction}`;
  return `${sort} ${direction}${sortUnique ? "" : `, id ${direction}`}`;
}

function readPart(
  connection: Connection,
  request: PageRequest,
  part: PagePart,
  offset: number,
  limit: number,
  read: ReadRows,
): RecordText[] {
  if (offset === 0) {
    const { text, values } = partSql(request, part, recordColumns);
    return read(connection, { text: `${text} ${atMost}`, values: [...values, limit] });
  }
  // Passing over rows inside the index, and fetching only those that are shown.
  const { text, values } = partSql(request, part, "rowid AS place");
  return read(connection, {
    text: `SELECT ${recordColumns} FROM (${text} ${atMost} OFFSET ?) AS page CROSS JOIN ${request.table} ON ${request.table}.rowid = place ORDER BY ${orderOf(request, part)}`,
    values: [...values, limit, offset],
  });
}

function countPart(connection: Connection, request: PageRequest, part: PagePart): number {
  const { text, values } = partSql(request, part, "id");
  return Number(connection.get(`SELECT count(*) AS n FROM (${text})`, values)?.["n"]);
}
