/**
 * Runs every test with coverage and checks the coverage of lines: `npm test [-- mocha options]`. The code of MongoDB's
 * engine counts only if its suites ran. With mocha options, such as --grep, the coverage is not checked.
 * A process per processor runs the suites. Those that take longest start first, so that no processor idles at the end.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, relative } from "node:path";

/** Percent of lines. */
const minimum = { "SQLite and MongoDB": 95, SQLite: 94 };
const mongodbDirectory = "src/store/mongodb/";
/** Written by test/support/hooks.ts at the end of a complete run. */
const enginesFile = "coverage/engines.txt";
/** Suites that start the service many times or a browser, slowest first. */
const slowSuites = [/\/interruptions\.test\.js$/, /chromium\.test\.js$/, /\/process\/.*\.test\.js$/];

const options = process.argv.slice(2);
const parallel = options.length === 0 ? ["--parallel", "--jobs", String(availableParallelism())] : [];
rmSync(enginesFile, { force: true });
const { status } = spawnSync("c8", ["mocha", ...suites(), ...parallel, ...options], { stdio: "inherit" });
process.exitCode = status ?? 1;
if (status === 0 && options.length === 0 && !isCovered()) process.exitCode = 1;

/** Returns the files of all suites, the slow ones first. */
function suites() {
  const files = readdirSync("dist/test", { recursive: true })
    .filter((file) => file.endsWith(".test.js"))
    .map((file) => join("dist/test", file))
    .sort();
  const isSlow = (file) => slowSuites.some((pattern) => pattern.test(file));
  const slow = slowSuites.flatMap((pattern) => files.filter((file) => pattern.test(file)));
  return [...new Set(slow), ...files.filter((file) => !isSlow(file))];
}

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
