import { StartupError } from "../../../errors.ts";
import type { Log } from "../../../log.ts";
import type { FieldRename, Migration, RecordMigration } from "../../migrations.ts";
import { type Entity, parseRawRecord } from "../../record.ts";
import type { SqliteConnection } from "../driver.ts";
import { recordColumns, rowToRawRecord, writtenColumns, writtenValues } from "../record.ts";
import { listColumns } from "./columns.ts";
import { quoteIdentifier, toJsonPath } from "./names.ts";

/**
 * Runs the pending migrations inside the caller's transaction.
 * @throws StartupError when the data were written by a newer release
 */
export function runSqliteMigrations(connection: SqliteConnection, migrations: readonly Migration[], log?: Log): void {
  const newest = migrations.at(-1)?.number ?? 0;
  const applied = Number(connection.get("SELECT COALESCE(max(number), 0) AS n FROM migrations")?.["n"]);
  if (applied > newest) {
    throw new StartupError(
      `the data were written by a newer release (migration ${applied}, this one knows ${newest}). Start that release.`,
    );
  }
  for (const migration of migrations) {
    if (migration.number <= applied) continue;
    if ("renames" in migration) for (const rename of migration.renames) renameField(connection, rename);
    else rewriteAll(connection, migration);
    const now = new Date().toISOString();
    connection.run("INSERT INTO migrations VALUES (?, ?, ?)", [migration.number, migration.name, now]);
    log?.debug("migration run", { number: migration.number, name: migration.name });
  }
}

/**
 * Renames a search-field column, together with every trigger, index and generated column that refers to it, or a field
 * of the JSON body. Skips a collection that this store does not have.
 */
function renameField(connection: SqliteConnection, { collection, from, to }: FieldRename): void {
  const table = quoteIdentifier(collection);
  const columns = listColumns(connection, collection);
  if (columns.some(({ name }) => name === from)) {
    connection.exec(`ALTER TABLE ${table} RENAME COLUMN ${quoteIdentifier(from)} TO ${quoteIdentifier(to)}`);
  } else if (columns.length > 0) {
    const [fromPath, toPath] = [toJsonPath(from), toJsonPath(to)];
    // `->` keeps the type of the value, and json_type is NULL only where the field is absent.
    connection.exec(
      `UPDATE ${table} SET body = json_set(json_remove(body, ${fromPath}), ${toPath}, body -> ${fromPath})
       WHERE json_type(body, ${fromPath}) IS NOT NULL`,
    );
  }
}

const migrationBatch = 500;

/** Rewrites the records of a collection. Skips a collection that this store does not have. */
function rewriteAll(connection: SqliteConnection, { collection, rewrite }: RecordMigration): void {
  if (listColumns(connection, collection.name).length === 0) return;
  const table = quoteIdentifier(collection.name);
  const { searchFields } = collection;
  const columns = writtenColumns(collection);
  const columnsSql = `rowid, ${searchFields === undefined ? "NULL" : quoteIdentifier(searchFields)}, ${recordColumns}`;
  for (let lastRowid = -1; ; ) {
    const rows = connection.allValues(
      `SELECT ${columnsSql} FROM ${table} WHERE rowid > ? ORDER BY rowid LIMIT ${migrationBatch}`,
      [lastRowid],
    );
    for (const [rowid, storedSearchFields, ...record] of rows) {
      lastRowid = Number(rowid);
      const entity = parseRawRecord(rowToRawRecord(record));
      const rewritten = rewrite({
        ...entity,
        ...(searchFields !== undefined && { [searchFields]: JSON.parse(String(storedSearchFields)) }),
      });
      if (!rewritten) continue;
      const { version, createdAt, updatedAt } = entity;
      const values = writtenValues({ ...rewritten, version, createdAt, updatedAt } as Entity, collection);
      connection.run(`UPDATE ${table} SET ${columns.map((column) => `${column} = ?`).join(", ")} WHERE rowid = ?`, [
        ...values,
        lastRowid,
      ]);
    }
    if (rows.length < migrationBatch) return;
  }
}
