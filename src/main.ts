import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { createApp, openStore } from "./app.ts";
import { type Config, readConfig } from "./config.ts";
import { StartError } from "./errors.ts";
import { listen } from "./http/listen.ts";
import { createLog, type Log } from "./log.ts";

// Under load V8 begins to make what belongs to a request among the old objects, where that and all that it refers to
// stays until everything is collected. Without it a request takes 8 to 10 % less CPU.
setFlagsFromString("--no-allocation-site-pretenuring");

/** Longer than anything at shutdown should take; then the process ends all the same. */
const shutdownMs = 20_000;

try {
  const config = readConfig();
  await serve(config, createLog(config.logLevel));
} catch (error) {
  if (!(error instanceof StartError)) throw error;
  process.stderr.write(`gatehouse cannot start. ${error.message}\n`);
  process.exitCode = 1;
}

async function serve(config: Config, log: Log): Promise<void> {
  const store = await openStore(config);
  const app = await createApp(store, config, log);
  const { host, port } = config;
  const tls = config.tls && {
    cert: readFileSync(config.tls.certPath, "utf8"),
    key: readFileSync(config.tls.keyPath, "utf8"),
  };
  // Shown before anything else can go wrong: it cannot be shown again.
  if (app.firstSecret !== undefined) process.stdout.write(welcome(app.firstSecret, config));
  const server = await listen(app.handler, { host, port, ...(tls && { tls }) });
  log.info("listening", { host, port: server.port, publicUrl: config.publicUrl });

  let ending = false;
  const end = async (signal: string): Promise<void> => {
    if (ending) return;
    ending = true;
    log.info("shutting down", { signal });
    setTimeout(() => process.exit(1), shutdownMs).unref();
    await server.close();
    await app.close();
    await store.close();
    log.info("closed");
    process.exit(0);
  };
  process.on("SIGTERM", end);
  process.on("SIGINT", end);
}

/** Printed once, on the first start: the one token, and a line that uses it. */
function welcome(secret: string, config: Config): string {
  return `
This is the first start. The organization "default" has been made, and one token that may do everything.
It is shown this once:

  ${secret}

Try it:

  curl -sS -X POST ${config.publicUrl}/scim/v2/Users \\
    -H "Authorization: Bearer ${secret}" \\
    -H "Content-Type: application/scim+json" \\
    -d '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@example.com"}'

`;
}
