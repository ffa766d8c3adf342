import { StartupError } from "../../errors.ts";
import { isSqliteError, sqliteErrorCode } from "./driver.ts";

/** Result codes of SQLite (https://www.sqlite.org/rescode.html). */
export const sqliteCodes = { busy: 5, cannotOpen: 14, notADatabase: 26 } as const;

/**
 * Turns an error about a file into one sentence for the operator.
 * @param path the file, which the sentence names
 * @returns a StartupError; an error that is not about the file unchanged
 */
export function toStartupError(error: unknown, path: string): unknown {
  if (error instanceof StartupError) return new StartupError(`${path}: ${error.message}`);
  const systemCode = (error as NodeJS.ErrnoException).code;
  if (!isSqliteError(error)) {
    return systemCode?.startsWith("E") && !systemCode.startsWith("ERR_")
      ? new StartupError(
          `${path}: the file cannot be used (${systemCode}). Check the owner and permissions of the directory.`,
        )
      : error;
  }
  const code = sqliteErrorCode(error);
  if (code === sqliteCodes.notADatabase)
    return new StartupError(`${path}: the file is not a database. Restore it from a backup or set another DATA_DIR.`);
  if (code === sqliteCodes.cannotOpen)
    return new StartupError(`${path}: the file cannot be opened. Check the owner and permissions of the directory.`);
  return new StartupError(`${path}: ${error.message}. Restore the file from a backup or set another DATA_DIR.`);
}
