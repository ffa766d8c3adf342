import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root } from "../test/support/root.ts";
import { seed } from "./directory.ts";
import { connections, type Exchange, play, type Round } from "./load.ts";
import { type Row, rowsFor } from "./rows.ts";
import { type Server, startFloor, startService } from "./server.ts";
import { type Measured, resultsOf } from "./table.ts";

/**
 * What a request costs the service: its CPU time, beside that of a bare Express answer in the same run. The service is
 * main.js in a process of its own with authentication, rate limits, request log, audit and durable writes. Nothing here
 * fails because of a time; an answer that is not the right one ends the run.
 */
const { values: options } = parseArgs({
  options: {
    quick: { type: "boolean", default: false }, // a small directory and few requests: that it runs, not how fast
    only: { type: "string" }, // requests whose name holds this text
    profile: { type: "string" }, // a folder for CPU profiles of the service
  },
});
const sizes = options.quick ? [1000] : [1000, 100_000];
const rounds = options.quick ? 2 : 7;
const warmRounds = options.quick ? 1 : 8;
/** The service writes its request log every five seconds; that is a part of what a request costs. */
const settleMs = options.quick ? 0 : 6000;
const scale = (requests: number): number => (options.quick ? Math.ceil(requests / 10) : requests);

const measured: Measured[] = [];
const floorRounds: Round[] = [];
let serviceMiB = 0;
const floor = await startFloor();
try {
  for (const size of sizes) await measureDirectory(size);
} finally {
  await floor.end();
}
const results = resultsOf({ measured, floorRounds, rounds, connections, serviceMiB, settleMs, judged: !options.quick });
process.stdout.write(`\n${results}`);
if (!options.quick && options.only === undefined && options.profile === undefined) {
  await writeFile(join(root, "bench", "RESULTS.md"), results);
}

async function measureDirectory(size: number): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), "gatehouse-bench-"));
  try {
    say(`${size} users: writing them into the store`);
    const directory = await seed(dataDir, size);
    const service = await startService(dataDir, options.profile);
    try {
      const rows = rowsFor(directory).filter(({ name }) => name.includes(options.only ?? ""));
      await warmUp(service, rows);
      await settle();
      for (const row of rows) measured.push(await measure(service, row));
      serviceMiB = Math.max(serviceMiB, (await service.used()).peakMiB);
    } finally {
      await service.end();
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Node's compiler takes thousands of requests of a kind before their cost no longer falls. */
async function warmUp(service: Server, rows: readonly Row[]): Promise<void> {
  for (let round = 0; round < warmRounds; round++) {
    await play(floor.port, hello, scale(500));
    for (const row of rows) await play(service.port, row.exchange, scale(row.requests));
  }
}

/** Rounds of the floor and of the row take turns, so that a slower minute of the machine is one for both. */
async function measure(service: Server, row: Row): Promise<Measured> {
  const requests = scale(row.requests);
  const before = await service.used();
  const own: Round[] = [];
  for (let round = 0; round < rounds; round++) {
    floorRounds.push(await timed(floor, hello, scale(500)));
    own.push(await timed(service, row.exchange, requests));
  }
  await settle();
  const after = await service.used();
  const cpuMsWithLog = (after.cpuMs - before.cpuMs) / (requests * rounds);
  say(`${row.users} users: ${row.name}: ${cpuMsWithLog.toFixed(3)} ms`);
  return { row, rounds: own, cpuMsWithLog };
}

async function timed(server: Server, exchange: () => Exchange, requests: number): Promise<Round> {
  const before = await server.used();
  const latenciesMs = await play(server.port, exchange, requests);
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
