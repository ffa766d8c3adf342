import { closeSync, existsSync, fsyncSync, linkSync, openSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { AppError, StartupError } from "../errors.ts";

/**
 * A file that gets its name when it is complete and on disk. Until then it is beside it, under the same name with
 * `.partial`. It never replaces a file, follows no link and has the mode 0600.
 */
export class NewFile {
  readonly path: string;
  /** The path until `commit`. */
  readonly partialPath: string;

  /**
   * Creates the file, empty.
   * @throws AppError conflict if the file exists; StartupError if the directory cannot be used
   */
  constructor(path: string) {
    this.path = path;
    this.partialPath = `${path}.partial`;
    if (existsSync(path)) throw fileExists(path);
    attempt(this.partialPath, () => closeSync(openSync(this.partialPath, "wx", 0o600)));
  }

  /** Flushes the file to the disk and names it. @throws AppError conflict; StartupError */
  commit(): void {
    attempt(this.path, () => {
      flushToDisk(this.partialPath, "r+");
      linkSync(this.partialPath, this.path); // fails if the name exists, while a rename would replace the file
      rmSync(this.partialPath);
      flushToDisk(dirname(this.path), "r");
    });
  }

  /** Removes the file, unless it has its name. */
  discard(): void {
    rmSync(this.partialPath, { force: true });
  }
}

/** Waits until a file, or the names in a directory, are on the disk. @param mode `r` for a directory */
export function flushToDisk(path: string, mode: "r" | "r+"): void {
  const file = openSync(path, mode);
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function attempt(path: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === "EEXIST" ? fileExists(path) : fileError(path, code);
  }
}

const fileExists = (path: string): AppError =>
  new AppError("conflict", `${path} exists already, and no file is replaced. Remove it, or use another name.`);

const fileError = (path: string, code = "unknown error"): StartupError =>
  new StartupError(`${path} cannot be written (${code}). Use an existing directory with write permission.`);
