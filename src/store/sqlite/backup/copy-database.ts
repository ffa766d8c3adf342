import { rmSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { StartupError, storeUnavailable } from "../../../errors.ts";
import { NewFile } from "../../new-file.ts";
import type { CopyResult, CopyThreadData } from "./copy-thread.ts";

/**
 * Copies a database that is in use to a new file, in a thread of its own. The copy is complete, checked and on disk before
 * the file has its name.
 * @param source path of the database file
 * @param target path of the new file
 * @throws AppError conflict if the target exists; unavailable if the database cannot be read; StartupError if the target
 *   cannot be written
 */
export async function copyDatabase(source: string, target: string): Promise<void> {
  const file = new NewFile(target); // SQLite writes to an empty file, too
  try {
    const result = await runThread({ source, target: file.partialPath });
    if ("failed" in result) throw toCopyError(result, target);
    file.commit();
  } finally {
    file.discard();
    rmSync(`${file.partialPath}-journal`, { force: true });
  }
}

function runThread(data: CopyThreadData): Promise<CopyResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./copy-thread.js", import.meta.url), { workerData: data });
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", () => reject(storeUnavailable(new Error("The backup thread ended."))));
  });
}

function toCopyError({ failed, message }: Extract<CopyResult, { readonly failed: string }>, target: string): Error {
  if (failed === "source") return storeUnavailable(new Error(message));
  if (failed === "damaged")
    return new StartupError(`The copy of the database is damaged (${message}). Restore the database from a backup.`);
  return new StartupError(`${target} cannot be written: ${message}. Check the free space.`);
}
