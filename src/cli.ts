#!/usr/bin/env node
import { assertNodeVersion, describeStartupError } from "./startup.ts";

/** The `gatehouse` command. Everything else is loaded after the check of Node's version. */
try {
  assertNodeVersion();
  const { runCli } = await import("./cli/run.ts");
  // A reader that has closed the pipe, such as `head`, needs no message.
  process.stdout.on("error", () => process.exit(1));
  process.exitCode = await runCli(process.argv.slice(2), {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
  });
} catch (error) {
  process.stderr.write(`gatehouse: ${await describeStartupError(error)}\n`);
  process.exitCode = 1;
}
