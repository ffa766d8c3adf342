import { unavailable } from "../errors.ts";
import type {
  Change,
  CollectionDefinition,
  Entity,
  Index,
  ReadTenant,
  Store,
  Tenant,
  WriteListener,
} from "./collection.ts";
import { migrations as allMigrations, type Migration } from "./migrations.ts";
import { PageMarks, RecordChanges } from "./page-marks.ts";
import { keyOf } from "./refusals.ts";
import { collectionReader, collectionWriter } from "./sqlite-collection.ts";
import { type Connection, guard } from "./sqlite-driver.ts";
import { type FileIdentity, OpenFolder } from "./sqlite-folder.ts";
import { membershipReader, membershipWriter } from "./sqlite-memberships.ts";
import { WriteQueue } from "./sqlite-queue.ts";
import type { ScanReader } from "./sqlite-reader.ts";
import { readAsOne, recordColumns, recordColumnsOf, toEntity } from "./sqlite-record.ts";
import { elementTable, indexColumn, quote } from "./where-sql.ts";

export interface SqliteOptions {
  /** The folder that holds the database file; made when missing. */
  readonly dataDir: string;
  readonly collections: readonly CollectionDefinition<Entity>[];
  readonly migrations?: readonly Migration[];
  /** How long a question that is answered beside the event loop may run. */
  readonly scanTimeMs?: number;
}

const scanTimeMsDefault = 2000;
/** How long a file that has gone may stay unnoticed by reads; writes look at every commit. */
const lookAgainMs = 100;
/** How often a store that is gone is looked for. */
const reopenMs = 250;

/**
 * The embedded store: one SQLite file, one write connection with its queue, one read connection beside it, and two
 * threads for the questions that would hold the event loop. When the file is taken away it answers `unavailable` and opens it again as
 * soon as it is back; it never starts an empty one in its place.
 * @throws StartError when the folder cannot be used: held by another process, not writable, not our database, damaged
 */
export function openSqliteStore({
  dataDir,
  collections,
  migrations = allMigrations,
  scanTimeMs = scanTimeMsDefault,
}: SqliteOptions): Store {
  const open = (again?: FileIdentity): OpenFolder =>
    OpenFolder.open({ dataDir, collections, migrations, scanTimeMs, ...(again !== undefined && { again }) });
  let folder: OpenFolder | undefined = open();
  let { identity } = folder;
  let lookedAt = Date.now();
  let closing: Promise<void> | undefined;
  let leaving: Promise<void> | undefined;
  const listeners: WriteListener[] = [];

  const lookAt = (current: OpenFolder): void => {
    lookedAt = Date.now();
    if (current.isInPlace()) return;
    folder = undefined;
    // A transaction may be under way on it; its commit looks again and is refused.
    leaving = queue
      .groupDone()
      .then(() => current.close())
      .catch(() => undefined) // a file that is gone may fail to close; nothing of it is used any more
      .then(() => {
        leaving = undefined;
      });
    throw unavailable(new Error("the database file was moved, replaced or deleted"));
  };
  const opened = (maxAgeMs: number): OpenFolder => {
    const now = Date.now();
    if (folder) {
      if (now - lookedAt >= maxAgeMs) lookAt(folder);
      return folder;
    }
    if (leaving || now - lookedAt < reopenMs) throw unavailable(new Error("the database file is not there"));
    lookedAt = now;
    try {
      folder = open(identity);
      identity = folder.identity;
      for (const listener of listeners) listener(undefined, []);
    } catch (error) {
      throw unavailable(error);
    }
    return folder;
  };
  const assertOpen = (): void => {
    if (closing) throw unavailable(new Error("the store is closed"));
  };
  const lookups = lookupsIn(collections);
  const marks = new PageMarks();
  let changes = new RecordChanges();
  const queue = new WriteQueue(
    () => opened(0).write,
    (connection) => {
      // Commits go to the file that was opened, wherever it is now; acknowledging one that is gone would lose it.
      const current = opened(0);
      if (current.write !== connection) throw unavailable(new Error("the database file was opened anew"));
      current.endReading();
    },
    () => {
      marks.wrote(changes);
      for (const [organizationId, ids] of changes.ids) {
        for (const listener of listeners) listener(organizationId, ids);
      }
      changes = new RecordChanges();
    },
  );
  const current = (maxAgeMs: number): OpenFolder => {
    assertOpen();
    return opened(maxAgeMs);
  };
  const reading = (): Connection => current(lookAgainMs).reader();
  const scans = (): ScanReader => current(lookAgainMs).scans;
  const outside = { connection: reading, scans };

  return {
    for: (organizationId): ReadTenant => ({
      organizationId,
      open: <T extends Entity>(definition: CollectionDefinition<T>) =>
        collectionReader({ organizationId, definition, made: (text) => toEntity(text) as T, ...outside }, marks),
      texts: (definition) =>
        collectionReader({ organizationId, definition, read: readAsOne, made: (text) => text, ...outside }, marks),
      memberships: membershipReader(reading, organizationId),
    }),
    lookup: <T extends Entity>(from: CollectionDefinition<T>, key: string, values: readonly string[]) =>
      guard(() => {
        const sql = lookups.get(lookupName(from, key));
        if (sql === undefined) throw new Error(`${from.name} has no key ${key} that is unique everywhere`);
        return current(lookAgainMs).findByKey(sql, values) as T | undefined;
      }),
    transaction: (body) =>
      guard(() => {
        assertOpen();
        return queue.run((connection) => inChange(connection, () => changes, body));
      }),
    onWritten: (listener) => {
      listeners.push(listener);
    },
    ping: () =>
      guard(async () => {
        current(0).reader().get("SELECT 1 FROM migrations");
      }),
    close: () => {
      closing ??= (async () => {
        await queue.idle();
        await leaving;
        await folder?.close();
        folder = undefined;
      })();
      return closing;
    },
  };
}

/** Runs a transaction's body. What it was given to write with ends with it: later writes would join another's change. */
async function inChange<R>(
  connection: Connection,
  changes: () => RecordChanges,
  body: (change: Change) => Promise<R>,
): Promise<R> {
  let over = false;
  const writing = (): Connection => {
    if (over) throw new Error("the transaction that this belongs to is over");
    return connection;
  };
  try {
    return await body({
      for: (organizationId): Tenant<"write"> => ({
        organizationId,
        open: (definition) => collectionWriter(writing, changes, definition, organizationId),
        memberships: membershipWriter(writing, changes, organizationId),
      }),
    });
  } finally {
    over = true;
  }
}

/** By collection and key, how to find the one record of the store that holds a value there. */
function lookupsIn(collections: readonly CollectionDefinition<Entity>[]): ReadonlyMap<string, string> {
  return new Map(
    collections.flatMap((definition) =>
      definition.indexes
        .filter(({ unique }) => unique === "everywhere")
        .map((index) => [lookupName(definition, keyOf(index)), lookupSql(definition, index)] as const),
    ),
  );
}

const lookupName = ({ name }: CollectionDefinition<Entity>, key: string): string => `${name} ${key}`;

function lookupSql(definition: CollectionDefinition<Entity>, index: Index): string {
  const table = quote(definition.name);
  return index.element === undefined
    ? `SELECT ${recordColumns} FROM ${table} WHERE ${quote(indexColumn(index))} = ?`
    : `SELECT ${recordColumnsOf("r")} FROM ${quote(elementTable(definition, index))} AS k CROSS JOIN ${table} AS r
         ON r.organization_id = k.organization_id AND r.id = k.id WHERE k.value = ?`;
}
