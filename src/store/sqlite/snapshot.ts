import { storeUnavailable } from "../../errors.ts";
import { isStorableString } from "../condition.ts";
import { type Entity, parseRawRecord } from "../record.ts";
import type { CollectionDefinition, MembershipEdge, Snapshot, SnapshotTenant } from "../store.ts";
import { createSqliteReader } from "./collection.ts";
import { limitSql, mapSqliteErrors, type SqliteConnection } from "./driver.ts";
import { createSqliteMembershipReader } from "./memberships.ts";
import { quoteIdentifier } from "./schema/names.ts";

/** Runs work on snapshots of a database file: each is one read transaction on a connection of its own. */
export class SqliteSnapshots {
  readonly #collections: readonly CollectionDefinition<Entity>[];
  readonly #open = new Set<SqliteConnection>();

  /** @param collections all collections of the store */
  constructor(collections: readonly CollectionDefinition<Entity>[]) {
    this.#collections = collections;
  }

  /**
   * @param connect opens a connection to the database file
   * @throws AppError unavailable, and whatever the work throws
   */
  run<R>(connect: () => SqliteConnection, work: (snapshot: Snapshot) => Promise<R>): Promise<R> {
    return mapSqliteErrors(async () => {
      const connection = connect();
      this.#open.add(connection);
      try {
        // The snapshot begins with the first read of the transaction.
        connection.exec("PRAGMA query_only=1; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=0; BEGIN");
        connection.get("SELECT 1 FROM migrations");
        return await work(this.#toSnapshot(connection));
      } catch (error) {
        throw this.#open.has(connection) ? error : storeUnavailable(new Error("The store is closed."));
      } finally {
        this.#end(connection);
      }
    });
  }

  /** Ends all snapshots. Their next read fails. */
  close(): void {
    for (const connection of this.#open) this.#end(connection);
  }

  #end(connection: SqliteConnection): void {
    if (!this.#open.delete(connection)) return;
    if (connection.inTransaction) connection.exec("ROLLBACK");
    connection.close();
  }

  #toSnapshot(connection: SqliteConnection): Snapshot {
    return {
      for: (organizationId) => toTenant(connection, organizationId),
      organizationIds: () =>
        mapSqliteErrors(() => {
          const tables = ["memberships", ...this.#collections.map(({ name }) => name)];
          return [...new Set(tables.flatMap((table) => [...listOrganizationIds(connection, table)]))].sort();
        }),
    };
  }
}

function toTenant(connection: SqliteConnection, organizationId: string): SnapshotTenant {
  return {
    organizationId,
    open: <T extends Entity>(definition: CollectionDefinition<T>) =>
      createSqliteReader<T>({
        connection: () => connection,
        definition,
        organizationId,
        decode: (record) => parseRawRecord(record) as T,
      }),
    memberships: createSqliteMembershipReader(() => connection, organizationId),
    edges: ({ after = { groupId: "", memberId: "" }, limit }) =>
      mapSqliteErrors(() =>
        connection
          .allValues(
            `SELECT group_id, member_id FROM memberships
             WHERE organization_id = ? AND (group_id, member_id) > (?, ?) ORDER BY group_id, member_id ${limitSql}`,
            [organizationId, after.groupId, after.memberId, limit],
          )
          .map(([groupId, memberId]): MembershipEdge => ({ groupId: String(groupId), memberId: String(memberId) })),
      ),
    searchFields: ({ name, searchFields }, ids) =>
      mapSqliteErrors(() => {
        const column = quoteIdentifier(searchFields ?? "");
        const rows = connection.allValues(
          `SELECT id, ${column} FROM ${quoteIdentifier(name)}
           WHERE organization_id = ? AND id IN (SELECT value FROM json_each(?))`,
          [organizationId, JSON.stringify(ids.filter(isStorableString))],
        );
        return new Map(rows.map(([id, json]) => [String(id), JSON.parse(String(json)) as unknown]));
      }),
  };
}

/** Seeks the next organization again and again, because reading all rows would take as long as the whole export. */
function* listOrganizationIds(connection: SqliteConnection, table: string): Generator<string> {
  const sql = `SELECT organization_id FROM ${quoteIdentifier(table)} WHERE organization_id > ?
               ORDER BY organization_id LIMIT 1`;
  for (let after = ""; ; ) {
    const [id] = connection.getValues(sql, [after]) ?? [];
    if (typeof id !== "string") return;
    yield id;
    after = id;
  }
}
