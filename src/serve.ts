import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { type App, createApp } from "./app.ts";
import { type Config, readConfig } from "./config.ts";
import { hasErrorCode } from "./errors.ts";
import type { AccessLog } from "./http/server/access-log.ts";
import { loadBodyDecoders } from "./http/server/body-decoders.ts";
import {
  type CertificatePaths,
  findValidityProblem,
  readCertificate,
  type TlsCertificate,
} from "./http/server/certificate.ts";
import { LineWriter } from "./http/server/line-writer.ts";
import { type ListeningServer, listen } from "./http/server/listen.ts";
import { createLog, type Log } from "./log.ts";
import { version } from "./startup.ts";
import { findStartupWarnings } from "./startup-warnings.ts";
import { openStore } from "./store/open.ts";
import type { Store } from "./store/store.ts";

/** After this time, in milliseconds, a shutdown that has not finished ends the process with exit code 1. */
const shutdownTimeoutMs = 20_000;
/** How long, and how often, the bootstrap is tried while the store does not respond, in milliseconds. */
const bootstrapMsMax = 10_000;
const bootstrapRetryMs = 100;

/**
 * Starts the service with the settings of the environment. SIGTERM or SIGINT stops it, SIGHUP reloads its certificate.
 * @throws StartupError when the settings, the database, the certificate or the address cannot be used
 */
export async function serve(): Promise<void> {
  // Under load, V8 starts to allocate the objects of requests in the old generation, where they and everything they
  // refer to stay until the next full collection. Without this optimization a request takes 8 to 10 % less CPU.
  setFlagsFromString("--no-allocation-site-pretenuring");
  const config = readConfig();
  const log = createLog(config.logLevel);
  for (const warning of findStartupWarnings(config)) log.warn(warning);
  const tls = config.tls && readValidCertificate(config.tls, log);
  await loadBodyDecoders();
  const store = await openStore({ ...config, log });
  const accessLog = config.hasAccessLog ? new LineWriter(process.stdout, { log }) : undefined;
  const app = await createApp(store, config, log, { accessLog });
  const { host, port } = config;
  const server = await listen(app.handler, { host, port, log, ...(tls && { tls }) }).catch(async (error: unknown) => {
    await app.close();
    await store.close();
    throw error;
  });
  stopOnSignal({ server, app, store, log, accessLog });
  reloadOnSignal(config.tls, server, log);
  // The token is created when nothing else can fail any more, because it cannot be printed again.
  const secret = await bootstrap(app);
  if (secret !== undefined) process.stdout.write(formatWelcome(secret, config));
  log.info("listening", { version, host, port: server.port, publicUrl: config.publicUrl });
}

/** Bootstraps the store. While it does not respond, such as during an election of the primary, it is tried again. */
async function bootstrap(app: App): Promise<string | undefined> {
  const deadline = Date.now() + bootstrapMsMax;
  for (;;) {
    try {
      return await app.bootstrap();
    } catch (error) {
      if (!hasErrorCode(error, "unavailable") || Date.now() >= deadline) throw error;
    }
    await delay(bootstrapRetryMs);
  }
}

function stopOnSignal({
  server,
  app,
  store,
  log,
  accessLog,
}: {
  readonly server: ListeningServer;
  readonly app: App;
  readonly store: Store;
  readonly log: Log;
  readonly accessLog: AccessLog | undefined;
}): void {
  let isShuttingDown = false;
  const shutDown = async (signal: string): Promise<void> => {
    if (isShuttingDown) return;
    isShuttingDown = true;
    log.info("shutting down", { signal });
    setTimeout(() => process.exit(1), shutdownTimeoutMs).unref();
    app.startShutdown();
    await server.close();
    await app.close();
    await store.close();
    await accessLog?.close();
    log.info("closed");
    process.exit(0);
  };
  process.on("SIGTERM", shutDown);
  process.on("SIGINT", shutDown);
}

/** Reloads the certificate at SIGHUP. A pair that cannot be used is reported, and the current one stays in use. */
function reloadOnSignal(paths: Config["tls"], server: ListeningServer, log: Log): void {
  process.on("SIGHUP", () => {
    if (!paths) return log.info("nothing to reload: TLS_CERT and TLS_KEY are not set");
    try {
      server.replaceCertificate(readValidCertificate(paths, log));
      log.info("certificate reloaded");
    } catch (error) {
      log.error("the certificate was not reloaded; the current one stays in use", {
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  });
}

/** Reads the certificate and warns outside its validity period. @throws StartupError when it cannot be used */
function readValidCertificate(paths: CertificatePaths, log: Log): TlsCertificate {
  const tls = readCertificate(paths);
  const problem = findValidityProblem(tls);
  if (problem !== undefined) log.warn("clients will reject the certificate", { reason: problem });
  return tls;
}

/** Formats the text of the first start: the only token, and a command that uses it. */
function formatWelcome(secret: string, config: Config): string {
  return `
This is the first start. Gatehouse has created the organization "default" and a token with full access.
The token is shown only once:

  ${secret}

Try it:

  curl -sS -X POST ${config.publicUrl}/scim/v2/Users \\
    -H "Authorization: Bearer ${secret}" \\
    -H "Content-Type: application/scim+json" \\
    -d '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@example.com"}'

`;
}
