import { expect } from "chai";
import { operations } from "../../src/http/api/operations.ts";
import { oauthOperations } from "../../src/http/openapi/oauth-operations.ts";
import { scimOperations } from "../../src/http/openapi/scim-operations.ts";
import { exercised } from "./answers.ts";
import { stopTestMongo } from "./mongod.ts";

/** Whether all suites run, and not only what somebody named: a file, or a part of the titles. */
const isWholeRun = !process.argv.some(
  (argument) =>
    (argument.endsWith(".test.js") && argument !== "dist/test/**/*.test.js") || /^(-[gf]|--f?grep)/.test(argument),
);

/** Runs once around all suites. */
export const mochaHooks = {
  async afterAll(): Promise<void> {
    await stopTestMongo();
    if (!isWholeRun) return;
    const seen = exercised();
    const unseen = [...operations, ...oauthOperations, ...scimOperations].filter(
      ({ operationId }) => !seen.has(operationId),
    );
    expect(
      unseen.map(({ operationId }) => operationId),
      "operations that no test has seen succeed",
    ).to.deep.equal([]);
  },
};
