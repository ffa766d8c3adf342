import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { type App, createApp } from "./app.ts";
import { type ControlServer, listenForCommands } from "./cli/control-server.ts";
import { type Config, readConfig } from "./config.ts";
import { assertNoPendingImport } from "./domain/transfer/pending-import.ts";
import { hasErrorCode } from "./errors.ts";
import { type InitializedStore, initializeStore } from "./first-start.ts";
import { createMetricsApp } from "./http/metrics/endpoint.ts";
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
import type { ServiceMetrics } from "./metrics/service-metrics.ts";
import type { OperatorDomain } from "./operator-domain.ts";
import { version } from "./startup.ts";
import { findStartupWarnings } from "./startup-warnings.ts";
import { openStore } from "./store/open.ts";
import type { Store } from "./store/store.ts";
import type { ServiceTraces } from "./traces/service-traces.ts";

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
  const metrics = await createMetrics(config);
  const traces = await loadTraces(config, log);
  const store = await openStore({ ...config, log, metrics: metrics?.store, recordOperation: traces?.recordOperation });
  await assertNoPendingImport(store);
  const lines = (isOn: boolean, name: string) => (isOn ? new LineWriter(process.stdout, { log, name }) : undefined);
  const accessLog = lines(config.hasAccessLog, "access");
  const auditLog = lines(config.auditLog !== "off", "audit");
  const app = await createApp(store, config, log, { accessLog, auditLog, metrics, traces });
  const { host, port } = config;
  const listenAll = async (): Promise<readonly [ListeningServer, ListeningServer | undefined]> => {
    const metricsServer = metrics && (await listenForMetrics(metrics, config, log));
    return [await listen(app.handler, { host, port, log, ...(tls && { tls }) }), metricsServer];
  };
  const [server, metricsServer] = await listenAll().catch(async (error: unknown) => {
    await app.close();
    await store.close();
    throw error;
  });
  const servers: Pick<ListeningServer | ControlServer, "close">[] = [server, ...(metricsServer ? [metricsServer] : [])];
  stopOnSignal({ servers, app, store, traces, log, lineWriters: [auditLog, accessLog] });
  reloadOnSignal(config.tls, server, log);
  // The token is created when nothing else can fail any more, because it cannot be printed again.
  const created = await bootstrap(app.domain, config);
  if (created) process.stdout.write(formatWelcome(created, config));
  // After the bootstrap, so that no command finds an empty store. On MongoDB, the CLI opens the store itself.
  const control = config.mongodbUri === undefined && (await listenForCommands({ config, domain: app.domain, log }));
  if (control) servers.push(control);
  log.info("listening", {
    version,
    host,
    port: server.port,
    publicUrl: config.publicUrl,
    metrics: config.metricsAddress,
    traces: config.traces?.protocol,
  });
}

/** Creates the metrics if a port is set for them. Otherwise their modules are not loaded. */
async function createMetrics({ metricsAddress, mongodbUri }: Config): Promise<ServiceMetrics | undefined> {
  if (!metricsAddress) return undefined;
  const { ServiceMetrics } = await import("./metrics/service-metrics.ts");
  return new ServiceMetrics(mongodbUri === undefined ? "sqlite" : "mongodb", version);
}

/** Creates the traces if there is a receiver for them. Otherwise their modules are not loaded. */
async function loadTraces({ traces, mongodbUri }: Config, log: Log): Promise<ServiceTraces | undefined> {
  if (!traces) return undefined;
  const { createTraces } = await import("./traces/service-traces.ts");
  return createTraces({ ...traces, engine: mongodbUri === undefined ? "sqlite" : "mongodb", version, log });
}

/** @throws StartupError if the address is not available */
async function listenForMetrics(
  metrics: ServiceMetrics,
  config: Config,
  log: Log,
): Promise<ListeningServer | undefined> {
  const { metricsAddress } = config;
  const settingNames = { host: "METRICS_HOST", port: "METRICS_PORT" };
  return (
    metricsAddress &&
    listen(createMetricsApp(metrics, metricsAddress.host, log), { ...metricsAddress, settingNames, log })
  );
}

/** Bootstraps the store. While it does not respond, such as during an election of the primary, it is tried again. */
async function bootstrap(domain: OperatorDomain, config: Config): Promise<InitializedStore | undefined> {
  const deadline = Date.now() + bootstrapMsMax;
  for (;;) {
    try {
      return await initializeStore(domain, config);
    } catch (error) {
      if (!hasErrorCode(error, "unavailable") || Date.now() >= deadline) throw error;
    }
    await delay(bootstrapRetryMs);
  }
}

function stopOnSignal({
  servers,
  app,
  store,
  traces,
  log,
  lineWriters,
}: {
  /** What accepts requests and commands. */
  readonly servers: readonly Pick<ListeningServer, "close">[];
  readonly app: App;
  readonly store: Store;
  readonly traces: ServiceTraces | undefined;
  readonly log: Log;
  readonly lineWriters: readonly (LineWriter | undefined)[];
}): void {
  let isShuttingDown = false;
  const shutDown = async (signal: string): Promise<void> => {
    if (isShuttingDown) return;
    isShuttingDown = true;
    log.info("shutting down", { signal });
    setTimeout(() => process.exit(1), shutdownTimeoutMs).unref();
    app.startShutdown();
    await Promise.all(servers.map((server) => server.close()));
    await app.close();
    // Beside each other: a receiver that does not respond delays neither the store nor the last lines.
    await Promise.all([store.close(), traces?.close(), ...lineWriters.map((each) => each?.close())]);
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
function formatWelcome({ secret, tokenFile }: InitializedStore, { publicUrl, hasConsole }: Config): string {
  const start = 'This is the first start. Gatehouse has created the organization "default"';
  const console = hasConsole ? `Sign in to the console: ${publicUrl}/console\n` : "";
  if (tokenFile !== undefined)
    return `\n${start} and a token with full access.\nIts secret is in ${tokenFile}.\n${console}\n`;
  if (secret === undefined)
    return `\n${start}.\nAUTH_SECRET has full access to it, so there is no token.\n${console}\n`;
  return `
${start} and a token with full access.
The token is shown only once:

  ${secret}

Try it:

  curl -sS -X POST ${publicUrl}/scim/v2/Users \\
    -H "Authorization: Bearer ${secret}" \\
    -H "Content-Type: application/scim+json" \\
    -d '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"ada@example.com"}'

${console}
`;
}
