/**
 * Reports exported names that are declared in more than one file of src and schemas: one name means one thing.
 * Run: node scripts/check-exports.mjs. Exit code 1 when a name is declared twice.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

const declaration =
  /^export (?:default )?(?:declare )?(?:abstract )?(?:async )?(?:class|function\*?|const|let|interface|type|enum) (?:\{([^}]*)\}|\[([^\]]*)\]|([\w$]+))/gmu;

const filesByName = new Map();
const files = execFileSync("git", ["ls-files", "-z", "src", "schemas"], { encoding: "utf8" }).split("\0");
for (const path of files.filter((file) => /\.tsx?$/.test(file) && existsSync(file))) {
  for (const [, object, array, single] of readFileSync(path, "utf8").matchAll(declaration)) {
    const names = (object ?? array ?? single).split(",").map((name) => name.split(":").at(-1).trim());
    for (const name of new Set(names)) filesByName.set(name, new Set([...(filesByName.get(name) ?? []), path]));
  }
}
// A type and a zod schema of one resource share their file, so that only names of several files are ambiguous.
const ambiguous = [...filesByName].filter(([, paths]) => paths.size > 1);
for (const [name, paths] of ambiguous) process.stdout.write(`${name}: ${[...paths].join(", ")}\n`);
process.stdout.write(`${filesByName.size} exported names, ${ambiguous.length} declared in more than one file\n`);
process.exitCode = ambiguous.length === 0 ? 0 : 1;
