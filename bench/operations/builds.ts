import { execFile } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { mkdir, readFile, symlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { root } from "../../test/support/root.ts";

/** A compiled checkout. */
export interface Build {
  readonly directory: string;
  /** For reports: the directory, or the commit. */
  readonly name: string;
}

const run = promisify(execFile);
const git = async (...args: readonly string[]): Promise<string> =>
  (await run("git", [...args], { cwd: root })).stdout.trim();

/**
 * Returns a build to compare with: a directory that is used as it is, or a commit that is checked out and compiled.
 * @param source a directory or anything that names a commit
 * @param workspace where commits are checked out
 * @throws Error if it is neither
 */
export async function prepareBuild(source: string, workspace: string): Promise<Build> {
  if (existsSync(source) && statSync(source).isDirectory()) {
    const directory = resolve(source);
    if (!existsSync(join(directory, "dist/src/main.js"))) await run("npm", ["run", "build"], { cwd: directory });
    return { directory, name: directory };
  }
  const commit = await git("rev-parse", "--verify", "--quiet", `${source}^{commit}`).catch(() => {
    throw new Error(`${source} is neither a directory nor a commit of this checkout.`);
  });
  const directory = join(workspace, commit);
  await mkdir(directory);
  const archive = join(workspace, `${commit}.tar`);
  await git("archive", "--output", archive, commit);
  await run("tar", ["-xf", archive, "-C", directory]);
  const readLock = (from: string): Promise<string> => readFile(join(from, "package-lock.json"), "utf8");
  if ((await readLock(directory)) === (await readLock(root)))
    await symlink(join(root, "node_modules"), join(directory, "node_modules"));
  else await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], { cwd: directory });
  await run("npm", ["run", "build"], { cwd: directory });
  return { directory, name: `${commit.slice(0, 10)} (${await git("log", "-1", "--format=%s", commit)})` };
}

/** Returns the number of the last migration that a build contains. */
export async function readNewestMigration({ directory }: Build): Promise<number> {
  const { migrations } = await import(pathToFileURL(join(directory, "dist/src/store/migrations.js")).href);
  return migrations.at(-1).number;
}

/** Returns the commit that added the newest version to the changelog. */
export async function findPreviousRelease(): Promise<string> {
  const changelog = await readFile(join(root, "CHANGELOG.md"), "utf8");
  const heading = /^## \[\d.*$/m.exec(changelog)?.[0] ?? "";
  const commit = await git("log", "-1", "--format=%H", `-S${heading}`, "--", "CHANGELOG.md");
  if (commit === "") throw new Error(`No commit has added "${heading}" to CHANGELOG.md. Use --previous.`);
  return commit;
}
