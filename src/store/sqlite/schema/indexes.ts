import { StartupError } from "../../../errors.ts";
import { indexKey } from "../../errors.ts";
import type { Entity } from "../../record.ts";
import type { CollectionDefinition, Index } from "../../store.ts";
import { isSqliteError, type SqliteConnection } from "../driver.ts";
import { prepareGeneratedColumns } from "./columns.ts";
import { elementTable, indexColumn, locatePath, quoteIdentifier, toJsonPath } from "./names.ts";

/**
 * Aligns the indexes of a collection with its declaration: builds new indexes over the existing records, rebuilds those
 * with a changed declaration, and drops those that are no longer declared.
 * @throws StartupError when two records have the same value of a key that is now unique
 */
export function prepareIndexes(connection: SqliteConnection, definition: CollectionDefinition<Entity>): void {
  const declared = definition.indexes.flatMap((index) => toSchemaObjects(definition, index));
  const names = new Set(declared.map(({ name }) => name));
  for (const { type, name } of listExisting(connection, definition)) {
    if (!names.has(name)) connection.exec(`DROP ${type} IF EXISTS ${quoteIdentifier(name)}`);
  }
  prepareGeneratedColumns(connection, definition);
  for (const { index, ...object } of declared) {
    try {
      createIfChanged(connection, object);
    } catch (error) {
      if (!isSqliteError(error) || !error.message.startsWith("UNIQUE constraint failed")) throw error;
      throw new StartupError(
        `two records of ${definition.name} have the same ${indexKey(index)}, which must be unique in this release. Change one of them with the previous release.`,
      );
    }
  }
}

/** Returns the name of the SQL index of a declared index on a path. */
export function indexName(definition: CollectionDefinition<Entity>, index: Index): string {
  return `${definition.name}_${indexColumn(index)}`;
}

/** Returns the name of the index of records without a unique key, in id order: the last part of a sorted list. */
export function missingIndexName(definition: CollectionDefinition<Entity>, index: Index): string {
  return `${indexName(definition, index)}__missing`;
}

/** A schema object that belongs to an index. SQLite stores its SQL as written, so that a change can be detected. */
interface SchemaObject {
  readonly type: "index" | "table" | "trigger";
  readonly name: string;
  readonly sql: string;
  /** Runs after the creation, over the existing records. */
  readonly backfillSql?: string;
}

function toSchemaObjects(
  definition: CollectionDefinition<Entity>,
  index: Index,
): readonly (SchemaObject & { readonly index: Index })[] {
  const objects = index.element === undefined ? toPathObjects(definition, index) : toElementObjects(definition, index);
  return objects.map((object) => ({ ...object, index }));
}

function toPathObjects(definition: CollectionDefinition<Entity>, index: Index): readonly SchemaObject[] {
  const column = quoteIdentifier(indexColumn(index));
  const on = quoteIdentifier(definition.name);
  const name = indexName(definition, index);
  const toIndexObject = (unique: string, key: string): SchemaObject => ({
    type: "index",
    name,
    sql: `CREATE ${unique}INDEX ${quoteIdentifier(name)} ON ${on} (${key})`,
  });
  if (index.unique === "global") return [toIndexObject("UNIQUE ", column)];
  if (index.sparse) return [toIndexObject("", `organization_id, ${column}, id) WHERE (${column} IS NOT NULL`)];
  if (index.onlyValue !== undefined)
    return [toIndexObject("", `organization_id, ${column}, id) WHERE (${column} = ${Number(index.onlyValue)}`)];
  // With the id, `eq ORDER BY id` and keyset pages read along the index.
  if (index.unique === undefined) return [toIndexObject("", `organization_id, ${column}, id`)];
  const missingIndex = missingIndexName(definition, index);
  return [
    toIndexObject("UNIQUE ", `organization_id, ${column}`),
    {
      type: "index",
      name: missingIndex,
      sql: `CREATE INDEX ${quoteIdentifier(missingIndex)} ON ${on} (organization_id, id) WHERE ${column} IS NULL`,
    },
  ];
}

/** A side table of the values of array elements. Triggers maintain it, so that no write can miss it. */
function toElementObjects(definition: CollectionDefinition<Entity>, index: Index): readonly SchemaObject[] {
  const name = elementTable(definition, index);
  const [table, on] = [quoteIdentifier(name), quoteIdentifier(definition.name)];
  const { column, jsonPath: path } = locatePath(index.path, definition);
  const value = `CASE e.type WHEN 'object' THEN json_extract(e.value, ${toJsonPath(index.element ?? "")}) END`;
  const toInsertSql = (record: string, from: string): string =>
    `INSERT INTO ${table} SELECT DISTINCT ${record}.organization_id, ${value}, ${record}.id
      FROM ${from}json_each(${record}.${column}, ${path}) AS e
      WHERE json_type(${record}.${column}, ${path}) = 'array' AND ${value} IS NOT NULL;`;
  const deleteSql = `DELETE FROM ${table} WHERE organization_id = old.organization_id AND id = old.id;`;
  const trigger = (suffix: string, when: string): SchemaObject => ({
    type: "trigger",
    name: `${name}__${suffix}`,
    sql: `CREATE TRIGGER ${quoteIdentifier(`${name}__${suffix}`)} AFTER ${when} END`,
  });
  const key = index.unique === "global" ? "value" : "organization_id, value, id";
  return [
    {
      type: "table",
      name,
      sql: `CREATE TABLE ${table} (organization_id TEXT NOT NULL, value NOT NULL, id TEXT NOT NULL, PRIMARY KEY (${key})) WITHOUT ROWID`,
      backfillSql: toInsertSql("r", `${on} AS r CROSS JOIN `),
    },
    {
      type: "index",
      name: `${name}__id`,
      sql: `CREATE INDEX ${quoteIdentifier(`${name}__id`)} ON ${table} (organization_id, id)`,
    },
    trigger("in", `INSERT ON ${on} WHEN (new.${column} -> ${path}) IS NOT NULL BEGIN ${toInsertSql("new", "")}`),
    trigger("out", `DELETE ON ${on} BEGIN ${deleteSql}`),
    trigger(
      "changed",
      // Many writes leave the whole column unchanged, and comparing it parses no JSON.
      `UPDATE OF ${column} ON ${on} WHEN old.${column} IS NOT new.${column}
        AND (old.${column} -> ${path}) IS NOT (new.${column} -> ${path}) BEGIN ${deleteSql} ${toInsertSql("new", "")}`,
    ),
  ];
}

/** Lists the existing indexes of the table, and its side tables with their triggers. */
function listExisting(
  connection: SqliteConnection,
  { name }: CollectionDefinition<Entity>,
): readonly Pick<SchemaObject, "type" | "name">[] {
  const rows = connection.all(
    `SELECT type, name FROM sqlite_schema WHERE sql IS NOT NULL AND (
       (type = 'index' AND tbl_name = ?) OR (type = 'trigger' AND tbl_name = ? AND name NOT LIKE '%\\_counted\\__%' ESCAPE '\\')
       OR (type IN ('table', 'index') AND substr(tbl_name, 1, ?) = ?))`,
    [name, name, name.length + 2, `${name}__`],
  );
  return rows.map((row) => ({ type: row["type"] as SchemaObject["type"], name: String(row["name"]) }));
}

function createIfChanged(connection: SqliteConnection, { type, name, sql, backfillSql }: SchemaObject): void {
  const storedSql = connection.get("SELECT sql FROM sqlite_schema WHERE type = ? AND name = ?", [type, name])?.["sql"];
  if (storedSql === sql) return;
  if (storedSql !== undefined) connection.exec(`DROP ${type} ${quoteIdentifier(name)}`);
  connection.exec(sql);
  if (backfillSql !== undefined) connection.exec(backfillSql);
}
