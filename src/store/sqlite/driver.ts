import type { DatabaseSync as Database, StatementSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { storeUnavailable } from "../../errors.ts";
import { LruCache } from "../cache/lru-cache.ts";
import { isStorableString } from "../condition.ts";

/**
 * One SQLite connection. Only this file uses the driver. The driver silently accepts some values that it stores as
 * something else, so every bound value passes `toBindable`, which rejects them.
 */
export class SqliteConnection {
  readonly #database: Database;
  /** Prepared statements by SQL: those that return rows as objects, and those that return rows as arrays. */
  readonly #statements = {
    named: new LruCache<string, StatementSync>(statementsMax),
    values: new LruCache<string, StatementSync>(statementsMax),
  };

  /**
   * @param path path of the database file
   * @param options.missing whether to create or reject a missing file; with `readOnly` it is rejected
   * @param options.timeoutMs how long a statement waits for the lock of another process, blocking this thread
   */
  constructor(
    path: string,
    options: {
      readonly missing?: "create" | "reject";
      readonly readOnly?: boolean;
      readonly timeoutMs?: number;
    } = {},
  ) {
    const location =
      options.missing === "create" ? path : `${pathToFileURL(path).href}?mode=${options.readOnly ? "ro" : "rw"}`;
    this.#database = new DatabaseSync(location, {
      readOnly: options.readOnly ?? false,
      timeout: options.timeoutMs ?? 5000,
    });
  }

  /** Runs SQL statements without bound values. */
  exec(sql: string): void {
    this.#database.exec(sql);
  }

  /** Runs one write. @returns the number of changed rows */
  run(sql: string, values: readonly SqlValue[] = []): number {
    return Number(this.#prepare(sql).run(...values.map(toBindable)).changes);
  }

  get(sql: string, values: readonly SqlValue[] = []): Row | undefined {
    return this.#prepare(sql).get(...values.map(toBindable));
  }

  all(sql: string, values: readonly SqlValue[] = []): Row[] {
    return this.#prepare(sql).all(...values.map(toBindable));
  }

  /** Like `get`, but returns the row as an array in column order. Building an object costs as much as reading the row. */
  getValues(sql: string, values: readonly SqlValue[]): RowValues | undefined {
    return this.#prepare(sql, "values").get(...values.map(toBindable)) as RowValues | undefined;
  }

  /** Like `all`, but returns each row as an array in column order. */
  allValues(sql: string, values: readonly SqlValue[]): RowValues[] {
    return this.#prepare(sql, "values").all(...values.map(toBindable)) as unknown as RowValues[];
  }

  /** Defines a non-deterministic SQL function. An error that it throws ends the statement. */
  defineFunction(name: string, implementation: () => number): void {
    this.#database.function(name, implementation);
  }

  get inTransaction(): boolean {
    return this.#database.isTransaction;
  }

  close(): void {
    for (const statements of Object.values(this.#statements)) statements.clear();
    this.#database.close();
  }

  /** Preparing a statement costs as much as reading a record, so prepared statements are cached by their SQL. */
  #prepare(sql: string, rows: "named" | "values" = "named"): StatementSync {
    const statements = this.#statements[rows];
    const cached = statements.get(sql);
    if (cached) return cached;
    const statement = this.#database.prepare(sql);
    if (rows === "values") statement.setReturnArrays(true);
    statements.set(sql, statement);
    return statement;
  }
}

export type SqlValue = string | number | boolean | null;
export type Row = Record<string, unknown>;
export type RowValues = readonly unknown[];

/** A piece of SQL and the values of its placeholders, in order. */
export interface Sql {
  readonly text: string;
  readonly values: readonly SqlValue[];
}

/**
 * A LIMIT clause with one bound value. With a bare `LIMIT ?`, SQLite plans by the value and prepares the statement again
 * for each new one, which costs more than reading a record.
 */
export const limitSql = "LIMIT ? + 0";

/**
 * Returns a function that builds the SQL for a subject once. Building it again, and finding its statement by a new
 * string, would cost a third as much as the query.
 */
export function memoizeSql<T extends object>(build: (subject: T) => string): (subject: T) => string {
  const cache = new WeakMap<T, string>();
  return (subject) => {
    const sql = cache.get(subject) ?? build(subject);
    cache.set(subject, sql);
    return sql;
  };
}

const statementsMax = 256;

function toBindable(value: SqlValue): string | number | bigint | null {
  if (typeof value === "string") {
    if (!isStorableString(value))
      throw new TypeError("A string with a NUL or an unpaired surrogate cannot be bound: the driver would change it.");
    return value;
  }
  if (typeof value === "boolean") return value ? 1n : 0n;
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (value === null) return null;
  throw new TypeError(`SQLite cannot store a ${typeof value}.`);
}

/** Returns the extended result code of a driver error (https://www.sqlite.org/rescode.html), if it has one. */
export function sqliteErrorCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === "number" ? code : undefined;
}

/** Whether an error comes from SQLite. Errors of `all()` in one driver have no result code. */
export function isSqliteError(error: unknown): error is Error {
  return error instanceof Error && (error as { code?: unknown }).code === "ERR_SQLITE_ERROR";
}

/** Runs work and maps every SQLite error to `unavailable`. @throws AppError unavailable, and other errors unchanged */
export async function mapSqliteErrors<R>(work: () => R | Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    throw isSqliteError(error) ? storeUnavailable(error) : error;
  }
}

// The built-in module of Node is used from the first release in which it is stable and has no WAL-reset bug (SQLite
// 3.51.3). Older releases use the npm package with the same API and a prebuilt binary. process.versions.sqlite is absent
// in old Node releases.
const usesBuiltIn =
  Number.parseInt(process.versions.node, 10) >= 24 &&
  (process.versions["sqlite"] ?? "0").localeCompare("3.51.3", "en", { numeric: true }) >= 0;
const { DatabaseSync } = (await import(
  usesBuiltIn ? "node:sqlite" : "@photostructure/sqlite"
)) as typeof import("node:sqlite");
