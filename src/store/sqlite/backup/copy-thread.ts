import { parentPort, workerData } from "node:worker_threads";
import { isSqliteError, SqliteConnection } from "../driver.ts";

/** The data that the thread is started with. */
export interface CopyThreadData {
  /** The path of the database. */
  readonly source: string;
  /** The path of an empty file. */
  readonly target: string;
}

export type CopyResult =
  | { readonly isComplete: true }
  | { readonly failed: "source" | "target" | "damaged"; readonly message: string };

/**
 * The backup thread: copies a database with VACUUM INTO and checks the copy. VACUUM INTO reads one
 * snapshot, so that writers do not wait, and the copy has no free pages.
 * @see https://www.sqlite.org/lang_vacuum.html#vacuuminto
 */
if (parentPort) {
  const { source, target } = workerData as CopyThreadData;
  parentPort.postMessage(copy(source, target));
}

function copy(source: string, target: string): CopyResult {
  let connection: SqliteConnection;
  try {
    connection = new SqliteConnection(source, { readOnly: true });
    connection.get("SELECT 1 FROM migrations");
  } catch (error) {
    return { failed: "source", message: toMessage(error) };
  }
  try {
    connection.run("VACUUM INTO ?", [target]);
    const problem = findProblem(target);
    if (problem !== undefined) return { failed: "damaged", message: problem };
    return { isComplete: true };
  } catch (error) {
    return { failed: "target", message: toMessage(error) };
  } finally {
    connection.close();
  }
}

/** @returns the first problem that a check of the file finds; undefined if there is none */
function findProblem(path: string): string | undefined {
  const connection = new SqliteConnection(path, { readOnly: true });
  try {
    const verdict = connection.get("PRAGMA quick_check(1)")?.["quick_check"];
    return verdict === "ok" ? undefined : String(verdict);
  } finally {
    connection.close();
  }
}

const toMessage = (error: unknown): string => {
  const code = (error as NodeJS.ErrnoException).code;
  return isSqliteError(error) ? error.message : (code ?? String(error));
};
