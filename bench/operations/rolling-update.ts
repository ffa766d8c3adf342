import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { withDatabase } from "../../test/store/mongodb/mongodb.fixture.ts";
import { freePort } from "../../test/support/free-port.ts";
import { startDedicatedMongod } from "../../test/support/mongod.ts";
import { type ServiceProcess, startProcess } from "../../test/support/process.ts";
import { root } from "../../test/support/root.ts";
import { quantile } from "../statistics.ts";
import { type Build, findPreviousRelease, prepareBuild, readNewestMigration } from "./builds.ts";
import { runInWorkspace } from "./cleanup.ts";
import { createClient, startLoad, summarize } from "./load.ts";
import { startNginx } from "./nginx.ts";
import { createMixedLoad, findLost } from "./operations.ts";
import { createTokenLoad, findLostTokens } from "./token-load.ts";

/**
 * Replaces two replicas on MongoDB behind nginx one by one under load, by this build and back by the previous one. If this
 * build has a migration that the previous one does not know, the replicas do not go back. Exits with 1 if a request has
 * failed or an acknowledged write is missing.
 */
const { values: options } = parseArgs({
  options: {
    previous: { type: "string" }, // a directory or a commit; by default the commit of the newest version in CHANGELOG.md
    rate: { type: "string", default: "40" }, // operations per second
    rounds: { type: "string", default: "1" }, // how often the replicas are updated and go back
    pause: { type: "string", default: "0" }, // seconds from the readiness of a replica to the stop of the other
  },
});

const print = (line: string): void => void process.stdout.write(`${line}\n`);

await runInWorkspace(async ({ directory: workspace, onEnd }) => {
  const previous = await prepareBuild(options.previous ?? (await findPreviousRelease()), workspace);
  const current: Build = { directory: root, name: "this build" };
  print(`Previous build: ${previous.name}`);
  const canGoBack = (await readNewestMigration(current)) === (await readNewestMigration(previous));
  if (!canGoBack) print("This build migrates the data, so that the replicas cannot go back to the previous one.");
  const mongod = await startDedicatedMongod("replica-set");
  if (!mongod) throw new Error("no mongod is available");
  onEnd(() => mongod.dispose());
  const environment = {
    MONGODB_URI: withDatabase(mongod.uri, "gatehouse"),
    PUBLIC_URL: "https://gatehouse.example.com",
    TRUST_PROXY: "127.0.0.1",
  };
  const start = async ({ directory }: Build, port: number): Promise<ServiceProcess> => {
    const service = await startProcess(environment, { directory, port });
    onEnd(async () => service.child.kill("SIGKILL"));
    return service;
  };
  const ports = [await freePort(), await freePort()] as const;
  const replicas = [await start(previous, ports[0]), await start(previous, ports[1])];
  const secret = replicas[0]?.firstSecret ?? "";
  const nginx = await startNginx(ports, workspace);
  onEnd(nginx.stop);

  const client = createClient(nginx.target);
  onEnd(async () => client.close());
  const mixedLoad = await createMixedLoad(client.send, secret);
  const tokenLoad = createTokenLoad(secret);
  const load = startLoad(nginx.target, [...mixedLoad.operations, tokenLoad.operation], Number(options.rate));
  const startedAt = performance.now();
  const log = (text: string): void => print(`${((performance.now() - startedAt) / 1000).toFixed(1)} s: ${text}`);
  await delay(3000);
  const rounds = Array.from({ length: Number(options.rounds) }, () => [current, previous]).flat();
  const builds = canGoBack ? rounds : [current];
  for (const build of builds) {
    for (const [at, replica] of replicas.entries()) {
      log(`replica ${at + 1}: SIGTERM`);
      const code = await replica.stop("SIGTERM");
      log(`replica ${at + 1}: ended with ${code}; starting ${build.name}`);
      const started = await start(build, replica.port);
      await started.clientWithSecret("").get("/readyz").expect(200);
      log(`replica ${at + 1}: ready`);
      replicas[at] = started;
      await delay(Number(options.pause) * 1000);
    }
  }
  await delay(3000);
  await load.stop();
  const lost = await findLost(client.send, secret, mixedLoad);
  const lostTokens = await findLostTokens(client.send, secret, tokenLoad);
  for (const replica of replicas) await replica.stop("SIGTERM");

  const failed = load.requests.filter(({ failure }) => failure !== undefined);
  const latencies = load.requests.map(({ ms }) => ms);
  const [p50, p99] = [quantile(latencies, 0.5), quantile(latencies, 0.99)];
  print(`\n${summarize(load.requests)}`);
  print(`Latency: p50 ${p50.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms, longest ${Math.max(...latencies).toFixed(0)} ms`);
  print(`Acknowledged users: ${mixedLoad.acknowledged.size}, of which ${lost.length} are missing or differ`);
  print(
    `Acknowledged tokens: ${tokenLoad.acknowledged.size}, of which ${lostTokens.length} are not found by their names`,
  );
  print(`Requests: ${load.requests.length}, of which ${failed.length} failed`);
  for (const { at, ms, failure } of failed.slice(0, 20))
    print(`  ${(at / 1000).toFixed(1)} s, after ${ms.toFixed(0)} ms: ${failure}`);
  if (failed.length > 0) for (const line of (await nginx.readErrors()).slice(0, 20)) print(`  nginx: ${line}`);
  return failed.length + lost.length + lostTokens.length === 0 ? 0 : 1;
});
