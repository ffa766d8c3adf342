import { expect } from "chai";
import { type CliResult, runCli } from "../support/process.ts";

describe("gatehouse help", () => {
  const environment = { DATA_DIR: "/dev/null/none" };

  for (const args of [["help"], ["--help"], ["-h"]]) {
    it(`prints every command for ${args.join(" ")}`, async () => {
      const { code, stdout, stderr } = await runCli(environment, ...args);
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: "" });
      for (const command of ["organization create SLUG", "token create --name NAME", "token verify-format"])
        expect(stdout).to.contain(`  gatehouse ${command}`);
    });
  }

  for (const args of [
    ["help", "token", "create"],
    ["token", "create", "--help"],
    ["token", "create", "--name", "x", "-h"],
  ]) {
    it(`prints one command for ${args.join(" ")}`, async () => {
      const { code, stdout } = await runCli(environment, ...args);
      expect(code).to.equal(0);
      expect(stdout).to.contain("gatehouse token create --name NAME").and.contain("Scopes: ").and.not.contain("revoke");
    });
  }

  it("prints the commands of a subject", async () => {
    const { code, stdout } = await runCli(environment, "help", "token");
    expect(code).to.equal(0);
    expect(stdout).to.contain("gatehouse token revoke").and.not.contain("organization create");
  });

  it("rejects an unknown command", async () => {
    assertUsageError(await runCli(environment, "help", "user"), "unknown command user");
  });

  it("prints the version for --version", async () => {
    const { code, stdout } = await runCli(environment, "--version");
    expect(code).to.equal(0);
    expect(stdout).to.match(/^\d+\.\d+\.\d+\n$/);
  });
});

describe("gatehouse with wrong arguments", () => {
  const createArgs = ["token", "create", "--name", "x"];
  const cases: Readonly<Record<string, readonly [args: readonly string[], problem: string]>> = {
    "no command": [[], "a command is required"],
    "an unknown subject": [["user", "create"], "unknown command user create"],
    "an unknown verb": [["token", "steal"], "unknown command token steal"],
    "a property of every object": [["constructor"], "unknown command constructor"],
    "an unknown option": [["token", "list", "--all"], "unknown option '--all'"],
    "an option without its value": [["token", "create", "--name"], "option '--name <value>' argument missing"],
    "an extra argument": [["token", "list", "more"], "unexpected argument more"],
    "no slug": [["organization", "create"], "SLUG is required"],
    "two slugs": [["organization", "create", "a", "b"], "unexpected argument b"],
    "no name": [["token", "create", "--scope", "all"], "--name is required"],
    "no scope": [createArgs, "--scope is required"],
    "an unknown scope": [[...createArgs, "--scope", "root"], "--scope root is not one of all,"],
    "an unknown type": [[...createArgs, "--scope", "all", "--type", "root"], "--type root is not one of "],
    "an invalid lifetime": [
      [...createArgs, "--scope", "all", "--expires-in-days", "soon"],
      "--expires-in-days must be a whole number",
    ],
    "no token id": [["token", "revoke"], "TOKEN_ID is required"],
  };

  for (const [title, [args, problem]] of Object.entries(cases)) {
    it(`exits with 2 and reports the problem on one line for ${title}`, async () => {
      assertUsageError(await runCli({ DATA_DIR: "/dev/null/none" }, ...args), problem);
    });
  }
});

function assertUsageError({ code, stdout, stderr }: CliResult, problem: string): void {
  expect({ code, stdout }).to.deep.equal({ code: 2, stdout: "" });
  expect(stderr).to.match(/^gatehouse: [^\n]*\. Run "gatehouse help[a-z -]*" for the usage\.\n$/);
  expect(stderr).to.contain(problem);
}
