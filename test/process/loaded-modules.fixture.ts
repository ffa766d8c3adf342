import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * Returns the URLs of all modules that a process loaded.
 * @param directory the NODE_V8_COVERAGE of the process, which has ended
 */
export async function readLoadedModules(directory: string): Promise<readonly string[]> {
  const files = await readdir(directory);
  const reports = await Promise.all(files.map((name) => readFile(join(directory, name), "utf8")));
  return reports.flatMap((text) => (JSON.parse(text) as { result: { url: string }[] }).result.map(({ url }) => url));
}
