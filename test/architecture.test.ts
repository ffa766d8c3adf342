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

/** Runs dependency-cruiser over the src and schemas directories of a checkout. */
async function findViolations(directory: string): Promise<readonly Violation[]> {
  const program = join(root, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
  const args = [program, "--config", ".dependency-cruiser.cjs", "--output-type", "json", "src", "schemas"];
  const { stdout } = await promisify(execFile)(process.execPath, args, {
    cwd: directory,
    maxBuffer: 64 * 2 ** 20,
  }).catch((error: { stdout: string }) => error); // its exit code is the number of violations
  const { summary } = JSON.parse(stdout) as { summary: { violations: readonly Violation[]; totalCruised: number } };
  expect(summary.totalCruised).to.be.greaterThan(50);
  return summary.violations;
}

/** For every rule, the files that violate it: the path without extension, and the content. */
const probes: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  "no-cycles": [
    ["src/domain/probe-one", 'export * from "./probe-two.ts";'],
    ["src/domain/probe-two", 'export * from "./probe-one.ts";'],
  ],
  "schemas-import-zod-only": [
    ["schemas/probe", 'export * from "ulid";'],
    ["schemas/probe-type", 'export type { ErrorCode } from "../src/errors.ts";'],
  ],
  "store-imports-no-other-layer": [["src/store/probe", 'export { Users } from "../domain/directory/users.ts";']],
  "sqlite-does-not-import-mongodb": [["src/store/sqlite/probe", 'export * from "../mongodb/store.ts";']],
  "mongodb-does-not-import-sqlite": [["src/store/mongodb/probe", 'export * from "../sqlite/store.ts";']],
  "only-the-opener-imports-an-engine": [
    ["src/store/probe-engine", 'export { openSqliteStore } from "./sqlite/store.ts";'],
    ["src/http/probe-dynamic", 'export const load = () => import("../store/mongodb/store.ts");'],
  ],
  "scim-imports-no-http": [["src/scim/probe", 'export * from "../http/server/send.ts";']],
  "domain-imports-the-port-only": [
    ["src/domain/probe", 'export { openSqliteStore } from "../store/sqlite/store.ts";'],
    [
      "src/domain/probe-type",
      'import type { SqliteOptions } from "../store/sqlite/store.ts"; export type T = SqliteOptions;',
    ],
    ["src/domain/probe-http", 'export * from "../http/server/send.ts";'],
  ],
  "http-imports-no-store": [
    ["src/http/probe", 'export { openSqliteStore } from "../store/sqlite/store.ts";'],
    ["src/http/probe-type", 'import type { Store } from "../store/store.ts"; export type T = Store;'],
  ],
  "only-the-app-and-the-service-import-metrics": [
    ["src/domain/probe-metrics", 'export * from "../metrics/pulled.ts";'],
    ["src/http/probe-metrics", 'export const load = () => import("../metrics/service-metrics.ts");'],
  ],
  "only-the-app-and-the-service-import-traces": [
    ["src/domain/probe-traces", 'export * from "../traces/span-recorder.ts";'],
    ["src/http/probe-traces", 'export const load = () => import("../traces/service-traces.ts");'],
  ],
  "traces-import-no-engine": [["src/traces/probe", 'export * from "../store/sqlite/store.ts";']],
  "metrics-import-no-engine": [["src/metrics/probe", 'export * from "../store/sqlite/store.ts";']],
  "only-programs-import-the-app": [["src/http/probe-app", 'export { createApp } from "../app.ts";']],
  "only-programs-import-the-config": [["src/domain/probe-config", 'export { readConfig } from "../config.ts";']],
  "errors-and-log-import-no-module": [["src/log", 'export { Users } from "./domain/directory/users.ts";']],
  "mongoose-has-one-importer": [
    ["src/store/probe-mongoose", 'import type { Model } from "mongoose"; export type T = Model<1>;'],
  ],
  "-photostructure-sqlite-has-one-importer": [["src/store/probe-native", 'export * from "@photostructure/sqlite";']],
  "scimmy-has-one-importer": [["src/domain/probe-scimmy", 'export * from "scimmy";']],
  "scimmy-routers-has-one-importer": [["src/http/probe-routers", 'export * from "scimmy-routers";']],
  "express-has-one-importer": [
    ["src/domain/probe-express", 'import type { Request } from "express"; export type T = Request;'],
  ],
  "passport-has-one-importer": [["src/domain/probe-passport", 'export * from "passport";']],
  "passport-http-bearer-has-one-importer": [["src/domain/probe-bearer", 'export * from "passport-http-bearer";']],
  "-modelcontextprotocol-server-has-one-importer": [
    ["src/domain/probe-mcp", 'export * from "@modelcontextprotocol/server";'],
  ],
  "prom-client-has-one-importer": [["src/http/probe-prom-client", 'export * from "prom-client";']],
  "commonmark-has-one-importer": [["src/domain/probe-commonmark", 'export * from "commonmark";']],
  "preact-has-one-importer": [["src/http/probe-preact", 'export { h } from "preact";']],
  "preact-render-to-string-has-one-importer": [["src/http/probe-render", 'export * from "preact-render-to-string";']],
  "-opentelemetry--has-one-importer": [["src/http/probe-telemetry", 'export * from "@opentelemetry/api";']],
  "cors-has-one-importer": [["src/domain/probe-cors", 'export * from "cors";']],
  "the-service-needs-no-development-package": [["src/domain/probe-development", 'export * from "chai";']],
  "helmet-has-one-importer": [["src/domain/probe-helmet", 'export * from "helmet";']],
  "the-sqlite-driver-has-one-importer": [["src/store/probe-driver", 'export * from "node:sqlite";']],
};

describe("Dependency rules", () => {
  it("hold for every file of src and schemas", async () => {
    const violations = await findViolations(root);
    expect(violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`)).to.deep.equal([]);
  });

  describe("report violations:", () => {
    let directory: string;
    let violations: readonly Violation[];
    before(async () => {
      directory = await mkdtemp(join(tmpdir(), "gatehouse-architecture-"));
      for (const name of ["src", "schemas", "package.json", "tsconfig.json", ".dependency-cruiser.cjs"]) {
        await cp(join(root, name), join(directory, name), { recursive: true });
      }
      await symlink(join(root, "node_modules"), join(directory, "node_modules"));
      for (const [path, content] of Object.values(probes).flat())
        await writeFile(join(directory, `${path}.ts`), content);
      violations = await findViolations(directory);
    });
    after(() => rm(directory, { recursive: true, force: true }));

    for (const [rule, files] of Object.entries(probes)) {
      it(`${rule} for ${files.map(([path]) => path).join(", ")}`, () => {
        // A cycle is reported once, at one of its files.
        const reported = violations.filter(({ rule: { name } }) => name === rule).flatMap(({ from, to }) => [from, to]);
        for (const [path] of files) expect(reported).to.include(`${path}.ts`);
      });
    }

    it("every rule has a probe", () => {
      const rules = createRequire(import.meta.url)(join(root, ".dependency-cruiser.cjs")) as {
        forbidden: readonly { readonly name: string; readonly severity: string }[];
      };
      expect(Object.keys(probes)).to.have.members(rules.forbidden.map(({ name }) => name));
      for (const { name, severity } of rules.forbidden) expect(severity, name).to.equal("error");
    });

    it("only the probes are reported", () => {
      const paths = Object.values(probes).flatMap((files) => files.map(([path]) => `${path}.ts`));
      expect(paths).to.include.members(violations.map(({ from }) => from));
    });
  });
});
