import { StartupError } from "../../../errors.ts";
import type { Log } from "../../../log.ts";
import type { Migration } from "../../migrations.ts";
import type { Entity } from "../../record.ts";
import type { CollectionDefinition } from "../../store.ts";
import type { SqliteConnection } from "../driver.ts";
import { indexName, missingIndexName, prepareIndexes } from "./indexes.ts";
import { runSqliteMigrations } from "./migrate.ts";
import { elementTable, quoteIdentifier } from "./names.ts";

/** Identifies a Gatehouse database in the file header (PRAGMA application_id), so that no other database is changed. */
const applicationId = 0x47415445;
/** The version of the fixed table layout (PRAGMA user_version). A file of another version would be misread. */
const formatVersion = 1;

/**
 * Prepares a database file in one transaction: creates missing tables, runs pending migrations, then aligns generated
 * columns, indexes, side tables and their triggers with the declarations.
 * @throws StartupError when the data were written by a newer release
 */
export function prepareSqliteSchema(
  connection: SqliteConnection,
  collections: readonly CollectionDefinition<Entity>[],
  migrations: readonly Migration[],
  log?: Log,
): void {
  // sqlite_stat1, which writePlannerStats fills, cannot be created by name. Only ANALYZE creates it.
  if (!connection.get("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat1'")) connection.exec("ANALYZE");
  connection.exec("BEGIN IMMEDIATE");
  try {
    connection.exec(`PRAGMA application_id=${applicationId}; PRAGMA user_version=${formatVersion}`);
    connection.exec(fixedTablesSql);
    for (const collection of collections) createTable(connection, collection);
    runSqliteMigrations(connection, migrations, log);
    for (const collection of collections) prepareIndexes(connection, collection);
    writePlannerStats(connection, collections);
    connection.exec("COMMIT");
  } catch (error) {
    if (connection.inTransaction) connection.exec("ROLLBACK");
    throw error;
  }
}

/**
 * Checks a file before anything is written to it.
 * @throws StartupError when it is the database of another program, has another format version, or is damaged; a driver
 *   error when it is not a database
 */
export function assertCompatibleDatabase(connection: SqliteConnection): void {
  const id = connection.get("PRAGMA application_id")?.["application_id"];
  const tables = connection.get("SELECT count(*) AS n FROM sqlite_schema")?.["n"];
  if (tables !== 0 && id !== applicationId) {
    throw new StartupError("the file is the database of another program. Set another DATA_DIR.");
  }
  const fileFormat = connection.get("PRAGMA user_version")?.["user_version"];
  if (tables !== 0 && fileFormat !== formatVersion) {
    throw new StartupError(
      `the file has format ${fileFormat}, and this release reads only format ${formatVersion}. Start the release that wrote it, or set another DATA_DIR.`,
    );
  }
  // A check of every page takes one second per 70 MB, so only small files are checked completely.
  const pages = Number(connection.get("PRAGMA page_count")?.["page_count"]);
  if (pages > checkedPagesMax) return;
  const verdict = connection.get("PRAGMA quick_check(1)")?.["quick_check"];
  if (verdict !== "ok") throw new StartupError(`the file is damaged (${verdict}). Restore it from a backup.`);
}

const checkedPagesMax = 16_384; // 64 MiB

const fixedTablesSql = `
  CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS record_counts (
    collection TEXT NOT NULL, organization_id TEXT NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY (collection, organization_id)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS memberships (
    organization_id TEXT NOT NULL, group_id TEXT NOT NULL, member_id TEXT NOT NULL,
    PRIMARY KEY (organization_id, group_id, member_id)) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS memberships_by_member ON memberships (organization_id, member_id, group_id);`;

function createTable(connection: SqliteConnection, definition: CollectionDefinition<Entity>): void {
  const searchFieldsColumn =
    definition.searchFields === undefined ? "" : ` ${quoteIdentifier(definition.searchFields)} TEXT NOT NULL,`;
  connection.exec(`CREATE TABLE IF NOT EXISTS ${quoteIdentifier(definition.name)} (
    organization_id TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, body TEXT NOT NULL,${searchFieldsColumn}
    PRIMARY KEY (organization_id, id))`);
  connection.exec(countTriggers(definition.name));
}

/** Returns triggers that maintain the number of records, because counting a million rows takes too long for a request. */
function countTriggers(name: string): string {
  return `
    CREATE TRIGGER IF NOT EXISTS ${quoteIdentifier(`${name}_counted_in`)} AFTER INSERT ON ${quoteIdentifier(name)} BEGIN
      INSERT INTO record_counts VALUES ('${name}', new.organization_id, 1)
        ON CONFLICT (collection, organization_id) DO UPDATE SET n = n + 1; END;
    CREATE TRIGGER IF NOT EXISTS ${quoteIdentifier(`${name}_counted_out`)} AFTER DELETE ON ${quoteIdentifier(name)} BEGIN
      UPDATE record_counts SET n = n - 1 WHERE collection = '${name}' AND organization_id = old.organization_id; END;`;
}

/**
 * Writes the planner statistics by hand instead of measuring them. With these rows, the plans are the same for an empty
 * file and a million records, and `IN` and `OR` never read a whole organization.
 */
function writePlannerStats(connection: SqliteConnection, collections: readonly CollectionDefinition<Entity>[]): void {
  const insertStat = (table: string, index: string, stat: string): void => {
    connection.run("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", [table, index, stat]);
  };
  connection.exec("DELETE FROM sqlite_stat1");
  if (connection.get("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_stat4'"))
    connection.exec("DELETE FROM sqlite_stat4");
  for (const definition of collections) {
    insertStat(definition.name, `sqlite_autoindex_${definition.name}_1`, "1000000 1000000 1");
    for (const index of definition.indexes) {
      if (index.element === undefined) {
        const stat =
          index.unique === "global" ? "1000000 1" : index.unique ? "1000000 1000000 1" : "1000000 1000000 2 1";
        insertStat(definition.name, indexName(definition, index), stat);
        if (index.unique === "organization")
          insertStat(definition.name, missingIndexName(definition, index), "1000000 1000000 1");
      } else {
        const table = elementTable(definition, index);
        insertStat(table, table, index.unique === "global" ? "2000000 1" : "2000000 2000000 2 1");
        insertStat(table, `${table}_id`, "2000000 2000000 2");
      }
    }
  }
  insertStat("memberships", "memberships", "10000000 10000000 1000 1");
  insertStat("memberships", "memberships_by_member", "10000000 10000000 10 1");
}
