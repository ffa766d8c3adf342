/**
 * Runs every test with coverage and checks the coverage of lines: `npm test [-- mocha options]`. The code of MongoDB's
 * engine counts only if its suites ran. With mocha options, such as --grep, the coverage is not checked.
 * A process per processor runs the suites.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { relative } from "node:path";

/** Percent of lines. */
const minimum = { "SQLite and MongoDB": 95, SQLite: 94 };
const mongodbDirectory = "src/store/mongodb/";
/** Written by test/support/hooks.ts at the end of a complete run. */
const enginesFile = "coverage/engines.txt";

const options = process.argv.slice(2);
const parallel = options.length === 0 ? ["--parallel", "--jobs", String(availableParallelism())] : [];
rmSync(enginesFile, { force: true });
const { status } = spawnSync("c8", ["mocha", "dist/test/**/*.test.js", ...parallel, ...options], { stdio: "inherit" });
process.exitCode = status ?? 1;
if (status === 0 && options.length === 0 && !isCovered()) process.exitCode = 1;

function isCovered() {
  const engines = readFileSync(enginesFile, "utf8");
  const { total: _, ...files } = JSON.parse(readFileSync("coverage/coverage-summary.json", "utf8"));
  const counted = Object.entries(files).filter(
    ([path]) => engines !== "SQLite" || !relative("", path).startsWith(mongodbDirectory),
  );
  const sum = (key) => counted.reduce((lines, [, file]) => lines + file.lines[key], 0);
  const percentage = (100 * sum("covered")) / sum("total");
  const isEnough = percentage >= minimum[engines];
  process.stdout.write(
    `Coverage with ${engines}: ${percentage.toFixed(2)} % of lines; ${isEnough ? "" : "FAILED, "}the minimum is ${minimum[engines]} %.\n`,
  );
  return isEnough;
}
