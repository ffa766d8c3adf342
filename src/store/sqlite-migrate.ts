import { StartError } from "../errors.ts";
import type { Entity } from "./collection.ts";
import type { Migration } from "./migrations.ts";
import type { Connection } from "./sqlite-driver.ts";
import { recordColumns, toEntity, toText, writtenColumns, writtenValues } from "./sqlite-record.ts";
import { quote } from "./where-sql.ts";

/**
 * Runs the migrations that the data have not seen, inside the caller's transaction.
 * @throws StartError when the data were written by a newer release
 */
export function migrate(connection: Connection, migrations: readonly Migration[]): void {
  const newest = migrations.at(-1)?.number ?? 0;
  const applied = Number(connection.get("SELECT COALESCE(max(number), 0) AS n FROM migrations")?.["n"]);
  if (applied > newest) {
    throw new StartError(
      `the data were written by a newer release (migration ${applied}, this one knows ${newest}). Start that release.`,
    );
  }
  for (const migration of migrations) {
    if (migration.number <= applied) continue;
    rewriteAll(connection, migration);
    const now = new Date().toISOString();
    connection.run("INSERT INTO migrations VALUES (?, ?, ?)", [migration.number, migration.name, now]);
  }
}

const migrationBatch = 500;

function rewriteAll(connection: Connection, { collection, rewrite }: Migration): void {
  const table = quote(collection.name);
  const { twin } = collection;
  const columns = writtenColumns(collection);
  const read = `rowid, ${twin === undefined ? "NULL" : quote(twin)}, ${recordColumns}`;
  for (let last = -1; ; ) {
    const rows = connection.allValues(
      `SELECT ${read} FROM ${table} WHERE rowid > ? ORDER BY rowid LIMIT ${migrationBatch}`,
      [last],
    );
    for (const [place, storedTwin, ...record] of rows) {
      last = Number(place);
      const entity = toEntity(toText(record));
      const changed = rewrite({ ...entity, ...(twin !== undefined && { [twin]: JSON.parse(String(storedTwin)) }) });
      if (!changed) continue;
      const { version, createdAt, updatedAt } = entity;
      const values = writtenValues({ ...changed, version, createdAt, updatedAt } as Entity, collection);
      connection.run(`UPDATE ${table} SET ${columns.map((column) => `${column} = ?`).join(", ")} WHERE rowid = ?`, [
        ...values,
        last,
      ]);
    }
    if (rows.length < migrationBatch) return;
  }
}
