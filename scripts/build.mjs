/**
 * Compiles src and schemas to dist/ and records a digest of the sources and of the output.
 * Run: node scripts/build.mjs [--if-changed] [DIRECTORY]. With --if-changed, which `npm start` uses, it compiles only if a
 * source, tsconfig.json, package.json or a compiled file is not what the last build recorded. Times of files do not
 * matter, because a checkout, a copy and an image change them.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const options = process.argv.slice(2);
const directory = options.find((each) => !each.startsWith("--"));
const root = directory === undefined ? dirname(dirname(fileURLToPath(import.meta.url))) : resolve(directory);
const digestFile = join(root, "dist", "build-digest");
const inputs = ["package.json", "tsconfig.json", "src", "schemas", "dist/src", "dist/schemas"];

if (!(options.includes("--if-changed") && isCurrent())) process.exitCode = build();

function isCurrent() {
  return existsSync(digestFile) && readFileSync(digestFile, "utf8") === computeDigest();
}

/** @returns the exit code */
function build() {
  const compiler = findCompiler();
  if (compiler === undefined) {
    process.stderr.write(
      'dist/ is not the build of these sources, and TypeScript is not installed: run "npm ci && npm run build".\n',
    );
    return 1;
  }
  rmSync(digestFile, { force: true }); // an interrupted build is not current
  const removal = join(dirname(fileURLToPath(import.meta.url)), "remove-stale-output.mjs");
  for (const args of [[removal, root], [compiler]]) {
    const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: "inherit" });
    if (status !== 0) return status ?? 1;
  }
  writeFileSync(digestFile, computeDigest());
  return 0;
}

/** Returns the path of tsc; undefined if TypeScript is not installed, as after `npm prune --omit=dev`. */
function findCompiler() {
  try {
    return createRequire(join(root, "package.json")).resolve("typescript/bin/tsc");
  } catch {
    return undefined;
  }
}

/** The digest covers the output, because `npm run compile` and `npm run dev` write to dist/ too. */
function computeDigest() {
  const hash = createHash("sha256");
  for (const path of inputs.flatMap(listFiles)) {
    const content = readFileSync(join(root, path));
    hash.update(`${path}\n${content.length}\n`).update(content);
  }
  return `${hash.digest("hex")}\n`;
}

/** Returns the path itself, or those of all files in the directory, sorted. */
function listFiles(path) {
  const absolute = join(root, path);
  if (!existsSync(absolute)) return [];
  if (statSync(absolute).isFile()) return [path];
  const names = readdirSync(absolute, { recursive: true, encoding: "utf8" }).sort();
  return names.map((name) => join(path, name)).filter((each) => statSync(join(root, each)).isFile());
}
