import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The directory of package.json, which is above the compiled tests. */
export const root = findPackageDirectory(dirname(fileURLToPath(import.meta.url)));

function findPackageDirectory(directory: string): string {
  if (existsSync(join(directory, "package.json"))) return directory;
  if (dirname(directory) === directory) throw new Error("No directory above the tests has a package.json.");
  return findPackageDirectory(dirname(directory));
}
