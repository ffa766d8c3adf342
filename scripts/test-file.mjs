/**
 * Runs single test files: `npm run test:file -- test/config.test.ts [mocha options]`. A path may name the source or the
 * compiled file. npm compiles incrementally before this script runs.
 */
import { spawnSync } from "node:child_process";

const args = process.argv
  .slice(2)
  .map((argument) => argument.replace(/^(?:\.\/)?(test\/.*\.test)\.ts$/, "dist/$1.js").replace(/^\.\/(?=dist\/)/, ""));
if (!args.some((argument) => argument.endsWith(".test.js"))) {
  process.stderr.write("Name a test file: npm run test:file -- test/config.test.ts\n");
  process.exit(2);
}
const { status, error } = spawnSync("mocha", args, { stdio: "inherit" });
if (error) process.stderr.write(`mocha cannot be started: ${error.message}. Use npm run test:file.\n`);
process.exitCode = status ?? 1;
