import { assertNodeVersion, describeStartupError } from "./startup.ts";

/** The service's program. Everything else is loaded after the check of Node's version. */
try {
  assertNodeVersion();
  const { serve } = await import("./serve.ts");
  await serve();
} catch (error) {
  const reason = await describeStartupError(error);
  // Whatever has been opened already, such as database connections, must not keep the process alive.
  process.stderr.write(`gatehouse cannot start. ${reason}\n`, () => process.exit(1));
}
