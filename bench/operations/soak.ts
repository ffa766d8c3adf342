import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { freePort } from "../../test/support/free-port.ts";
import { startWebhookReceiver } from "../../test/support/webhook-receiver.ts";
import { startUpstream } from "../mcp.ts";
import { quantile } from "../statistics.ts";
import { openEmptyStore, storeNames } from "../stores.ts";
import { runInWorkspace } from "./cleanup.ts";
import { createClient, type SentRequest, startLoad, summarize } from "./load.ts";
import { createMixedLoad, findLost, toRequest } from "./operations.ts";
import { type Held, startMeasuredService } from "./service-memory.ts";
import { createSoakOperations } from "./soak-operations.ts";

/**
 * Runs the service for minutes with everything enabled: access log, audit log, metrics and webhooks. Prints what it holds and
 * how fast it is at each sample, and the trends. Exits with 1 if a request has failed, a write or a webhook is missing, or
 * the service does not end with 0.
 */
const { values: options } = parseArgs({
  options: {
    minutes: { type: "string", default: "20" },
    rate: { type: "string", default: "20" }, // operations per second, of one to four requests
    store: { type: "string", default: "SQLite" }, // or MongoDB
    sample: { type: "string", default: "30" }, // seconds between two samples
  },
});
const authSecret = randomBytes(32).toString("base64url");
/** How long the receiver of webhooks may be behind at the end, in milliseconds. */
const webhookMsMax = 30_000;

/** One sample: what the service holds, and the latency of the requests since the sample before. */
interface Sample extends Held {
  readonly minutes: number;
  readonly requests: number;
  readonly failed: number;
  readonly p50: number;
  readonly p99: number;
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);

await runInWorkspace(async ({ directory, onEnd }) => {
  const storeName = storeNames.find((name) => name.toLowerCase() === options.store.toLowerCase());
  if (!storeName) throw new Error(`--store is one of ${storeNames.join(", ")}.`);
  const store = await openEmptyStore(storeName);
  onEnd(() => store.dispose());
  const [port, metricsPort] = [await freePort(), await freePort()];
  const unlimited = ["scim", "api", "connect", "connect-organization", "mcp", "mcp-organization", "failures"];
  const service = await startMeasuredService(
    {
      ...store.environment,
      ...{ HOST: "127.0.0.1", PORT: String(port), METRICS_PORT: String(metricsPort) },
      ...{ AUTH_SECRET: authSecret, CREDENTIAL_KEY: randomBytes(32).toString("base64") },
      ...{ AUDIT_LOG: "json", UPSTREAM_ALLOW: "127.0.0.1" },
      RATE_LIMIT: unlimited.map((name) => `${name}=100000000/1`).join(), // counted, and never reached
    },
    directory,
  );
  onEnd(() => service.stop());
  const receiver = await startWebhookReceiver();
  onEnd(() => receiver.close());
  const upstream = await startUpstream();
  onEnd(upstream.stop);

  const client = createClient({ port });
  const metrics = createClient({ port: metricsPort });
  onEnd(() => [client, metrics].map((each) => each.close()));
  const webhook = { url: receiver.url, actions: ["*"] };
  await client.send(toRequest(authSecret, "PUT", "/api/webhooks/soak", { status: 201, body: webhook }));
  const mixedLoad = await createMixedLoad(client.send, authSecret);
  const operations = [...mixedLoad.operations, ...(await createSoakOperations(client.send, authSecret, upstream.url))];
  const load = startLoad({ port }, operations, Number(options.rate));
  onEnd(() => load.stop());

  print(" minutes requests failed  p50 ms  p99 ms     RSS    heap  external  handles  files");
  const samples: Sample[] = [];
  const startedAt = performance.now();
  let seen = 0;
  while (performance.now() - startedAt < Number(options.minutes) * 60_000) {
    await delay(Math.min(Number(options.sample), Number(options.minutes) * 60) * 1000);
    await metrics.send({ method: "GET", path: "/metrics", headers: {}, status: 200 }); // as Prometheus does
    const requests = load.requests.slice(seen);
    seen = load.requests.length;
    const minutes = (performance.now() - startedAt) / 60_000;
    const sample = { minutes, ...measure(requests), ...(await service.readHeld()) };
    samples.push(sample);
    print(formatSample(sample));
  }
  await load.stop();
  const lost = await findLost(client.send, authSecret, mixedLoad);
  const missing = await waitForWebhooks(mixedLoad.acknowledged.keys());
  const exitCode = await service.stop();

  print(`\n${summarize(load.requests)}`);
  const failed = load.requests.filter(({ failure }) => failure !== undefined);
  for (const { at, failure } of failed.slice(0, 20)) print(`  ${(at / 1000).toFixed(1)} s: ${failure}`);
  for (const line of describeTrends(samples)) print(line);
  print(`Requests: ${load.requests.length}, of which ${failed.length} failed`);
  print(`Acknowledged users: ${mixedLoad.acknowledged.size}, of which ${lost.length} are missing or differ`);
  print(`Webhooks: ${receiver.messages.length} messages; ${missing} users without one`);
  print(`The service ended with ${exitCode}`);
  return failed.length === 0 && lost.length === 0 && missing === 0 && exitCode === 0 ? 0 : 1;

  /** @returns the number of users of whose creation the receiver was not notified */
  async function waitForWebhooks(userIds: Iterable<string>): Promise<number> {
    const expected = [...userIds];
    for (const until = performance.now() + webhookMsMax; ; await delay(200)) {
      const notified = new Set(receiver.messages.map(({ body }) => body.data.target?.id));
      const count = expected.filter((id) => !notified.has(id)).length;
      if (count === 0 || performance.now() > until) return count;
    }
  }
});

function measure(requests: readonly SentRequest[]) {
  const latencies = requests.map(({ ms }) => ms);
  return {
    requests: requests.length,
    failed: requests.filter(({ failure }) => failure !== undefined).length,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
  };
}

function formatSample(sample: Sample): string {
  const columns: readonly [number, number, number][] = [
    [sample.minutes, 8, 1],
    [sample.requests, 9, 0],
    [sample.failed, 7, 0],
    [sample.p50, 8, 1],
    [sample.p99, 8, 1],
    [sample.rssMiB, 8, 1],
    [sample.heapMiB, 8, 1],
    [sample.externalMiB, 10, 1],
    [sample.handles, 9, 0],
    [sample.files, 7, 0],
  ];
  return columns.map(([value, width, digits]) => value.toFixed(digits).padStart(width)).join("");
}

/** Describes how the samples change, without those of the first quarter, in which caches fill. */
function describeTrends(samples: readonly Sample[]): readonly string[] {
  const quarter = Math.max(1, Math.floor(samples.length / 4));
  const settled = samples.slice(quarter);
  const perHour = (value: (sample: Sample) => number): string => (slope(settled, value) * 60).toFixed(1);
  const p99 = (part: readonly Sample[]): string =>
    quantile(
      part.map((each) => each.p99),
      0.5,
    ).toFixed(1);
  return [
    `Trends after the first quarter, per hour: RSS ${perHour(({ rssMiB }) => rssMiB)} MiB, heap ${perHour(({ heapMiB }) => heapMiB)} MiB,` +
      ` external ${perHour(({ externalMiB }) => externalMiB)} MiB, handles ${perHour(({ handles }) => handles)}, files ${perHour(({ files }) => files)}`,
    `p99: ${p99(samples.slice(0, quarter))} ms in the first quarter, ${p99(samples.slice(-quarter))} ms in the last`,
  ];
}

/** Returns the slope of the line that fits best (least squares), per minute; 0 for fewer than two samples. */
function slope(samples: readonly Sample[], value: (sample: Sample) => number): number {
  const mean = (of: (sample: Sample) => number): number =>
    samples.reduce((sum, each) => sum + of(each), 0) / samples.length;
  const [meanMinutes, meanValue] = [mean(({ minutes }) => minutes), mean(value)];
  const variance = mean(({ minutes }) => (minutes - meanMinutes) ** 2);
  const covariance = mean((each) => (each.minutes - meanMinutes) * (value(each) - meanValue));
  return variance > 0 ? covariance / variance : 0;
}
