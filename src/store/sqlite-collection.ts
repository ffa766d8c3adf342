import { AppError } from "../errors.ts";
import type { CollectionDefinition, Entity, Position, Reader, Writer } from "./collection.ts";
import { checkCondition, checkPath, isStorableText } from "./condition.ts";
import type { PageMarks, RecordChanges } from "./page-marks.ts";
import { conflict, stale } from "./refusals.ts";
import { type Connection, guard, isSqliteError, type SqlValue, sqlOf } from "./sqlite-driver.ts";
import { countMatches, listPage, type Reading } from "./sqlite-list.ts";
import { recordColumns, toEntity, toText, writtenColumns, writtenValues } from "./sqlite-record.ts";
import { assertOutsideTwin } from "./twin.ts";
import { elementTable, envelopeColumns, indexColumn, jsonPath, quote } from "./where-sql.ts";

/**
 * The collection of one organisation, for reading. What no index answers goes to the scan thread.
 * @param marks where pages ended; absent inside a transaction, which sees what nobody else does
 */
export function collectionReader<T extends Entity>(reading: Reading<T>, marks?: PageMarks): Reader<T> {
  const { connection, definition, organizationId, made } = reading;
  return {
    get: (id) =>
      guard(() => {
        if (!isStorableText(id)) return undefined;
        const row = connection().getValues(oneSql(definition), [organizationId, id]);
        return row && made(toText(row));
      }),
    list: (query) =>
      guard(() => {
        if (query.where) checkCondition(query.where);
        if (query.sort) checkPath(query.sort.path);
        if (query.after) checkPosition(query.after);
        const book = marks?.book(definition.name, organizationId);
        return listPage(reading, query, book);
      }),
    count: (where) =>
      guard(() => {
        if (where) checkCondition(where);
        return countMatches(reading, where);
      }),
  };
}

/** One record by its id. */
const oneSql = sqlOf<CollectionDefinition<Entity>>(
  ({ name }) => `SELECT ${recordColumns} FROM ${quote(name)} WHERE organization_id = ? AND id = ?`,
);

const insertSql = sqlOf<CollectionDefinition<Entity>>((definition) => {
  const columns = writtenColumns(definition);
  const places = ", ?".repeat(columns.length);
  return `INSERT INTO ${quote(definition.name)} (organization_id, id, ${columns.join(", ")}) VALUES (?, ?${places})`;
});

const replaceSql = sqlOf<CollectionDefinition<Entity>>((definition) => {
  const columns = writtenColumns(definition).map((column) => `${column} = ?`);
  return `UPDATE ${quote(definition.name)} SET ${columns.join(", ")} WHERE organization_id = ? AND id = ?`;
});

const replaceVersionSql = sqlOf<CollectionDefinition<Entity>>(
  (definition) => `${replaceSql(definition)} AND version = ?`,
);

/** A position comes back from the caller, in a cursor. */
function checkPosition({ value, id }: Position): void {
  if (isStorableText(id) && (typeof value !== "string" || isStorableText(value))) return;
  throw new AppError("invalid-request", "The cursor is not one that was given out here.");
}

/** The collection of one organisation inside a transaction. */
export function collectionWriter<T extends Entity, Written extends T>(
  connection: () => Connection,
  changes: () => RecordChanges,
  definition: CollectionDefinition<T, Written>,
  organizationId: string,
): Writer<T, Written> {
  const table = quote(definition.name);
  const ours = "organization_id = ? AND id = ?";
  const versionOf = (id: string): unknown =>
    connection().get(`SELECT version FROM ${table} WHERE ${ours}`, [organizationId, id])?.["version"];
  const noted = (id: string, how: "place" | "content"): void => {
    changes().note(definition.name, organizationId, id, how);
  };
  const write = (sql: string, values: readonly SqlValue[]): number => {
    try {
      return connection().run(sql, values);
    } catch (error) {
      throw conflictOf(error, definition) ?? error;
    }
  };
  const sameTenant = (entity: T): void => {
    if (entity.organizationId !== organizationId)
      throw new Error("a record was to be written into another organisation than its own");
  };
  const reader = collectionReader({ connection, definition, organizationId, made: (text) => toEntity(text) as T });
  return Object.assign(reader, {
    insert: async (entity) => {
      sameTenant(entity);
      write(insertSql(definition), [organizationId, entity.id, ...writtenValues(entity, definition)]);
      noted(entity.id, "place");
    },
    replace: async (entity, readVersion) => {
      sameTenant(entity);
      const values = [...writtenValues(entity, definition), organizationId, entity.id];
      const changed =
        readVersion === "any"
          ? write(replaceSql(definition), values)
          : write(replaceVersionSql(definition), [...values, readVersion]);
      if (changed === 0) throw stale(entity.id);
      noted(entity.id, "content");
    },
    remove: async (id, readVersion) => {
      if (!isStorableText(id)) return false;
      const guard = readVersion === "any" ? "" : " AND version = ?";
      const values = readVersion === "any" ? [organizationId, id] : [organizationId, id, readVersion];
      if (write(`DELETE FROM ${table} WHERE ${ours}${guard}`, values) === 1) {
        noted(id, "place");
        return true;
      }
      if (versionOf(id) !== undefined) throw stale(id);
      return false;
    },
    increment: async (id, amounts, atLeast = {}) => {
      if (!isStorableText(id)) return false;
      const { text, values } = incrementSql(definition, amounts, atLeast);
      if (text === "") return versionOf(id) !== undefined;
      noted(id, "content");
      return write(`UPDATE ${table} SET ${text} WHERE ${ours}`, [...values, organizationId, id]) === 1;
    },
  } satisfies Omit<Writer<T, Written>, keyof Reader<T>>);
}

function incrementSql(
  definition: CollectionDefinition<Entity>,
  amounts: Readonly<Record<string, number>>,
  atLeast: Readonly<Record<string, string>>,
): { text: string; values: SqlValue[] } {
  const columns: string[] = [];
  const columnValues: SqlValue[] = [];
  const inBody: string[] = [];
  const bodyValues: SqlValue[] = [];
  const assign = (path: string, raised: (old: string) => string, value: SqlValue): void => {
    checkPath(path);
    assertOutsideTwin(path, definition);
    if (path === "id") throw new Error("an id never changes");
    if (typeof value === "number" && !Number.isFinite(value)) throw new RangeError(`${path} cannot grow by ${value}`);
    const column = envelopeColumns[path];
    if (column) {
      columns.push(`${column} = ${raised(column)}`);
      columnValues.push(value);
    } else {
      inBody.push(`, ${jsonPath(path)}, ${raised(`json_extract(body, ${jsonPath(path)})`)}`);
      bodyValues.push(value);
    }
  };
  for (const [path, amount] of Object.entries(amounts)) assign(path, (old) => `COALESCE(${old}, 0) + ?`, amount);
  for (const [path, value] of Object.entries(atLeast)) assign(path, (old) => `max(COALESCE(${old}, ''), ?)`, value);
  if (inBody.length > 0) columns.push(`body = json_set(body${inBody.join("")})`);
  return { text: columns.join(", "), values: [...columnValues, ...bodyValues] };
}

/** `UNIQUE constraint failed: users.organization_id, users.p_folded_userName` -> the declared path of that key. */
function conflictOf(error: unknown, definition: CollectionDefinition<Entity>): AppError | undefined {
  if (!isSqliteError(error)) return undefined;
  const failed = /^UNIQUE constraint failed: (.+)$/.exec(error.message)?.[1];
  if (failed === undefined) return undefined;
  const last = failed.split(", ").at(-1) ?? "";
  const index = definition.indexes.find((each) =>
    each.element === undefined
      ? last === `${definition.name}.${indexColumn(each)}`
      : last === `${elementTable(definition, each)}.value`,
  );
  return conflict(index, error);
}
