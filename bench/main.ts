import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { stopTestMongo } from "../test/support/mongod.ts";
import { root } from "../test/support/root.ts";
import { seed } from "./directory.ts";
import { connections, type Exchange, play, type Round, send } from "./load.ts";
import { loggedRequest, type Row, rowsFor, tokenCheck } from "./rows.ts";
import { type Server, startFloor, startService } from "./server.ts";
import { emptyStore, type StoreName, storeNames } from "./stores.ts";
import { type Measured, median, medianCpu, resultsOf } from "./table.ts";

/**
 * What a request costs the service: its CPU time, beside that of a bare Express answer in the same run. The service is
 * main.js in a process of its own with authentication, rate limits, request log, audit and durable writes. Nothing here
 * fails because of a time; an answer that is not the right one ends the run.
 */
const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false }, // a small directory and few requests: that it runs, not how fast
    stores: { type: "string", default: storeNames.join(",") },
    sizes: { type: "string" }, // users in each directory, with commas between them
    only: { type: "string" }, // requests whose name holds this text
    profile: { type: "string" }, // a folder for CPU profiles of the service
    to: { type: "string", default: join(root, "bench", "RESULTS.md") },
  },
});
const stores = storeNames.filter((name) => options.stores.toLowerCase().split(",").includes(name.toLowerCase()));
const sizes = (options.sizes ?? (options.quick ? "1000" : "1000,10000,100000,1000000")).split(",").map(Number);
const rounds = options.quick ? 2 : 9;
const judgedTimes = options.quick ? 1 : 3;
const warmRounds = options.quick ? 1 : 6;
/** The service writes its request log every five seconds; that is a part of what a request costs. */
const settleMs = options.quick ? 0 : 6000;
/** In a round of the floor, which then takes about as long as one of a row. */
const floorRequests = 1000;
const scale = (requests: number): number => (options.quick ? Math.ceil(requests / 10) : requests);

const measured: Measured[] = [];
const floorRounds: Round[] = [];
const floor = await startFloor();
try {
  for (const store of stores) {
    for (const size of sizes) {
      await measureDirectory(store, size);
      await report();
    }
  }
} finally {
  await floor.end();
  await stopTestMongo();
}
process.stdout.write(`\n${results()}`);

function results(): string {
  return resultsOf({ measured, floorRounds, rounds, connections, settleMs, judged: !options.quick });
}

/** After each directory, so that an hour's work is not lost with the last one. */
async function report(): Promise<void> {
  const isWhole = !options.quick && options.only === undefined && options.profile === undefined;
  if (isWhole) await writeFile(options.to, results());
}

async function measureDirectory(store: StoreName, users: number): Promise<void> {
  const opened = await emptyStore(store);
  try {
    say(`${store}, ${users} users: writing them into the store`);
    const directory = await seed(opened.environment, users);
    const service = await startService(opened.environment, options.profile);
    try {
      const rows = rowsFor(directory).filter(({ name }) => name.includes(options.only ?? ""));
      await warmUp(service, rows);
      await settle();
      for (const row of rows) {
        const isJudged = row.name === tokenCheck || (store === "SQLite" && row.goal !== undefined);
        await opened.cache();
        const cost = row.isOnce
          ? await measureOnce(service, row)
          : await measure(service, row, directory.secret, isJudged ? judgedTimes : 1);
        const { peakMiB } = await service.used();
        measured.push({ row, store, users, ...cost, peakMiB });
        say(`${store}, ${users} users: ${row.name}: ${cost.cpuMsWithLog.toFixed(3)} ms`);
      }
    } finally {
      await service.end();
    }
  } finally {
    await opened.dispose();
  }
}

/** Node's compiler takes thousands of requests of a kind before their cost no longer falls. */
async function warmUp(service: Server, rows: readonly Row[]): Promise<void> {
  for (let round = 0; round < warmRounds; round++) {
    await play(floor.port, hello, scale(floorRequests));
    for (const row of rows) if (!row.isOnce) await play(service.port, row.exchange, scale(row.requests));
  }
}

type Cost = Pick<Measured, "rounds" | "cpuMsWithLog" | "floorMs" | "times">;

/**
 * Rounds of the floor and of the row take turns, and each round of the row is compared with the two of the floor beside
 * it, so that a slower second of the machine is one for both. What the service does afterwards, above all writing its
 * request log, is added. What is judged is measured several times over.
 */
async function measure(service: Server, row: Row, secret: string, times: number): Promise<Cost> {
  const requests = scale(row.requests);
  const own: Round[] = [];
  const between: Round[] = [];
  const ratios: number[] = [];
  const afterwardsMs: number[] = [];
  for (let time = 0; time < times; time++) {
    await logWritten(service, secret);
    let before = await timedFloor();
    between.push(before);
    for (let round = 0; round < rounds; round++) {
      const each = await timed(service, row.exchange, requests);
      const after = await timedFloor();
      ratios.push(each.cpuMs / ((before.cpuMs + after.cpuMs) / 2));
      own.push(each);
      between.push(after);
      before = after;
    }
    const { cpuMs } = await service.used();
    await settle();
    afterwardsMs.push(((await service.used()).cpuMs - cpuMs) / (requests * rounds));
  }
  floorRounds.push(...between);
  const floorMs = medianCpu(between);
  const afterMs = median(afterwardsMs);
  return {
    rounds: own,
    cpuMsWithLog: medianCpu(own) + afterMs,
    floorMs,
    times: median(ratios) + afterMs / floorMs,
  };
}

/** Waits until the service has just written its request log, so that it writes again after the rounds, and not within. */
async function logWritten(service: Server, secret: string): Promise<void> {
  if (settleMs === 0) return;
  const { ask, look } = loggedRequest(secret);
  await send(service.port, ask);
  while (!(await send(service.port, look)).text.includes(look.holds)) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function measureOnce(service: Server, row: Row): Promise<Cost> {
  floorRounds.push(await timedFloor());
  const only = await timed(service, row.exchange, row.requests, 1);
  const floorMs = medianCpu(floorRounds);
  return { rounds: [only], cpuMsWithLog: only.cpuMs, floorMs, times: only.cpuMs / floorMs };
}

function timedFloor(): Promise<Round> {
  return timed(floor, hello, scale(floorRequests));
}

async function timed(server: Server, exchange: Row["exchange"], requests: number, clients?: number): Promise<Round> {
  const before = await server.used();
  const latenciesMs = await play(server.port, exchange, requests, clients);
  const after = await server.used();
  return { cpuMs: (after.cpuMs - before.cpuMs) / requests, latenciesMs };
}

function hello(): Exchange {
  return { method: "GET", path: "/", headers: {}, status: 200, holds: "Hello World!" };
}

function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, settleMs));
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
