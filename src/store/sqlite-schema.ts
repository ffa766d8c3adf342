import { StartError } from "../errors.ts";
import type { CollectionDefinition, Entity } from "./collection.ts";
import type { Migration } from "./migrations.ts";
import type { Connection } from "./sqlite-driver.ts";
import { indexName, missingName, prepareIndexes } from "./sqlite-indexes.ts";
import { migrate } from "./sqlite-migrate.ts";
import { elementTable, quote } from "./where-sql.ts";

/** Marks a file as ours in its header (PRAGMA application_id), so that another program's database is left alone. */
const applicationId = 0x47415445;
/** The shape of tables that no declaration changes (PRAGMA user_version). A file of another one would be misread. */
const format = 1;

/**
 * Brings a database file to the shape that the declarations ask for: tables, generated columns, indexes, side tables
 * and the triggers that keep them; then runs the migrations that it has not seen. One transaction: all or nothing.
 * @throws StartError when the data were written by a newer release
 */
export function prepareSchema(
  connection: Connection,
  collections: readonly CollectionDefinition<Entity>[],
  migrations: readonly Migration[],
): void {
  // sqlite_stat1, which describePlans fills, cannot be created by name: only ANALYZE makes it.
  if (!connection.get("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'")) connection.exec("ANALYZE");
  connection.exec("BEGIN IMMEDIATE");
  try {
    connection.exec(`PRAGMA application_id=${applicationId}; PRAGMA user_version=${format}`);
    connection.exec(fixedTables);
    for (const collection of collections) prepareCollection(connection, collection);
    describePlans(connection, collections);
    migrate(connection, migrations);
    connection.exec("COMMIT");
  } catch (error) {
    if (connection.inTransaction) connection.exec("ROLLBACK");
    throw error;
  }
}

/**
 * Looks at a file before anything is written to it.
 * @throws StartError when it is the database of another program or of another format, or is damaged; a driver error when it is no database
 */
export function assertOurs(connection: Connection): void {
  const id = connection.get("PRAGMA application_id")?.["application_id"];
  const tables = connection.get("SELECT count(*) AS n FROM sqlite_schema")?.["n"];
  if (tables !== 0 && id !== applicationId) {
    throw new StartError("it is the database of another program. Name another DATA_DIR.");
  }
  const found = connection.get("PRAGMA user_version")?.["user_version"];
  if (tables !== 0 && found !== format) {
    throw new StartError(
      `it is of format ${found}, and this release reads format ${format} only. Start the release that wrote it, or name another DATA_DIR.`,
    );
  }
  // Looking at every page takes a second for about 70 MB, so only what a restart can wait for is looked at whole.
  const pages = Number(connection.get("PRAGMA page_count")?.["page_count"]);
  if (pages > checkedPagesMax) return;
  const verdict = connection.get("PRAGMA quick_check(1)")?.["quick_check"];
  if (verdict !== "ok") throw new StartError(`it is damaged (${verdict}). Restore it from a backup.`);
}

const checkedPagesMax = 16_384; // 64 MiB

const fixedTables = `
  CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS record_counts (
    collection TEXT NOT NULL, organization_id TEXT NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY (collection, organization_id)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS memberships (
    organization_id TEXT NOT NULL, group_id TEXT NOT NULL, member_id TEXT NOT NULL,
    PRIMARY KEY (organization_id, group_id, member_id)) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS memberships_by_member ON memberships (organization_id, member_id, group_id);`;

function prepareCollection(connection: Connection, definition: CollectionDefinition<Entity>): void {
  const twin = definition.twin === undefined ? "" : ` ${quote(definition.twin)} TEXT NOT NULL,`;
  connection.exec(`CREATE TABLE IF NOT EXISTS ${quote(definition.name)} (
    organization_id TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, body TEXT NOT NULL,${twin}
    PRIMARY KEY (organization_id, id))`);
  connection.exec(countTriggers(definition.name));
  prepareIndexes(connection, definition);
}

/** Counting a million rows takes longer than a request may; the triggers keep the number instead. */
function countTriggers(name: string): string {
  return `
    CREATE TRIGGER IF NOT EXISTS ${quote(`${name}_counted_in`)} AFTER INSERT ON ${quote(name)} BEGIN
      INSERT INTO record_counts VALUES ('${name}', new.organization_id, 1)
        ON CONFLICT (collection, organization_id) DO UPDATE SET n = n + 1; END;
    CREATE TRIGGER IF NOT EXISTS ${quote(`${name}_counted_out`)} AFTER DELETE ON ${quote(name)} BEGIN
      UPDATE record_counts SET n = n - 1 WHERE collection = '${name}' AND organization_id = old.organization_id; END;`;
}

/**
 * Tells the planner how selective each index is instead of letting it measure: with these rows the plans are the same
 * on an empty file and on a million records, and `IN` and `OR` never read a whole organisation.
 */
function describePlans(connection: Connection, collections: readonly CollectionDefinition<Entity>[]): void {
  const describe = (table: string, index: string, stat: string): void => {
    connection.run("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", [table, index, stat]);
  };
  connection.exec("DELETE FROM sqlite_stat1");
  if (connection.get("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat4'"))
    connection.exec("DELETE FROM sqlite_stat4");
  for (const definition of collections) {
    describe(definition.name, `sqlite_autoindex_${definition.name}_1`, "1000000 1000000 1");
    for (const index of definition.indexes) {
      if (index.element === undefined) {
        const stat =
          index.unique === "everywhere" ? "1000000 1" : index.unique ? "1000000 1000000 1" : "1000000 1000000 2 1";
        describe(definition.name, indexName(definition, index), stat);
        if (index.unique === "organization")
          describe(definition.name, missingName(definition, index), "1000000 1000000 1");
      } else {
        const table = elementTable(definition, index);
        describe(table, table, index.unique === "everywhere" ? "2000000 1" : "2000000 2000000 2 1");
        describe(table, `${table}_id`, "2000000 2000000 2");
      }
    }
  }
  describe("memberships", "memberships", "10000000 10000000 1000 1");
  describe("memberships", "memberships_by_member", "10000000 10000000 10 1");
}
