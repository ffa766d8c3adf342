import { StartError } from "../errors.ts";
import type { CollectionDefinition, Entity, Index } from "./collection.ts";
import { keyOf } from "./refusals.ts";
import { type Connection, isSqliteError } from "./sqlite-driver.ts";
import { elementTable, indexColumn, jsonPath, placeOf, quote } from "./where-sql.ts";

/**
 * Makes the indexes of a collection what its declaration says: builds those that are new over the records that are
 * there, builds those anew whose declaration changed, drops those that are declared no longer.
 * @throws StartError when two records hold the same value of a key that is now unique
 */
export function prepareIndexes(connection: Connection, definition: CollectionDefinition<Entity>): void {
  const wanted = definition.indexes.flatMap((index) => objectsOf(definition, index));
  const names = new Set(wanted.map(({ name }) => name));
  for (const { type, name } of existing(connection, definition)) {
    if (!names.has(name)) connection.exec(`DROP ${type} IF EXISTS ${quote(name)}`);
  }
  prepareColumns(connection, definition);
  for (const { index, ...object } of wanted) {
    try {
      create(connection, object);
    } catch (error) {
      if (!isSqliteError(error) || !error.message.startsWith("UNIQUE constraint failed")) throw error;
      throw new StartError(
        `two records of ${definition.name} hold the same ${keyOf(index)}, which this release keeps unique. Change one of them with the release before.`,
      );
    }
  }
}

export function indexName(definition: CollectionDefinition<Entity>, index: Index): string {
  return `${definition.name}_${indexColumn(index)}`;
}

/** The index of the records that do not hold a unique key, in id order: they are the last part of a sorted list. */
export function missingName(definition: CollectionDefinition<Entity>, index: Index): string {
  return `${indexName(definition, index)}__missing`;
}

/** A thing in the database that an index consists of. Its SQL is stored as written, which tells whether it changed. */
interface SchemaObject {
  readonly type: "index" | "table" | "trigger";
  readonly name: string;
  readonly sql: string;
  /** Run once it is made, over the records that are there. */
  readonly fill?: string;
}

function objectsOf(
  definition: CollectionDefinition<Entity>,
  index: Index,
): readonly (SchemaObject & { readonly index: Index })[] {
  const objects = index.element === undefined ? pathObjects(definition, index) : elementObjects(definition, index);
  return objects.map((object) => ({ ...object, index }));
}

function pathObjects(definition: CollectionDefinition<Entity>, index: Index): readonly SchemaObject[] {
  const column = quote(indexColumn(index));
  const on = quote(definition.name);
  const name = indexName(definition, index);
  const make = (unique: string, key: string): SchemaObject => ({
    type: "index",
    name,
    sql: `CREATE ${unique}INDEX ${quote(name)} ON ${on} (${key})`,
  });
  if (index.unique === "everywhere") return [make("UNIQUE ", column)];
  // The id makes `eq ORDER BY id` and keyset pages walk the index.
  if (index.unique === undefined) return [make("", `organization_id, ${column}, id`)];
  const missing = missingName(definition, index);
  return [
    make("UNIQUE ", `organization_id, ${column}`),
    {
      type: "index",
      name: missing,
      sql: `CREATE INDEX ${quote(missing)} ON ${on} (organization_id, id) WHERE ${column} IS NULL`,
    },
  ];
}

/** A table of the elements' values beside the collection, kept by triggers, so that no write can forget it. */
function elementObjects(definition: CollectionDefinition<Entity>, index: Index): readonly SchemaObject[] {
  const name = elementTable(definition, index);
  const [table, on] = [quote(name), quote(definition.name)];
  const { column, at: path } = placeOf(index.path, definition);
  const value = `CASE e.type WHEN 'object' THEN json_extract(e.value, ${jsonPath(index.element ?? "")}) END`;
  const fill = (record: string, from: string): string =>
    `INSERT INTO ${table} SELECT DISTINCT ${record}.organization_id, ${value}, ${record}.id
      FROM ${from}json_each(${record}.${column}, ${path}) AS e
      WHERE json_type(${record}.${column}, ${path}) = 'array' AND ${value} IS NOT NULL;`;
  const clear = `DELETE FROM ${table} WHERE organization_id = old.organization_id AND id = old.id;`;
  const trigger = (suffix: string, when: string): SchemaObject => ({
    type: "trigger",
    name: `${name}__${suffix}`,
    sql: `CREATE TRIGGER ${quote(`${name}__${suffix}`)} AFTER ${when} END`,
  });
  const key = index.unique === "everywhere" ? "value" : "organization_id, value, id";
  return [
    {
      type: "table",
      name,
      sql: `CREATE TABLE ${table} (organization_id TEXT NOT NULL, value NOT NULL, id TEXT NOT NULL, PRIMARY KEY (${key})) WITHOUT ROWID`,
      fill: fill("r", `${on} AS r CROSS JOIN `),
    },
    {
      type: "index",
      name: `${name}__id`,
      sql: `CREATE INDEX ${quote(`${name}__id`)} ON ${table} (organization_id, id)`,
    },
    trigger("in", `INSERT ON ${on} BEGIN ${fill("new", "")}`),
    trigger("out", `DELETE ON ${on} BEGIN ${clear}`),
    trigger(
      "changed",
      `UPDATE OF ${column} ON ${on} WHEN (old.${column} -> ${path}) IS NOT (new.${column} -> ${path}) BEGIN ${clear} ${fill("new", "")}`,
    ),
  ];
}

/** What is there of indexes: on the collection's table, and its side tables with their triggers. */
function existing(
  connection: Connection,
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

function create(connection: Connection, { type, name, sql, fill }: SchemaObject): void {
  const known = connection.get("SELECT sql FROM sqlite_schema WHERE type = ? AND name = ?", [type, name])?.["sql"];
  if (known === sql) return;
  if (known !== undefined) connection.exec(`DROP ${type} ${quote(name)}`);
  connection.exec(sql);
  if (fill !== undefined) connection.exec(fill);
}

/** A path's value as a generated column: body and twin stay the only truth. A column without an index costs nothing. */
function prepareColumns(connection: Connection, definition: CollectionDefinition<Entity>): void {
  const table = quote(definition.name);
  const columns = new Set(connection.all(`PRAGMA table_xinfo(${table})`).map((row) => row["name"]));
  for (const index of definition.indexes) {
    const column = indexColumn(index);
    if (index.element !== undefined || columns.has(column)) continue;
    columns.add(column);
    const { column: from, at } = placeOf(index.path, definition);
    connection.exec(
      `ALTER TABLE ${table} ADD COLUMN ${quote(column)} GENERATED ALWAYS AS (json_extract(${from}, ${at})) VIRTUAL`,
    );
  }
}
