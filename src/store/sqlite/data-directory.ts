import { accessSync, constants, mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { StartupError } from "../../errors.ts";
import { SqliteConnection, sqliteErrorCode } from "./driver.ts";
import { sqliteCodes, toStartupError } from "./file-errors.ts";

/**
 * The lock of a data directory, which one process holds. Its file also records that the directory has held a database, so
 * that a lost database is not mistaken for a first start.
 */
export class DataDirectoryLock {
  readonly #connection: SqliteConnection;

  /**
   * Creates the directory if it is missing, and acquires its lock. The operating system releases it when the process ends
   * in any way.
   * @throws StartupError when the directory cannot be used or another process holds the lock
   */
  static acquire(dataDir: string): DataDirectoryLock {
    prepareDirectory(dataDir);
    const path = join(dataDir, "lock.db");
    try {
      return new DataDirectoryLock(openLocked(path));
    } catch (error) {
      if (sqliteErrorCode(error) === sqliteCodes.busy) throw inUse(dataDir);
      throw toStartupError(error, path);
    }
  }

  private constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  /** Whether the directory has held a complete database. */
  get hasHeldDatabase(): boolean {
    return this.#connection.get("PRAGMA user_version")?.["user_version"] === hasHeldDatabaseVersion;
  }

  /** Records durably that the directory holds a complete database. @throws a driver error */
  recordDatabase(): void {
    if (this.hasHeldDatabase) return;
    this.#connection.exec(`PRAGMA user_version=${hasHeldDatabaseVersion}; COMMIT; BEGIN EXCLUSIVE`);
  }

  /** Releases the lock. */
  release(): void {
    if (this.#connection.inTransaction) this.#connection.exec("ROLLBACK");
    this.#connection.close();
  }
}

/** The PRAGMA user_version of the lock file once the directory has held a database. */
const hasHeldDatabaseVersion = 1;

function openLocked(path: string): SqliteConnection {
  const connection = new SqliteConnection(path, { missing: "create", timeoutMs: 0 });
  try {
    connection.exec("PRAGMA synchronous=FULL; BEGIN EXCLUSIVE");
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

const inUse = (dataDir: string): StartupError =>
  new StartupError(`${dataDir} is in use by another gatehouse process. Stop that process or set another DATA_DIR.`);

/** @throws StartupError when the directory cannot be created or written to */
function prepareDirectory(dataDir: string): void {
  try {
    createDirectory(dataDir);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOTDIR" || code === "EEXIST")
      throw new StartupError(
        `DATA_DIR ${dataDir} is a file or is below one (${code}). Set it to the path of a directory.`,
      );
    throw new StartupError(
      `DATA_DIR ${dataDir} cannot be created (${code}). Check the owner and permissions of its parent directory.`,
    );
  }
  try {
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new StartupError(
      `DATA_DIR ${dataDir} is not writable (${(error as NodeJS.ErrnoException).code}). Check its owner and permissions.`,
    );
  }
}

/** Creates one level after another: Node 20's recursive mkdir never returns below /proc. */
function createDirectory(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  if (dirname(path) !== path) createDirectory(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}
