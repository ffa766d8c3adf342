/**
 * Checks the packages of package-lock.json: each has a digest, an allowed license, and a version that package.json names
 * exactly where it names the package; none is bound to a registry; and no further one has an install script.
 * Run: node scripts/check-packages.mjs [DIRECTORY]. Exit code 1 when a package violates a rule.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Licenses without conditions beyond attribution. */
const allowedLicenses = ["MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "0BSD"];
/** The same for packages that are not part of an installation. */
const allowedInDevelopment = [...allowedLicenses, "BlueOak-1.0.0", "PSF-2.0", "Python-2.0", "CC0-1.0", "MPL-2.0"];
/** Packages whose license is not in the lock file, because it is not in the form that npm reads. */
const knownLicenses = {
  "passport-http-bearer": "MIT", // "licenses" in its package.json
  "passport-strategy": "MIT", // "licenses" in its package.json
  pause: "MIT", // its Readme.md
};
/** Packages with install scripts, which an installation with --ignore-scripts does not run. */
const knownScripts = {
  "@photostructure/sqlite":
    "selects or builds the binary; the package contains binaries, and selects one when it is loaded",
};

const root = process.argv[2] ?? dirname(dirname(fileURLToPath(import.meta.url)));
const readJson = (name) => JSON.parse(readFileSync(join(root, name), "utf8"));
const { dependencies, devDependencies, optionalDependencies } = readJson("package.json");
const { "": _, ...packages } = readJson("package-lock.json").packages;

const violations = [
  ...Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
    .filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))
    .map(([name, version]) => `package.json: ${name} is not an exact version: ${version}`),
  ...Object.entries(packages).flatMap(([path, entry]) => findViolations(path, entry).map((text) => `${path}: ${text}`)),
];
for (const line of violations) process.stdout.write(`${line}\n`);
process.stdout.write(`${Object.keys(packages).length} packages, ${violations.length} violations\n`);
process.exitCode = violations.length === 0 ? 0 : 1;

function findViolations(path, { version, license, integrity, resolved, link, dev, hasInstallScript }) {
  const name = path.replace(/^.*node_modules\//, "");
  const effectiveLicense = license ?? knownLicenses[name] ?? "none";
  const allowed = dev ? allowedInDevelopment : allowedLicenses;
  return [
    ...(/^\d+\.\d+\.\d+/.test(version ?? "") && !link ? [] : ["is not a version of a registry"]),
    ...(/^sha512-/.test(integrity ?? "") ? [] : ["has no SHA-512 digest"]),
    ...(resolved === undefined ? [] : ["names a registry: install with omit-lockfile-registry-resolved=true"]),
    ...(isAllowed(effectiveLicense, allowed)
      ? []
      : [`has a license that is not in the allowed list: ${effectiveLicense}`]),
    ...(hasInstallScript && !Object.hasOwn(knownScripts, name) ? ["has an install script"] : []),
  ];
}

/** One of alternatives must be allowed, as in (MIT OR CC0-1.0). Every other expression must be allowed as a whole. */
function isAllowed(license, allowed) {
  return license
    .replace(/^\((.*)\)$/, "$1")
    .split(" OR ")
    .some((each) => allowed.includes(each));
}
