import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { stopSharedMongod } from "../test/support/mongod.ts";
import { root } from "../test/support/root.ts";
import { readDatabaseUse } from "./database-use.ts";
import { seedDirectory } from "./directory.ts";
import { type BenchRequest, connectionCount, type Round, runLoad, send } from "./load.ts";
import { type BenchRow, loggedRequest, rowsFor, tokenCheck } from "./rows.ts";
import { type Server, startFloor, startService } from "./server.ts";
import { openEmptyStore, type StoreName, storeNames } from "./stores.ts";
import { type Measurement, median, medianCpu, renderResults } from "./table.ts";
import { measureWorstCases, type WorstCaseResult } from "./worst-cases.ts";

/**
 * Measures the CPU time of the service per request, compared with that of a minimal Express response in the same run. The
 * service is main.js in a separate process with authentication, rate limits, request log, audit and durable writes. No
 * time fails the run; an unexpected response does.
 */
const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false }, // a small directory and few requests: checks that the benchmark runs
    stores: { type: "string", default: storeNames.join(",") },
    users: { type: "string" }, // numbers of users per directory, comma-separated
    only: { type: "string" }, // only rows with this string in their name
    worst: { type: "boolean", default: false }, // only the worst cases
    profile: { type: "string" }, // a directory for CPU profiles of the service
    to: { type: "string", default: join(root, "bench", "RESULTS.md") },
  },
});
const stores = storeNames.filter((name) => options.stores.toLowerCase().split(",").includes(name.toLowerCase()));
const sizes = (options.users ?? (options.quick ? "1000" : "1000,10000,100000,1000000")).split(",").map(Number);
const rounds = options.quick ? 2 : 9;
const judgedRepeats = options.quick ? 1 : 3;
const warmRounds = options.quick ? 1 : 6;
/** The service writes its request log every five seconds. This is part of the cost of a request. */
const settleMs = options.quick ? 0 : 6000;
/** Requests in a round of the floor, which then takes about as long as a round of a row. */
const floorRequests = 1000;
const scale = (requests: number): number => (options.quick ? Math.ceil(requests / 10) : requests);

const measured: Measurement[] = [];
/** Requests to the service since the row began. */
let requestCount = 0;
const floorRounds: Round[] = [];
const worstCases: WorstCaseResult[] = [];
const floor = await startFloor();
try {
  for (const store of stores) {
    for (const size of options.worst ? [] : sizes) {
      await measureDirectory(store, size);
      await report();
    }
    if (options.only !== undefined && !options.worst) continue;
    worstCases.push(...(await measureWorstCases(store, options.quick ? 0.1 : 1, options, logProgress)));
    await report();
  }
} finally {
  await floor.stop();
  await stopSharedMongod();
}
process.stdout.write(`\n${results()}`);

function results(): string {
  return renderResults({
    measured,
    worstCases,
    floorRounds,
    rounds,
    connections: connectionCount,
    settleMs,
    judged: !options.quick,
  });
}

/** Writes the results after each directory, so that a later failure does not lose them. */
async function report(): Promise<void> {
  const isWhole = !options.quick && !options.worst && options.only === undefined && options.profile === undefined;
  if (isWhole) await writeFile(options.to, results());
}

async function measureDirectory(store: StoreName, users: number): Promise<void> {
  const testStore = await openEmptyStore(store);
  try {
    logProgress(`${store}, ${users} users: filling the store`);
    const directory = await seedDirectory(testStore.environment, users);
    const service = await startService(testStore.environment, options.profile);
    try {
      const rows = rowsFor(directory).filter(({ name }) => name.includes(options.only ?? ""));
      await warmUp(service, rows);
      await settle();
      for (const row of rows) {
        const hasGoal = row.name === tokenCheck || (store === "SQLite" && row.goal !== undefined);
        await testStore.warmCache();
        const databaseBefore = await readDatabaseUse(testStore.environment);
        requestCount = 0;
        const cost = row.isOnce
          ? await measureOnce(service, row)
          : await measure(service, row, directory.secret, hasGoal ? judgedRepeats : 1);
        const { peakMiB } = await service.readUse();
        const databaseAfter = await readDatabaseUse(testStore.environment);
        const roundTrips =
          databaseBefore && databaseAfter && (databaseAfter.roundTrips - databaseBefore.roundTrips) / requestCount;
        measured.push({ row, store, users, ...cost, peakMiB, ...(roundTrips !== undefined && { roundTrips }) });
        logProgress(`${store}, ${users} users: ${row.name}: ${cost.cpuMsWithLog.toFixed(3)} ms`);
      }
    } finally {
      await service.stop();
    }
  } finally {
    await testStore.dispose();
  }
}

/** V8 optimizes during the first thousands of requests of a kind; afterwards their cost is stable. */
async function warmUp(service: Server, rows: readonly BenchRow[]): Promise<void> {
  for (let round = 0; round < warmRounds; round++) {
    await runLoad(floor.port, floorRequest, scale(floorRequests));
    for (const row of rows) if (!row.isOnce) await runLoad(service.port, row.nextRequest, scale(row.requests));
  }
}

type Cost = Pick<Measurement, "rounds" | "cpuMsWithLog" | "floorMs" | "floorMultiple">;

/**
 * Alternates rounds of the floor and of the row, and compares each round of the row with the floor rounds before and after
 * it, so that a temporary slowdown of the machine affects both. The CPU that the service uses afterwards, mainly for
 * writing its request log, is added. Rows with a goal are measured several times.
 */
async function measure(service: Server, row: BenchRow, secret: string, times: number): Promise<Cost> {
  const requests = scale(row.requests);
  const rowRounds: Round[] = [];
  const surroundingFloorRounds: Round[] = [];
  const ratios: number[] = [];
  const afterwardsMs: number[] = [];
  for (let time = 0; time < times; time++) {
    await waitForLogFlush(service, secret);
    let before = await measureFloorRound();
    surroundingFloorRounds.push(before);
    for (let round = 0; round < rounds; round++) {
      const each = await measureRound(service, row.nextRequest, requests);
      const after = await measureFloorRound();
      ratios.push(each.cpuMs / ((before.cpuMs + after.cpuMs) / 2));
      rowRounds.push(each);
      surroundingFloorRounds.push(after);
      before = after;
    }
    const { cpuMs } = await service.readUse();
    await settle();
    afterwardsMs.push(((await service.readUse()).cpuMs - cpuMs) / (requests * rounds));
  }
  floorRounds.push(...surroundingFloorRounds);
  const floorMs = medianCpu(surroundingFloorRounds);
  const afterMs = median(afterwardsMs);
  return {
    rounds: rowRounds,
    cpuMsWithLog: medianCpu(rowRounds) + afterMs,
    floorMs,
    floorMultiple: median(ratios) + afterMs / floorMs,
  };
}

/** Waits until the service has just written its request log, so that the next write falls after the rounds. */
async function waitForLogFlush(service: Server, secret: string): Promise<void> {
  if (settleMs === 0) return;
  const { request, logQuery } = loggedRequest(secret);
  await send(service.port, request);
  while (!(await send(service.port, logQuery)).text.includes(logQuery.expectedText)) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function measureOnce(service: Server, row: BenchRow): Promise<Cost> {
  floorRounds.push(await measureFloorRound());
  const single = await measureRound(service, row.nextRequest, row.requests, 1);
  const floorMs = medianCpu(floorRounds);
  return { rounds: [single], cpuMsWithLog: single.cpuMs, floorMs, floorMultiple: single.cpuMs / floorMs };
}

function measureFloorRound(): Promise<Round> {
  return measureRound(floor, floorRequest, scale(floorRequests));
}

async function measureRound(
  server: Server,
  nextRequest: BenchRow["nextRequest"],
  requests: number,
  clients?: number,
): Promise<Round> {
  const before = await server.readUse();
  const latenciesMs = await runLoad(server.port, nextRequest, requests, clients);
  const after = await server.readUse();
  if (server !== floor) requestCount += requests;
  return { cpuMs: (after.cpuMs - before.cpuMs) / requests, latenciesMs };
}

function floorRequest(): BenchRequest {
  return { method: "GET", path: "/", headers: {}, status: 200, expectedText: "Hello World!" };
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, settleMs));
}

function logProgress(line: string): void {
  process.stderr.write(`${line}\n`);
}
