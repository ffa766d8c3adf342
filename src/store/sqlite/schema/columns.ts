import type { Entity } from "../../record.ts";
import type { CollectionDefinition } from "../../store.ts";
import type { SqliteConnection } from "../driver.ts";
import { envelopeColumns, indexColumn, locatePath, quoteIdentifier } from "./names.ts";

/** A column of a table, and whether it is a virtual generated column. */
interface TableColumn {
  readonly name: string;
  readonly isVirtual: boolean;
}

/** The value of `hidden` in `PRAGMA table_xinfo` for a virtual generated column. */
const hiddenVirtual = 2;

/** @returns the columns of a table, generated ones included; none when there is no such table */
export function listColumns(connection: SqliteConnection, table: string): readonly TableColumn[] {
  return connection
    .all(`PRAGMA table_xinfo(${quoteIdentifier(table)})`)
    .map(({ name, hidden }) => ({ name: String(name), isVirtual: Number(hidden) === hiddenVirtual }));
}

/**
 * Aligns the generated columns of a table with the declared indexes: adds the missing ones and drops those that no
 * index uses any more. A generated column holds the value of a path, so that the JSON columns stay the only truth. Both
 * changes rewrite no rows, because the columns are virtual. The indexes on dropped columns must be gone before.
 */
export function prepareGeneratedColumns(connection: SqliteConnection, definition: CollectionDefinition<Entity>): void {
  const table = quoteIdentifier(definition.name);
  const existing = listColumns(connection, definition.name);
  const declared = new Map(
    definition.indexes
      .filter(({ path, element }) => element === undefined && !envelopeColumns[path])
      .map((index) => [indexColumn(index), index.path]),
  );
  for (const { name, isVirtual } of existing) {
    if (isVirtual && !declared.has(name)) connection.exec(`ALTER TABLE ${table} DROP COLUMN ${quoteIdentifier(name)}`);
  }
  for (const [name, path] of declared) {
    if (existing.some((column) => column.name === name)) continue;
    const { column, jsonPath } = locatePath(path, definition);
    connection.exec(
      `ALTER TABLE ${table} ADD COLUMN ${quoteIdentifier(name)} GENERATED ALWAYS AS (json_extract(${column}, ${jsonPath})) VIRTUAL`,
    );
  }
}
