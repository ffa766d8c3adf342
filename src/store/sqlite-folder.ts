import { chmodSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { StartError } from "../errors.ts";
import type { CollectionDefinition, Entity } from "./collection.ts";
import { isStorableText } from "./condition.ts";
import type { Migration } from "./migrations.ts";
import { Connection, isSqliteError, sqliteCode } from "./sqlite-driver.ts";
import { ScanReader } from "./sqlite-reader.ts";
import { toEntity, toText } from "./sqlite-record.ts";
import { assertOurs, prepareSchema } from "./sqlite-schema.ts";

interface FolderOptions {
  readonly dataDir: string;
  readonly collections: readonly CollectionDefinition<Entity>[];
  readonly migrations: readonly Migration[];
  readonly scanTimeMs: number;
  /** The file that was opened before and has come back; absent at the start, which makes a missing one. */
  readonly again?: FileIdentity;
}

/** A data folder as one process holds it: its lock, its file, and the connections to it. */
export class OpenFolder {
  readonly write: Connection;
  readonly scans: ScanReader;
  readonly #read: Connection;
  #isReading = false;
  /** What was found by key since reading began: by the SQL that asks, by value. */
  readonly #found = new Map<string, Map<string, Entity>>();
  readonly #lock: Connection;
  readonly #path: string;
  readonly identity: FileIdentity;

  /** @throws StartError with the mend */
  static open(options: FolderOptions): OpenFolder {
    const { dataDir } = options;
    const path = join(dataDir, "gatehouse.db");
    if (options.again === undefined) makeFolder(dataDir);
    else assertBack(path, options.again);
    const lock = takeLock(dataDir);
    try {
      prepareFile(path, options);
      return new OpenFolder(lock, path, options.scanTimeMs);
    } catch (error) {
      releaseLock(lock);
      throw startErrorOf(error, path);
    }
  }

  private constructor(lock: Connection, path: string, scanTimeMs: number) {
    this.#lock = lock;
    this.#path = path;
    this.identity = identityOf(path) ?? "";
    this.write = new Connection(path);
    this.write.exec(`${durable}; PRAGMA wal_autocheckpoint=250`);
    this.#read = new Connection(path);
    this.#read.exec(`${durable}; PRAGMA query_only=1; PRAGMA wal_autocheckpoint=0`);
    this.scans = new ScanReader(path, scanTimeMs);
  }

  /**
   * The connection to read with, in a transaction that lasts until the next commit: one of its own for each question
   * costs half as much again as looking up a record.
   */
  reader(): Connection {
    if (!this.#isReading) this.#read.exec("BEGIN");
    this.#isReading = true;
    return this.#read;
  }

  /**
   * The one record that holds one of these values at a key that is unique everywhere. Until the next commit the answer
   * stays what it is, and every request asks for one of few tokens: what was found is not read anew.
   * @param sql asks for the record of a value
   * @returns the same record to all who ask, which nobody can change
   */
  findByKey(sql: string, values: readonly string[]): Entity | undefined {
    const connection = this.reader();
    const known = this.#found.get(sql) ?? new Map<string, Entity>();
    this.#found.set(sql, known);
    for (const value of values.filter(isStorableText)) {
      const found = known.get(value);
      if (found) return found;
      const row = connection.getValues(sql, [value]);
      if (!row) continue;
      if (known.size >= foundMax) known.clear();
      known.set(value, frozen(toEntity(toText(row))));
      return known.get(value);
    }
    return undefined;
  }

  /** Lets go of what is read, before a commit: later questions are to see it, and the log cannot begin anew before. */
  endReading(): void {
    this.#isReading = false;
    this.#found.clear();
    if (this.#read.inTransaction) this.#read.exec("COMMIT"); // what failed has ended it already
  }

  /** Whether the file that was opened is still the one under its name. */
  isInPlace(): boolean {
    return identityOf(this.#path) === this.identity;
  }

  async close(): Promise<void> {
    await this.scans.close();
    this.endReading();
    this.#read.close();
    try {
      // One driver keeps files open past `close` while a statement lives, so the log is emptied by hand.
      if (this.isInPlace()) this.write.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    } finally {
      this.write.close();
      releaseLock(this.#lock);
    }
  }
}

/** Records found by one key that are kept between two commits: more than there are tokens in daily use. */
const foundMax = 10_000;

/** A record that nobody can change, for all who ask for it. */
function frozen<T extends object>(value: T): T {
  for (const each of Object.values(value)) if (typeof each === "object" && each !== null) frozen(each as object);
  return Object.freeze(value);
}

/** Said aloud: one driver is compiled with another default for synchronous. FULL survives a power cut. */
const durable = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY";

function makeFolder(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new StartError(`DATA_DIR ${dataDir} cannot be made (${(error as NodeJS.ErrnoException).code}).`);
  }
}

/** Held as long as the connection lives; the system frees it when the process dies, however it dies. */
function takeLock(dataDir: string): Connection {
  const path = join(dataDir, "lock.db");
  try {
    const lock = new Connection(path, { missing: "create", timeoutMs: 0 });
    try {
      lock.exec("BEGIN EXCLUSIVE");
    } catch (error) {
      lock.close();
      throw error;
    }
    return lock;
  } catch (error) {
    if (sqliteCode(error) === busy) {
      throw new StartError(
        `${dataDir} is in use by another gatehouse process. Stop it first, or name another DATA_DIR.`,
      );
    }
    throw startErrorOf(error, path);
  }
}

function releaseLock(lock: Connection): void {
  if (lock.inTransaction) lock.exec("ROLLBACK");
  lock.close();
}

const busy = 5;
const cannotOpen = 14;
const noDatabase = 26;

/** Checks the file before anything is written, then brings it to the declared shape on a connection of its own. */
function prepareFile(path: string, { collections, migrations, again }: FolderOptions): void {
  if (sizeOf(path) > 0) {
    const looking = new Connection(path, { readOnly: true });
    try {
      assertOurs(looking);
    } finally {
      looking.close();
    }
  } else if (sizeOf(`${path}-wal`) > 0) {
    // SQLite would take it for a new database and throw the log away.
    throw new StartError("it is empty or gone, but its log is there. Put it back or restore it from a backup.");
  }
  const connection = new Connection(path, { missing: again === undefined ? "create" : "refuse" });
  try {
    chmodSync(path, 0o600);
    connection.exec(durable);
    prepareSchema(connection, collections, migrations);
  } finally {
    connection.close();
  }
}

/** @throws StartError unless the file that was open before can be opened again without harm */
function assertBack(path: string, before: FileIdentity): void {
  if (sizeOf(path) === 0) throw new StartError(`${path} is not there, or empty.`);
  // The log belongs to the file that was there; played into another, it would damage that.
  if (identityOf(path) !== before && sizeOf(`${path}-wal`) > 0) {
    throw new StartError(
      `${path} is another file than before, beside the log of the one before. Stop the service first.`,
    );
  }
}

function startErrorOf(error: unknown, path: string): unknown {
  if (error instanceof StartError) return new StartError(`${path}: ${error.message}`);
  const system = (error as NodeJS.ErrnoException).code;
  if (!isSqliteError(error)) {
    return system?.startsWith("E") && !system.startsWith("ERR_")
      ? new StartError(`${path}: it cannot be used (${system}). Check the folder's owner and rights.`)
      : error;
  }
  const code = sqliteCode(error);
  if (code === noDatabase) return new StartError(`${path}: it is not a database. Restore it or name another DATA_DIR.`);
  if (code === cannotOpen) return new StartError(`${path}: it cannot be opened. Check the folder's owner and rights.`);
  return new StartError(`${path}: ${error.message}. Restore it from a backup or name another DATA_DIR.`);
}

/** Device and inode: what stays the same when a file is moved away and back, and no other file has at that time. */
export type FileIdentity = string;

function identityOf(path: string): FileIdentity | undefined {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return undefined; // whatever keeps the file from being looked at keeps it from being used
  }
}

/** In bytes; 0 for a missing file. Never by opening it: closing that descriptor would drop SQLite's locks. */
const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
