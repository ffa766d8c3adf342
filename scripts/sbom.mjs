/**
 * Writes the software bill of materials of the production dependencies to sbom.cdx.json, in CycloneDX format.
 * Run: node scripts/sbom.mjs [FILE]. The option "--omit dev" of npm leaves out each package that a development dependency
 * needs too, such as express. So npm receives a lock file without development packages.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const readJson = (name) => JSON.parse(readFileSync(join(root, name), "utf8"));
const { devDependencies: _, ...manifest } = readJson("package.json");
const lock = readJson("package-lock.json");
const packages = Object.entries(lock.packages).filter(([, { dev }]) => dev !== true);
const production = { ...lock, packages: Object.fromEntries(packages) };
delete production.packages[""].devDependencies;

const workspace = mkdtempSync(join(tmpdir(), "gatehouse-sbom-"));
const directory = join(workspace, manifest.name); // npm names the component after the directory
const target = process.argv[2] ?? join(root, "sbom.cdx.json");
try {
  mkdirSync(directory);
  writeFileSync(join(directory, "package.json"), JSON.stringify(manifest));
  writeFileSync(join(directory, "package-lock.json"), JSON.stringify(production));
  const args = ["sbom", "--package-lock-only", "--sbom-format", "cyclonedx"];
  const document = execFileSync("npm", args, { cwd: directory, encoding: "utf8", maxBuffer: 2 ** 26 });
  writeFileSync(target, document);
  process.stdout.write(`${target}: ${JSON.parse(document).components.length} components\n`);
} finally {
  rmSync(workspace, { recursive: true, force: true });
}
