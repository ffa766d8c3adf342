/**
 * Reports words that this code base replaced by the field's terms, so that they do not come back.
 * Run: node scripts/check-words.mjs [FILE...]; without files it reads all tracked files of the checked directories.
 * Exit code 1 when a word was found.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";

const { checked, words, allowed } = JSON.parse(readFileSync(new URL("./words.json", import.meta.url), "utf8"));

const named = process.argv.slice(2);
const tracked = execFileSync("git", ["ls-files", "-z", ...checked], { encoding: "utf8" }).split("\0");
const files = (named.length > 0 ? named : tracked).filter((path) => path !== "" && existsSync(path));

const rules = words.map(({ find, use }) => ({ pattern: new RegExp(find, "giu"), use }));
const allowances = allowed.map(({ text, files: paths, why }) => ({
  pattern: new RegExp(text, "gu"),
  paths: new RegExp(paths ?? "", "u"),
  why,
}));

let count = 0;
for (const path of files) {
  const lines = readFileSync(path, "utf8").split("\n");
  for (const [index, line] of lines.entries()) {
    const rest = allowances.reduce(
      (text, { pattern, paths }) => (paths.test(path) ? text.replace(pattern, (hit) => " ".repeat(hit.length)) : text),
      splitIdentifiers(line),
    );
    for (const { pattern, use } of rules) {
      for (const [word] of rest.matchAll(pattern)) {
        count += 1;
        process.stdout.write(`${path}:${index + 1}: "${word.trim()}": use ${use}\n`);
      }
    }
  }
}
process.stdout.write(`${files.length} files read, ${count} words to replace\n`);
process.exitCode = count === 0 ? 0 : 1;

/** Puts a space between the words of an identifier, so that each is compared by itself: `askedKey` -> `asked Key`. */
function splitIdentifiers(line) {
  return line.replace(/(\p{Ll})(?=\p{Lu})/gu, "$1 ").replaceAll("_", " ");
}
