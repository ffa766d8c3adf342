import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import { attacks } from "./filter-attacked.ts";

describe("Filters that were made to hurt", () => {
  it("are all refused, and change nothing of the process, which no flag protects", async () => {
    const program = fileURLToPath(new URL("./filter-attacked.js", import.meta.url));
    // A reader that goes back over what it has read would not come to an end with any of the long ones.
    const { stdout } = await promisify(execFile)(process.execPath, [program, "run"], { timeout: 15_000 });
    const { outcomes, polluted, entries } = JSON.parse(stdout) as Record<string, unknown>;
    expect(polluted).to.equal(false);
    expect(entries).to.deep.equal([["a", 1]]);
    expect(outcomes).to.deep.equal([...attacks, ...attacks].map(() => "invalid-filter"));
  });
});
