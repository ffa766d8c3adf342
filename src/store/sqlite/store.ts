import { storeUnavailable } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { WrittenRecords } from "../cache/written-records.ts";
import { isStorableString } from "../condition.ts";
import type { StoreEngine, WriteListener } from "../engine.ts";
import { indexKey } from "../errors.ts";
import { createGroupLists } from "../group-lists.ts";
import { migrations as allMigrations, type Migration } from "../migrations.ts";
import { type Entity, parseRawRecord, toEnvelope } from "../record.ts";
import type { CollectionDefinition, Index, ReadTenant, Tenant, Transaction } from "../store.ts";
import { TransactionScope } from "../transaction-scope.ts";
import { copyDatabase } from "./backup/copy-database.ts";
import { createSqliteReader, createSqliteWriter } from "./collection.ts";
import { DatabaseFile, type FileIdentity } from "./database-file.ts";
import { mapSqliteErrors, type SqliteConnection } from "./driver.ts";
import { createSqliteMembershipReader, createSqliteMembershipWriter } from "./memberships.ts";
import type { ReaderPool } from "./readers/reader-pool.ts";
import { qualifiedRecordColumns, readAsSingleRow, recordColumns, rowToRawRecord } from "./record.ts";
import { elementTable, indexColumn, quoteIdentifier } from "./schema/names.ts";
import { SqliteSnapshots } from "./snapshot.ts";
import { WriteQueue } from "./write-queue.ts";

export interface SqliteOptions {
  /** The directory of the database file. */
  readonly dataDir: string;
  /** What to do when there is no database; by default, the directory and the file are created. */
  readonly missing?: "create" | "reject";
  readonly collections: readonly CollectionDefinition<Entity>[];
  readonly migrations?: readonly Migration[];
  /** The time limit of a query in a reader thread, in milliseconds. */
  readonly scanTimeMs?: number;
  readonly log?: Log;
}

const scanTimeMsDefault = 2000;
/** The longest time before reads notice a missing file. Writes check at every commit. */
const fileCheckIntervalMs = 100;
/** The interval of attempts to reopen a missing file. */
const reopenIntervalMs = 250;

/**
 * Opens the embedded store: one SQLite file, one write connection with a queue, one read connection, and two threads for
 * queries that would block the event loop. When the file is removed, the store rejects calls as `unavailable` and opens
 * the file again once it is back. It never creates an empty file in its place.
 * @throws StartupError when the directory cannot be used: locked by another process, not writable, the database of
 *   another program, or damaged
 */
export function openSqliteStore({
  dataDir,
  missing = "create",
  collections,
  migrations = allMigrations,
  scanTimeMs = scanTimeMsDefault,
  log,
}: SqliteOptions): StoreEngine {
  const open = (expectedIdentity?: FileIdentity): DatabaseFile =>
    DatabaseFile.open({
      dataDir,
      missing,
      collections,
      migrations,
      scanTimeMs,
      ...(log && { log }),
      ...(expectedIdentity !== undefined && { expectedIdentity }),
    });
  let file: DatabaseFile | undefined = open();
  let { identity } = file;
  let checkedAt = Date.now();
  let closing: Promise<void> | undefined;
  let closingPrevious: Promise<void> | undefined;
  const listeners: WriteListener[] = [];

  const verifyFileIdentity = (currentFile: DatabaseFile): void => {
    checkedAt = Date.now();
    if (currentFile.isInPlace()) return;
    file = undefined;
    // A transaction may be running on the file. Its commit checks again and is rejected.
    closingPrevious = queue
      .waitForGroup()
      .then(() => currentFile.close())
      .catch(() => undefined) // a missing file may fail to close, and nothing uses it any more
      .then(() => {
        closingPrevious = undefined;
      });
    throw storeUnavailable(new Error("The database file was moved, replaced or deleted."));
  };
  const ensureOpen = (maxAgeMs: number): DatabaseFile => {
    const now = Date.now();
    if (file) {
      if (now - checkedAt >= maxAgeMs) verifyFileIdentity(file);
      return file;
    }
    if (closingPrevious || now - checkedAt < reopenIntervalMs)
      throw storeUnavailable(new Error("The database file is missing."));
    checkedAt = now;
    try {
      file = open(identity);
      identity = file.identity;
      for (const listener of listeners) listener(undefined);
    } catch (error) {
      throw storeUnavailable(error);
    }
    return file;
  };
  const assertOpen = (): void => {
    if (closing) throw storeUnavailable(new Error("The store is closed."));
  };
  const scope = new TransactionScope(log);
  const keyLookups = buildKeyLookups(collections);
  const snapshots = new SqliteSnapshots(collections);
  let written = new WrittenRecords();
  const queue = new WriteQueue(
    () => ensureOpen(0).writeConnection,
    (connection) => {
      // A commit goes to the opened file, wherever it is now. Acknowledging a commit to a removed file would lose it.
      const currentFile = ensureOpen(0);
      if (currentFile.writeConnection !== connection)
        throw storeUnavailable(new Error("The database file was reopened."));
      currentFile.endRead();
    },
    () => {
      for (const listener of listeners) listener(written);
      written = new WrittenRecords();
    },
  );
  const currentFile = (maxAgeMs: number): DatabaseFile => {
    assertOpen();
    return ensureOpen(maxAgeMs);
  };
  const readConnection = (): SqliteConnection => currentFile(fileCheckIntervalMs).readConnection();
  const readerPool = (): ReaderPool => currentFile(fileCheckIntervalMs).readerPool;

  return {
    for: (organizationId): ReadTenant => {
      const tenant: Omit<ReadTenant, "groupLists"> = {
        organizationId,
        // Listed instead of spread: on Node 20, spreading what the three share costs a tenth of a GET of a user.
        open: <T extends Entity>(definition: CollectionDefinition<T>) =>
          createSqliteReader({
            connection: readConnection,
            readerPool,
            definition,
            organizationId,
            log,
            decode: (record) => parseRawRecord(record) as T,
          }),
        openRaw: (definition) =>
          createSqliteReader({
            connection: readConnection,
            readerPool,
            definition,
            organizationId,
            log,
            read: readAsSingleRow,
            decode: (record) => record,
          }),
        openEnvelopes: (definition) =>
          createSqliteReader({
            connection: readConnection,
            readerPool,
            definition,
            organizationId,
            log,
            readsEnvelopes: true,
            decode: toEnvelope,
          }),
        memberships: createSqliteMembershipReader(readConnection, organizationId),
      };
      return Object.assign(tenant, { groupLists: createGroupLists(tenant) });
    },
    lookup: <T extends Entity>(definition: CollectionDefinition<T>, key: string, values: readonly string[]) =>
      mapSqliteErrors(() => {
        const sql = keyLookups.get(keyLookupName(definition, key));
        if (sql === undefined) throw new Error(`${definition.name} has no globally unique key ${key}.`);
        return findByKey(readConnection(), sql, values) as T | undefined;
      }),
    transaction: (body) =>
      mapSqliteErrors(() => {
        assertOpen();
        scope.assertOutside();
        return queue.run((connection) => scope.run(() => runInTransaction(connection, () => written, body)));
      }),
    snapshot: (work) => snapshots.run(() => currentFile(0).connect(), work),
    backup: (path) => mapSqliteErrors(() => copyDatabase(currentFile(0).path, path)),
    hasOtherWriters: false,
    onWrite: (listener) => {
      listeners.push(listener);
    },
    assertAvailable: () => {
      currentFile(fileCheckIntervalMs);
    },
    ping: () =>
      mapSqliteErrors(async () => {
        currentFile(0).readConnection().get("SELECT 1 FROM migrations");
        if (scope.findStuck())
          throw storeUnavailable(new Error("All writes wait for a transaction that does not end."));
      }),
    close: () => {
      closing ??= (async () => {
        await queue.waitForIdle();
        snapshots.close();
        await closingPrevious;
        await file?.close();
        file = undefined;
      })();
      return closing;
    },
  };
}

/** Runs the body of a transaction. Its writers fail afterwards, because late writes would join another transaction. */
async function runInTransaction<R>(
  connection: SqliteConnection,
  written: () => WrittenRecords,
  body: (transaction: Transaction) => Promise<R>,
): Promise<R> {
  let isFinished = false;
  const writeConnection = (): SqliteConnection => {
    if (isFinished) throw new Error("The transaction of this writer is over.");
    return connection;
  };
  try {
    return await body({
      for: (organizationId): Tenant<"write"> => ({
        organizationId,
        open: (definition) => createSqliteWriter(writeConnection, written, definition, organizationId),
        memberships: createSqliteMembershipWriter(writeConnection, written, organizationId),
      }),
    });
  } finally {
    isFinished = true;
  }
}

/**
 * Finds the record with one of these values at a globally unique key.
 * @param sql selects the record of one bound value
 */
function findByKey(connection: SqliteConnection, sql: string, values: readonly string[]): Entity | undefined {
  for (const value of values.filter(isStorableString)) {
    const row = connection.getValues(sql, [value]);
    if (row) return parseRawRecord(rowToRawRecord(row));
  }
  return undefined;
}

/** Returns the SQL of each lookup by a globally unique key, by collection and key. */
function buildKeyLookups(collections: readonly CollectionDefinition<Entity>[]): ReadonlyMap<string, string> {
  return new Map(
    collections.flatMap((definition) =>
      definition.indexes
        .filter(({ unique }) => unique === "global")
        .map((index) => [keyLookupName(definition, indexKey(index)), keyLookupSql(definition, index)] as const),
    ),
  );
}

const keyLookupName = ({ name }: CollectionDefinition<Entity>, key: string): string => `${name} ${key}`;

function keyLookupSql(definition: CollectionDefinition<Entity>, index: Index): string {
  const table = quoteIdentifier(definition.name);
  return index.element === undefined
    ? `SELECT ${recordColumns} FROM ${table} WHERE ${quoteIdentifier(indexColumn(index))} = ?`
    : `SELECT ${qualifiedRecordColumns("r")} FROM ${quoteIdentifier(elementTable(definition, index))} AS k CROSS JOIN ${table} AS r
         ON r.organization_id = k.organization_id AND r.id = k.id WHERE k.value = ?`;
}
