import { chmodSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { StartupError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { Migration } from "../migrations.ts";
import { flushToDisk } from "../new-file.ts";
import type { Entity } from "../record.ts";
import type { CollectionDefinition } from "../store.ts";
import { DataDirectoryLock } from "./data-directory.ts";
import { SqliteConnection } from "./driver.ts";
import { toStartupError } from "./file-errors.ts";
import { ReaderPool } from "./readers/reader-pool.ts";
import { assertCompatibleDatabase, prepareSqliteSchema } from "./schema/tables.ts";
import { checkpointAtCommit } from "./write-queue.ts";

interface DatabaseFileOptions {
  readonly dataDir: string;
  readonly missing: "create" | "reject";
  readonly collections: readonly CollectionDefinition<Entity>[];
  readonly migrations: readonly Migration[];
  readonly scanTimeMs: number;
  readonly log?: Log;
  /** The identity of the file that was open before. Absent at startup, which creates a missing file. */
  readonly expectedIdentity?: FileIdentity;
}

/** The open data directory of this process: its lock, its database file and the connections to it. */
export class DatabaseFile {
  readonly writeConnection: SqliteConnection;
  readonly readerPool: ReaderPool;
  readonly #readConnection: SqliteConnection;
  #hasReadTransaction = false;
  readonly #lock: DataDirectoryLock;
  readonly #path: string;
  readonly identity: FileIdentity;

  /** Locks the directory and prepares the file. @throws StartupError with the fix */
  static open(options: DatabaseFileOptions): DatabaseFile {
    const { dataDir } = options;
    const path = join(dataDir, "gatehouse.db");
    if (options.expectedIdentity !== undefined) assertReopenable(path, options.expectedIdentity);
    // Before the lock creates the directory. A lock file records whether the directory has held a database.
    if (options.missing === "reject" && [path, `${path}-wal`, join(dataDir, "lock.db")].every(isAbsent))
      throw new StartupError(`${path}: ${noDatabase}`);
    const lock = DataDirectoryLock.acquire(dataDir);
    try {
      prepareFile(path, lock, options);
      return new DatabaseFile(lock, path, options);
    } catch (error) {
      lock.release();
      throw toStartupError(error, path);
    }
  }

  private constructor(lock: DataDirectoryLock, path: string, { scanTimeMs }: DatabaseFileOptions) {
    this.#lock = lock;
    this.#path = path;
    this.identity = readFileIdentity(path) ?? "";
    this.writeConnection = new SqliteConnection(path);
    this.writeConnection.exec(`${durabilityPragmas}; ${checkpointAtCommit}`);
    this.#readConnection = new SqliteConnection(path);
    this.#readConnection.exec(`${durabilityPragmas}; PRAGMA query_only=1; PRAGMA wal_autocheckpoint=0`);
    this.readerPool = new ReaderPool(path, scanTimeMs);
  }

  /**
   * Returns the read connection, in a read transaction that lasts until the next commit. A transaction per query would
   * make the lookup of a record half as expensive again.
   */
  readConnection(): SqliteConnection {
    if (!this.#hasReadTransaction) this.#readConnection.exec("BEGIN");
    this.#hasReadTransaction = true;
    return this.#readConnection;
  }

  /** Ends the read transaction before a commit, so that later queries see the commit and the WAL can be reset. */
  endRead(): void {
    this.#hasReadTransaction = false;
    if (this.#readConnection.inTransaction) this.#readConnection.exec("COMMIT"); // an error may have ended the transaction
  }

  /** Opens a further connection to the file. The caller closes it. */
  connect(): SqliteConnection {
    return new SqliteConnection(this.#path);
  }

  /** The path of the file. */
  get path(): string {
    return this.#path;
  }

  /** Whether the path still leads to the opened file. */
  isInPlace(): boolean {
    return readFileIdentity(this.#path) === this.identity;
  }

  async close(): Promise<void> {
    await this.readerPool.close();
    this.endRead();
    this.#readConnection.close();
    try {
      // One of the drivers keeps files open after `close` while a statement exists, so the WAL is emptied explicitly.
      if (this.isInPlace()) this.writeConnection.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } finally {
      this.writeConnection.close();
      this.#lock.release();
    }
  }
}

/** Set explicitly, because one driver has another default for `synchronous`. FULL survives a power failure. */
const durabilityPragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY";

/** Checks the file before anything is written, then migrates it to the declared schema on a separate connection. */
function prepareFile(path: string, lock: DataDirectoryLock, options: DatabaseFileOptions): void {
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (!size && readFileSize(`${path}-wal`) > 0) {
    // SQLite would treat it as a new database and delete the WAL.
    throw new StartupError(
      "the file is empty or missing, but its write-ahead log exists. Put the file back or restore it from a backup.",
    );
  }
  if (size === 0)
    throw new StartupError(
      "the file is empty. Restore it from a backup, or delete it and lock.db to start with an empty database.",
    );
  if (size === undefined) createFile(path, lock, options);
  else assertCompatible(path);
  prepareSchema(path, options, "reject");
  lock.recordDatabase();
}

const noDatabase =
  'there is no database. Set DATA_DIR to the directory of the service\'s database, or create one with "gatehouse init".';

/** Whether there is no such file. If its directory cannot be read, that is not known, and the lock reports the reason. */
function isAbsent(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOTDIR";
  }
}

/** Creates the file under another name, so that a crash in between never leaves an empty or partial database. */
function createFile(path: string, lock: DataDirectoryLock, options: DatabaseFileOptions): void {
  if (lock.hasHeldDatabase)
    throw new StartupError(
      "the file is missing, and the directory has held a database. Put the file back or restore it from a backup, or delete lock.db to start with an empty database.",
    );
  if (options.missing === "reject") throw new StartupError(noDatabase);
  const newPath = `${path}.new`;
  for (const suffix of ["", "-journal", "-wal", "-shm"]) rmSync(newPath + suffix, { force: true });
  prepareSchema(newPath, options, "create");
  renameSync(newPath, path);
  flushToDisk(options.dataDir, "r");
}

function assertCompatible(path: string): void {
  const inspection = new SqliteConnection(path, { readOnly: true });
  try {
    assertCompatibleDatabase(inspection);
  } finally {
    inspection.close();
  }
}

/** Prepares the schema. A new file has no WAL yet, because a WAL keeps its name when its database is renamed. */
function prepareSchema(
  path: string,
  { collections, migrations, log }: DatabaseFileOptions,
  missing: "create" | "reject",
): void {
  const connection = new SqliteConnection(path, { missing });
  try {
    chmodSync(path, 0o600);
    connection.exec(missing === "create" ? "PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL" : durabilityPragmas);
    prepareSqliteSchema(connection, collections, migrations, log);
  } finally {
    connection.close();
  }
}

/** @throws StartupError unless the file that was open before can be opened again safely */
function assertReopenable(path: string, previous: FileIdentity): void {
  if (readFileSize(path) === 0)
    throw new StartupError(`${path} is missing or empty. Put it back or restore it from a backup.`);
  // The WAL belongs to the previous file; replaying it into another file would damage that file.
  if (readFileIdentity(path) !== previous && readFileSize(`${path}-wal`) > 0) {
    throw new StartupError(
      `${path} was replaced by another file beside the write-ahead log of the previous one. Stop the service before you replace the file.`,
    );
  }
}

/** Device and inode: unique among existing files, and unchanged when a file is moved away and back. */
export type FileIdentity = string;

function readFileIdentity(path: string): FileIdentity | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined; // a file that cannot be examined cannot be used either
  }
}

/** Returns the size in bytes, 0 for a missing file. It does not open the file: closing the descriptor would drop SQLite's locks. */
const readFileSize = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
