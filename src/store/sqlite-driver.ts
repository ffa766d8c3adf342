import type { DatabaseSync as Database, StatementSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { unavailable } from "../errors.ts";
import { isStorableText } from "./condition.ts";

/**
 * One SQLite connection, and the only file that knows the driver. The driver quietly accepts values that it then
 * stores as something else; everything bound passes `bind`, which refuses those.
 */
export class Connection {
  readonly #database: Database;
  /** Those that give rows by name, and those that give rows as their values. */
  readonly #statements = { named: new Map<string, StatementSync>(), values: new Map<string, StatementSync>() };

  /**
   * @param path of the file
   * @param options.missing what becomes of a missing file; with `readOnly` it is refused
   * @param options.timeoutMs how long a statement waits for another process's lock, blocking this thread
   */
  constructor(
    path: string,
    options: {
      readonly missing?: "create" | "refuse";
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

  /** Runs statements that take no values. */
  exec(sql: string): void {
    this.#database.exec(sql);
  }

  /** Runs one change. @returns how many rows it changed */
  run(sql: string, values: readonly SqlValue[] = []): number {
    return Number(this.#prepare(sql).run(...values.map(bind)).changes);
  }

  get(sql: string, values: readonly SqlValue[] = []): Row | undefined {
    return this.#prepare(sql).get(...values.map(bind));
  }

  all(sql: string, values: readonly SqlValue[] = []): Row[] {
    return this.#prepare(sql).all(...values.map(bind));
  }

  /** As `get`, with the values of the row in the order of its columns: names cost as much as reading. */
  getValues(sql: string, values: readonly SqlValue[]): RowValues | undefined {
    return this.#prepare(sql, "values").get(...values.map(bind)) as RowValues | undefined;
  }

  /** As `all`, with the values of each row in the order of its columns. */
  allValues(sql: string, values: readonly SqlValue[]): RowValues[] {
    return this.#prepare(sql, "values").all(...values.map(bind)) as unknown as RowValues[];
  }

  /** Lets statements call a function that depends on more than its arguments; what it throws ends the statement. */
  define(name: string, called: () => number): void {
    this.#database.function(name, called);
  }

  get inTransaction(): boolean {
    return this.#database.isTransaction;
  }

  close(): void {
    for (const statements of Object.values(this.#statements)) statements.clear();
    this.#database.close();
  }

  /** Preparing costs as much as reading, so statements are kept by their text; the oldest goes first. */
  #prepare(sql: string, rows: "named" | "values" = "named"): StatementSync {
    const statements = this.#statements[rows];
    const known = statements.get(sql);
    if (known) return known;
    const statement = this.#database.prepare(sql);
    if (rows === "values") statement.setReturnArrays(true);
    if (statements.size >= statementsMax) {
      for (const oldest of statements.keys()) {
        statements.delete(oldest);
        break;
      }
    }
    statements.set(sql, statement);
    return statement;
  }
}

export type SqlValue = string | number | boolean | null;
export type Row = Record<string, unknown>;
export type RowValues = readonly unknown[];

/** A piece of SQL with the values of its question marks, in order. */
export interface Sql {
  readonly text: string;
  readonly values: readonly SqlValue[];
}

/**
 * Ends a statement that gives at most as many rows as is bound here. For a bare `LIMIT ?` SQLite looks at the value to
 * plan by it, and prepares the statement anew for each value that is bound, which costs more than reading a record.
 */
export const atMost = "LIMIT ? + 0";

/**
 * SQL that is put together once for each thing that it is of: to put it together anew, and to find its statement by a
 * new text, costs as much as a third of the question.
 */
export function sqlOf<T extends object>(put: (of: T) => string): (of: T) => string {
  const known = new WeakMap<T, string>();
  return (of) => {
    const sql = known.get(of) ?? put(of);
    known.set(of, sql);
    return sql;
  };
}

const statementsMax = 256;

function bind(value: SqlValue): string | number | bigint | null {
  if (typeof value === "string") {
    if (!isStorableText(value)) throw new TypeError("a text with a NUL or half a character is changed by the driver");
    return value;
  }
  if (typeof value === "boolean") return value ? 1n : 0n;
  if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (value === null) return null;
  throw new TypeError(`SQLite stores no ${typeof value}`);
}

/** The extended result code of a driver error (https://www.sqlite.org/rescode.html), where there is one. */
export function sqliteCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === "number" ? code : undefined;
}

/** Whether an error came out of SQLite at all; `all()` of one driver gives no result code. */
export function isSqliteError(error: unknown): error is Error {
  return error instanceof Error && (error as { code?: unknown }).code === "ERR_SQLITE_ERROR";
}

/** Every error of the engine that is not the caller's is the store not answering. @throws AppError unavailable */
export async function guard<R>(work: () => R | Promise<R>): Promise<R> {
  try {
    return await work();
  } catch (error) {
    throw isSqliteError(error) ? unavailable(error) : error;
  }
}

// Node's own module from the first release in which it is stable and past the WAL-reset bug (SQLite 3.51.3); the npm
// package with the same API and a prebuilt binary before that. process.versions.sqlite is absent on older Node.
const builtIn =
  Number.parseInt(process.versions.node, 10) >= 24 &&
  (process.versions["sqlite"] ?? "0").localeCompare("3.51.3", "en", { numeric: true }) >= 0;
const { DatabaseSync } = (await import(
  builtIn ? "node:sqlite" : "@photostructure/sqlite"
)) as typeof import("node:sqlite");
