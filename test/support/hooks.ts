import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { apiOperations } from "../../src/http/api/operations.ts";
import { oauthOperations } from "../../src/http/openapi/oauth-operations.ts";
import { documentedScimOperations } from "../../src/http/openapi/scim-operations.ts";
import { startSharedMongod, stopSharedMongod } from "./mongod.ts";
import { succeededOperations } from "./responses.ts";
import { root } from "./root.ts";

/** Whether all suites run, and not only a file or the tests with certain titles. */
const isCompleteRun = !process.argv.some(
  (argument) =>
    (argument.endsWith(".test.js") && argument !== "dist/test/**/*.test.js") || /^(-[gf]|--f?grep)/.test(argument),
);

/** Hooks of mocha that run once around all suites. */
export const mochaHooks = {
  async afterAll(): Promise<void> {
    // In a complete run the suites have started MongoDB already, if there is one.
    if (isCompleteRun) await recordEngines((await startSharedMongod()) !== undefined);
    await stopSharedMongod();
    if (!isCompleteRun) return;
    const succeeded = succeededOperations();
    const untested = [...apiOperations, ...oauthOperations, ...documentedScimOperations].filter(
      ({ operationId }) => !succeeded.has(operationId),
    );
    expect(
      untested.map(({ operationId }) => operationId),
      "operations that no test has seen succeed",
    ).to.deep.equal([]);
  },
};

/** Writes the file from which scripts/test.mjs reads how much coverage to require. */
async function recordEngines(hasMongodb: boolean): Promise<void> {
  await mkdir(join(root, "coverage"), { recursive: true });
  await writeFile(join(root, "coverage/engines.txt"), hasMongodb ? "SQLite and MongoDB" : "SQLite");
}
