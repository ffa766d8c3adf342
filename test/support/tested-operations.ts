import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { apiOperations } from "../../src/http/api/operations.ts";
import { oauthOperations } from "../../src/http/openapi/oauth-operations.ts";
import { documentedScimOperations } from "../../src/http/openapi/scim-operations.ts";
import { root } from "./root.ts";

/** One file for each process that runs tests: mocha's parallel mode has several. */
const directory = join(root, "coverage/operations");
const succeededIds = new Set<string>();

/** Records that an operation has succeeded in this process. */
export function recordSucceededOperation(operationId: string): void {
  succeededIds.add(operationId);
}

/** Returns the ids of the operations that have succeeded in this process so far. */
export const listSucceededOperations = (): readonly string[] => [...succeededIds];

/** Removes what an earlier run has saved. */
export function removeSavedOperations(): void {
  rmSync(directory, { recursive: true, force: true });
}

/** Saves the ids of `listSucceededOperations` for `findUntestedOperations`. */
export function saveSucceededOperations(): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, `${process.pid}.json`), JSON.stringify(listSucceededOperations()));
}

/** Returns the ids of the documented operations that have succeeded in no process of this run. */
export function findUntestedOperations(): readonly string[] {
  const succeeded = new Set(
    readdirSync(directory).flatMap((name): string[] => JSON.parse(readFileSync(join(directory, name), "utf8"))),
  );
  return [...apiOperations, ...oauthOperations, ...documentedScimOperations]
    .map(({ operationId }) => operationId)
    .filter((operationId) => !succeeded.has(operationId));
}
