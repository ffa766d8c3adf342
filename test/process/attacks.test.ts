import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { attacks, type Outcome } from "./attacked.ts";

const attacked = fileURLToPath(new URL("./attacked.js", import.meta.url));
/** An attack that is still going on after this has stopped the process. */
const hangMs = 60_000;

describe("Attacks on what every object has, on the parser and on members", () => {
  for (const name of Object.keys(attacks)) {
    it(`${name} is refused, touches nobody else, and stops nothing`, async function () {
      this.timeout(hangMs + 10_000);
      const child = fork(attacked, [name], { execArgv: [], stdio: ["ignore", "inherit", "inherit", "ipc"] });
      const hung = setTimeout(() => child.kill("SIGKILL"), hangMs);
      let outcome: Outcome | undefined;
      child.once("message", (told) => {
        outcome = told as Outcome;
      });
      await once(child, "exit");
      clearTimeout(hung);
      if (!outcome) throw new Error("the process ended without telling what the attack came to");
      expect(outcome.polluted).to.deep.equal([]);
      expect(outcome.members).to.equal(3);
      expect(outcome.next).to.equal(200);
      // Removing who is no member changes nothing; a bulk tells of its operations one by one; no user has such an id.
      expect(outcome.status).to.be.oneOf(allowed[name] ?? [400]);
    });
  }
});

const allowed: Readonly<Record<string, readonly number[]>> = {
  "an id that closes a filter": [404],
  "members that are removed by a value that closes a filter": [204],
  "a bulk operation with a key __proto__": [200, 400],
};
