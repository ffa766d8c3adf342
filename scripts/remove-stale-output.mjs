/**
 * Removes compiled files from dist/ that have no source any more, so that a test whose source was moved or deleted never
 * runs. tsc itself never removes output.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = process.argv[2] ?? dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "dist");
const buildInfo = join(dist, "test.tsbuildinfo");

for (const path of existsSync(dist) ? readdirSync(dist, { recursive: true, encoding: "utf8" }) : []) {
  const source = path.replace(/\.js(\.map)?$/, "");
  const hasSource = [".ts", ".tsx"].some((extension) => existsSync(join(root, source + extension)));
  if (source !== path && !hasSource) rmSync(join(dist, path));
}

// tsc skips every file that its build info lists as up to date, and does not check whether the output still exists.
if (isOutputIncomplete()) rmSync(buildInfo);

function isOutputIncomplete() {
  if (!existsSync(buildInfo)) return false;
  const { fileNames } = JSON.parse(readFileSync(buildInfo, "utf8"));
  return fileNames
    .filter((name) => name.startsWith("../") && !name.includes("node_modules") && !name.endsWith(".d.ts"))
    .map((name) => resolve(dist, name))
    .some((source) => existsSync(source) && !existsSync(source.replace(root, dist).replace(/\.tsx?$/, ".js")));
}
