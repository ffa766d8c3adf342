import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { attacks, type Outcome, runAttacksArgument } from "./attacked.fixture.ts";

const fixturePath = fileURLToPath(new URL("./attacked.fixture.js", import.meta.url));
/** After this time, in milliseconds, an attack counts as having hung the process. */
const hangMs = 50_000;

describe("Attacks on prototypes, the filter parser and group members", () => {
  const outcomes = new Map<string, Outcome>();
  before("run in a process without protective flags", async () => {
    const child = fork(fixturePath, [runAttacksArgument], {
      execArgv: [],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const hangTimer = setTimeout(() => child.kill("SIGKILL"), hangMs);
    child.on("message", (message) => {
      const { name, outcome } = message as { readonly name: string; readonly outcome: Outcome };
      outcomes.set(name, outcome);
    });
    await once(child, "exit");
    clearTimeout(hangTimer);
  });

  for (const name of Object.keys(attacks)) {
    it(`have no side effects on other requests: ${name}`, () => {
      const outcome = outcomes.get(name);
      if (!outcome) throw new Error("the process exited without reporting an outcome");
      expect(outcome.polluted).to.deep.equal([]);
      expect(outcome.members).to.equal(3);
      expect(outcome.next).to.equal(200);
      expect(outcome.status).to.be.oneOf(expectedStatuses[name] ?? [400]);
    });
  }
});

/**
 * Attributes that no schema defines are ignored. Removing a non-member changes nothing, a bulk response has a status per
 * operation, and no user has such an id. Everything else is rejected.
 */
const expectedStatuses: Readonly<Record<string, readonly number[]>> = {
  "attributes of an inherited name": [200],
  "excludedAttributes of an inherited name": [200],
  "a PATCH without a path by a dotted key": [200],
  "an extension's dotted key": [201],
  "an id with a quotation mark": [404],
  "removing a member by an id with a quotation mark": [204],
  "a bulk operation whose bulkId is an inherited name": [200, 400],
};
