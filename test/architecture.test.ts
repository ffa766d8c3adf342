import { execFile } from "node:child_process";
import { cp, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { root } from "./support/root.ts";

interface Violation {
  readonly rule: { readonly name: string };
  readonly from: string;
  readonly to: string;
}

/** Runs dependency-cruiser over src and schemas of a folder. */
async function violationsIn(folder: string, config: string): Promise<readonly Violation[]> {
  const program = join(root, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
  const words = [program, "--config", config, "--output-type", "json", "src", "schemas"];
  const { stdout } = await promisify(execFile)(process.execPath, words, {
    cwd: folder,
    maxBuffer: 64 * 2 ** 20,
  }).catch((error: { stdout: string }) => error); // it ends with the number of violations
  const { summary } = JSON.parse(stdout) as { summary: { violations: readonly Violation[]; totalCruised: number } };
  expect(summary.totalCruised).to.be.greaterThan(50);
  return summary.violations;
}

/** For every rule a file that breaks it: its name without extension, and its text. */
const probes: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  "no-circles": [
    ["src/domain/probe-one", 'export * from "./probe-two.ts";'],
    ["src/domain/probe-two", 'export * from "./probe-one.ts";'],
  ],
  "schemas-import-zod-only": [
    ["schemas/probe", 'export * from "ulid";'],
    ["schemas/probe-type", 'export type { Fault } from "../src/errors.ts";'],
  ],
  "store-knows-no-door": [["src/store/probe", 'export { fold } from "../domain/fold.ts";']],
  "domain-sees-the-port-only": [
    ["src/domain/probe", 'export { openSqliteStore } from "../store/sqlite.ts";'],
    [
      "src/domain/probe-type",
      'import type { SqliteOptions } from "../store/sqlite.ts"; export type T = SqliteOptions;',
    ],
    ["src/domain/probe-door", 'export { sendJson } from "../http/send.ts";'],
  ],
  "http-never-reaches-the-store": [
    ["src/http/probe", 'export { openSqliteStore } from "../store/sqlite.ts";'],
    ["src/http/probe-type", 'import type { Store } from "../store/collection.ts"; export type T = Store;'],
    ["src/http/probe-late", 'export const late = () => import("../store/mongo.ts");'],
  ],
  "app-is-seen-from-the-front-only": [["src/http/probe-app", 'export { createApp } from "../app.ts";']],
  "config-is-read-by-the-programs": [["src/domain/probe-config", 'export { readConfig } from "../config.ts";']],
  "errors-and-log-know-nobody": [["src/log", 'export { fold } from "./domain/fold.ts";']],
  "mongoose-has-one-home": [
    ["src/store/probe-mongoose", 'import type { Model } from "mongoose"; export type T = Model<1>;'],
  ],
  "-photostructure-sqlite-has-one-home": [["src/store/probe-native", 'export * from "@photostructure/sqlite";']],
  "scimmy-has-one-home": [["src/domain/probe-scimmy", 'export * from "scimmy";']],
  "scimmy-routers-has-one-home": [["src/http/probe-routers", 'export * from "scimmy-routers";']],
  "express-has-one-home": [
    ["src/domain/probe-express", 'import type { Request } from "express"; export type T = Request;'],
  ],
  "passport-has-one-home": [["src/domain/probe-passport", 'export * from "passport";']],
  "passport-http-bearer-has-one-home": [["src/domain/probe-bearer", 'export * from "passport-http-bearer";']],
  "helmet-has-one-home": [["src/domain/probe-helmet", 'export * from "helmet";']],
  "the-sqlite-driver-has-one-home": [["src/store/probe-driver", 'export * from "node:sqlite";']],
};

describe("The arrows of the house", () => {
  it("hold: no file of src and schemas imports what its room may not know", async () => {
    const violations = await violationsIn(root, ".dependency-cruiser.cjs");
    expect(violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`)).to.deep.equal([]);
  });

  describe("are really looked at", () => {
    let folder: string;
    let found: readonly Violation[];
    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "gatehouse-architecture-"));
      for (const name of ["src", "schemas", "package.json", "tsconfig.json", ".dependency-cruiser.cjs"]) {
        await cp(join(root, name), join(folder, name), { recursive: true });
      }
      await symlink(join(root, "node_modules"), join(folder, "node_modules"));
      // The modules keep the names that they have in the real tree although their folder is a link here.
      const config = `const rules = require("./.dependency-cruiser.cjs");
        module.exports = { ...rules, options: { ...rules.options, preserveSymlinks: true } };`;
      await writeFile(join(folder, "probing.cjs"), config);
      for (const [path, text] of Object.values(probes).flat()) await writeFile(join(folder, `${path}.ts`), text);
      found = await violationsIn(folder, "probing.cjs");
    });
    after(() => rm(folder, { recursive: true, force: true }));

    for (const [rule, files] of Object.entries(probes)) {
      it(`${rule} reports ${files.map(([path]) => path).join(", ")}`, () => {
        // A circle is reported once, at one of its files.
        const reported = found.filter(({ rule: { name } }) => name === rule).flatMap(({ from, to }) => [from, to]);
        for (const [path] of files) expect(reported).to.include(`${path}.ts`);
      });
    }

    it("every rule has a file here that breaks it", () => {
      const rules = createRequire(import.meta.url)(join(root, ".dependency-cruiser.cjs")) as {
        forbidden: readonly { readonly name: string; readonly severity: string }[];
      };
      expect(Object.keys(probes)).to.have.members(rules.forbidden.map(({ name }) => name));
      for (const { name, severity } of rules.forbidden) expect(severity, name).to.equal("error");
    });

    it("nothing but the probes is reported, so that what they prove is theirs", () => {
      const paths = Object.values(probes).flatMap((files) => files.map(([path]) => `${path}.ts`));
      expect(paths).to.include.members(found.map(({ from }) => from));
    });
  });
});
