import { StartError } from "../errors.ts";
import type { Migration } from "./migrations.ts";
import type { Connection } from "./sqlite-driver.ts";
import { recordColumns, toBody, toEntity } from "./sqlite-record.ts";
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
  for (let last = -1; ; ) {
    const rows = connection.all(
      `SELECT rowid, ${recordColumns} FROM ${table} WHERE rowid > ? ORDER BY rowid LIMIT ${migrationBatch}`,
      [last],
    );
    for (const row of rows) {
      last = Number(row["rowid"]);
      const changed = rewrite({ ...toEntity(row) });
      if (changed) connection.run(`UPDATE ${table} SET body = ? WHERE rowid = ?`, [toBody(changed), last]);
    }
    if (rows.length < migrationBatch) return;
  }
}
