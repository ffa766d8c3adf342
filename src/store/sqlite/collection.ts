import { AppError } from "../../errors.ts";
import { isLong, waitForOwnTick } from "../../own-tick.ts";
import type { WriteKind, WrittenRecords } from "../cache/written-records.ts";
import { isStorableString, validateCondition, validatePath } from "../condition.ts";
import { conflict, stale } from "../errors.ts";
import type { Position } from "../query.ts";
import { type Entity, parseRawRecord } from "../record.ts";
import { assertOutsideSearchFields } from "../search-fields.ts";
import type { CollectionDefinition, Reader, Writer } from "../store.ts";
import { isSqliteError, mapSqliteErrors, memoizeSql, type SqliteConnection, type SqlValue } from "./driver.ts";
import { countMatches, listRecords, type SqliteReadContext } from "./query/list.ts";
import { recordColumns, rowToRawRecord, writtenColumns, writtenValues } from "./record.ts";
import { elementTable, envelopeColumns, indexColumn, quoteIdentifier, toJsonPath } from "./schema/names.ts";

/**
 * Creates the reader of a collection for one organization. Expensive queries run in the reader threads.
 * @param context the connections, the definition and the decoder of records
 */
export function createSqliteReader<T extends Entity>(context: SqliteReadContext<T>): Reader<T> {
  const { connection, definition, organizationId, decode } = context;
  return {
    get: (id) =>
      mapSqliteErrors(() => {
        if (!isStorableString(id)) return undefined;
        const row = connection().getValues(selectByIdSql(definition), [organizationId, id]);
        if (!row) return undefined;
        const record = rowToRawRecord(row);
        // Reading a long record took milliseconds, and parsing it takes as long.
        return isLong(record.json.length) ? waitForOwnTick().then(() => decode(record)) : decode(record);
      }),
    list: (query) =>
      mapSqliteErrors(() => {
        if (query.where) validateCondition(query.where);
        if (query.sort) validatePath(query.sort.path);
        if (query.after) validatePosition(query.after);
        return listRecords(context, query);
      }),
    count: (where) =>
      mapSqliteErrors(() => {
        if (where) validateCondition(where);
        return countMatches(context, where);
      }),
  };
}

/** Whether reading or writing a record with these values takes milliseconds, as serializing it did. */
const hasLongValue = (values: readonly SqlValue[]): boolean =>
  values.some((value) => typeof value === "string" && isLong(value.length));

/** Selects one record by its id. */
const selectByIdSql = memoizeSql<CollectionDefinition<Entity>>(
  ({ name }) => `SELECT ${recordColumns} FROM ${quoteIdentifier(name)} WHERE organization_id = ? AND id = ?`,
);

const insertSql = memoizeSql<CollectionDefinition<Entity>>((definition) => {
  const columns = writtenColumns(definition);
  const placeholders = ", ?".repeat(columns.length);
  return `INSERT INTO ${quoteIdentifier(definition.name)} (organization_id, id, ${columns.join(", ")}) VALUES (?, ?${placeholders})`;
});

const replaceSql = memoizeSql<CollectionDefinition<Entity>>((definition) => {
  const columns = writtenColumns(definition).map((column) => `${column} = ?`);
  return `UPDATE ${quoteIdentifier(definition.name)} SET ${columns.join(", ")} WHERE organization_id = ? AND id = ?`;
});

const replaceVersionSql = memoizeSql<CollectionDefinition<Entity>>(
  (definition) => `${replaceSql(definition)} AND version = ?`,
);

/** Checks a position, which comes from the caller in a cursor. @throws AppError invalid-request */
function validatePosition({ value, id }: Position): void {
  if (isStorableString(id) && (typeof value !== "string" || isStorableString(value))) return;
  throw new AppError("invalid-request", "The cursor is invalid. Use a cursor of a previous response unchanged.");
}

/**
 * Creates the writer of a collection for one organization inside a transaction.
 * @param connection returns the write connection; throws when the transaction is over
 * @param written returns the message of what the current commit writes
 */
export function createSqliteWriter<T extends Entity, Written extends T>(
  connection: () => SqliteConnection,
  written: () => WrittenRecords,
  definition: CollectionDefinition<T, Written>,
  organizationId: string,
): Writer<T, Written> {
  const table = quoteIdentifier(definition.name);
  const byIdClause = "organization_id = ? AND id = ?";
  const findStoredVersion = (id: string): unknown =>
    connection().get(`SELECT version FROM ${table} WHERE ${byIdClause}`, [organizationId, id])?.["version"];
  const recordWrite = (id: string, kind: WriteKind): void => {
    written().add(definition.name, organizationId, id, kind);
  };
  const write = (sql: string, values: readonly SqlValue[]): number => {
    try {
      return connection().run(sql, values);
    } catch (error) {
      throw toConflict(error, definition) ?? error;
    }
  };
  const assertSameTenant = (entity: T): void => {
    if (entity.organizationId !== organizationId)
      throw new Error("A record cannot be written into another organization than its own.");
  };
  const reader = createSqliteReader({
    connection,
    definition,
    organizationId,
    decode: (record) => parseRawRecord(record) as T,
  });
  return Object.assign(reader, {
    insert: async (entity) => {
      assertSameTenant(entity);
      const values = writtenValues(entity, definition);
      const isLongWrite = hasLongValue(values);
      if (isLongWrite) await waitForOwnTick();
      write(insertSql(definition), [organizationId, entity.id, ...values]);
      recordWrite(entity.id, "inserted-or-removed");
      if (isLongWrite) await waitForOwnTick();
    },
    replace: async (entity, expectedVersion) => {
      assertSameTenant(entity);
      const values = [...writtenValues(entity, definition), organizationId, entity.id];
      const isLongWrite = hasLongValue(values);
      if (isLongWrite) await waitForOwnTick();
      const changedRows =
        expectedVersion === "any"
          ? write(replaceSql(definition), values)
          : write(replaceVersionSql(definition), [...values, expectedVersion]);
      if (changedRows === 0) throw stale(entity.id);
      recordWrite(entity.id, "updated");
      if (isLongWrite) await waitForOwnTick();
    },
    remove: async (id, expectedVersion) => {
      if (!isStorableString(id)) return false;
      const versionClause = expectedVersion === "any" ? "" : " AND version = ?";
      const values = expectedVersion === "any" ? [organizationId, id] : [organizationId, id, expectedVersion];
      if (write(`DELETE FROM ${table} WHERE ${byIdClause}${versionClause}`, values) === 1) {
        recordWrite(id, "inserted-or-removed");
        return true;
      }
      if (findStoredVersion(id) !== undefined) throw stale(id);
      return false;
    },
    increment: async (id, amounts, atLeast = {}) => {
      if (!isStorableString(id)) return false;
      const { text, values } = buildIncrementSql(definition, amounts, atLeast);
      if (text === "") return findStoredVersion(id) !== undefined;
      recordWrite(id, "updated");
      return write(`UPDATE ${table} SET ${text} WHERE ${byIdClause}`, [...values, organizationId, id]) === 1;
    },
  } satisfies Omit<Writer<T, Written>, keyof Reader<T>>);
}

function buildIncrementSql(
  definition: CollectionDefinition<Entity>,
  amounts: Readonly<Record<string, number>>,
  atLeast: Readonly<Record<string, string>>,
): { text: string; values: SqlValue[] } {
  const assignments: string[] = [];
  const assignmentValues: SqlValue[] = [];
  const bodyAssignments: string[] = [];
  const bodyValues: SqlValue[] = [];
  const assign = (path: string, toExpression: (old: string) => string, value: SqlValue): void => {
    validatePath(path);
    assertOutsideSearchFields(path, definition);
    if (path === "id") throw new Error("An id is immutable.");
    if (typeof value === "number" && !Number.isFinite(value))
      throw new RangeError(`${path} cannot be incremented by ${value}.`);
    const column = envelopeColumns[path];
    if (column) {
      assignments.push(`${column} = ${toExpression(column)}`);
      assignmentValues.push(value);
    } else {
      bodyAssignments.push(`, ${toJsonPath(path)}, ${toExpression(`json_extract(body, ${toJsonPath(path)})`)}`);
      bodyValues.push(value);
    }
  };
  for (const [path, amount] of Object.entries(amounts)) assign(path, (old) => `COALESCE(${old}, 0) + ?`, amount);
  for (const [path, value] of Object.entries(atLeast)) assign(path, (old) => `max(COALESCE(${old}, ''), ?)`, value);
  if (bodyAssignments.length > 0) assignments.push(`body = json_set(body${bodyAssignments.join("")})`);
  return { text: assignments.join(", "), values: [...assignmentValues, ...bodyValues] };
}

/** Maps `UNIQUE constraint failed: users.organization_id, users.p_normalized_userName` to a conflict of that index. */
function toConflict(error: unknown, definition: CollectionDefinition<Entity>): AppError | undefined {
  if (!isSqliteError(error)) return undefined;
  const columnList = /^UNIQUE constraint failed: (.+)$/.exec(error.message)?.[1];
  if (columnList === undefined) return undefined;
  const column = columnList.split(", ").at(-1) ?? "";
  const index = definition.indexes.find((each) =>
    each.element === undefined
      ? column === `${definition.name}.${indexColumn(each)}`
      : column === `${elementTable(definition, each)}.value`,
  );
  return conflict(index, error);
}
