import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { stopSharedMongod } from "../test/support/mongod.ts";
import { root } from "../test/support/root.ts";
import { openConsoleRows } from "./console.ts";
import { readDatabaseUse } from "./database-use.ts";
import { seedDirectory } from "./directory.ts";
import { connectionCount } from "./load.ts";
import { type McpMeasurement, measureMcp } from "./mcp.ts";
import { Meter } from "./meter.ts";
import { rowsFor, tokenCheck } from "./rows.ts";
import { startFloor, startService } from "./server.ts";
import { openEmptyStore, type StoreName, storeNames } from "./stores.ts";
import { type Measurement, renderResults, replaceSections } from "./table.ts";
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
    mcp: { type: "boolean", default: false }, // only the rows of /mcp
    profile: { type: "string" }, // a directory for CPU profiles of the service
    to: { type: "string", default: join(root, "bench", "RESULTS.md") },
  },
});
const stores = storeNames.filter((name) => options.stores.toLowerCase().split(",").includes(name.toLowerCase()));
const sizes = (options.users ?? (options.quick ? "1000" : "1000,10000,100000,1000000")).split(",").map(Number);
const rounds = options.quick ? 2 : 9;
const judgedRepeats = options.quick ? 1 : 3;
/** The service writes its request log every five seconds. This is part of the cost of a request. */
const settleMs = options.quick ? 0 : 6000;
/** Which parts run: the selected ones, or all. A row is selected by its name among those of the directories. */
const isSelective = options.worst || options.mcp;
const runs = {
  directories: !isSelective,
  worstCases: options.worst || (!isSelective && options.only === undefined),
  mcp: options.mcp || (!isSelective && options.only === undefined),
};

const measured: Measurement[] = [];
const worstCases: WorstCaseResult[] = [];
const mcp: McpMeasurement[] = [];
const floor = await startFloor();
const meter = new Meter(floor, {
  ...{ rounds, settleMs },
  warmRounds: options.quick ? 1 : 6,
  requestsFactor: options.quick ? 0.1 : 1,
});
try {
  for (const store of stores) {
    for (const size of runs.directories ? sizes : []) {
      await measureDirectory(store, size);
      await report();
    }
    if (runs.worstCases)
      worstCases.push(...(await measureWorstCases(store, options.quick ? 0.1 : 1, options, logProgress)));
    if (runs.mcp)
      mcp.push(...(await measureMcp(store, meter, { ...options, repeats: judgedRepeats, onProgress: logProgress })));
    await report();
  }
} finally {
  await floor.stop();
  await stopSharedMongod();
}
process.stdout.write(`\n${renderPage()}`);

function renderPage(): string {
  return renderResults({
    ...{ measured, worstCases, mcp, floorRounds: meter.floorRounds, rounds, settleMs },
    ...{ connections: connectionCount, judged: !options.quick },
  });
}

/**
 * Writes the results after each step, so that a later failure does not lose them. A run of one part replaces its section of
 * the page.
 */
async function report(): Promise<void> {
  if (options.quick || options.only !== undefined || options.profile !== undefined) return;
  const page = isSelective ? replaceSections(await readFile(options.to, "utf8"), renderPage()) : renderPage();
  await writeFile(options.to, page);
}

async function measureDirectory(store: StoreName, users: number): Promise<void> {
  const testStore = await openEmptyStore(store);
  try {
    logProgress(`${store}, ${users} users: filling the store`);
    const directory = await seedDirectory(testStore.environment, users);
    const service = await startService(testStore.environment, options.profile);
    try {
      const rows = [...(await openConsoleRows(service.port, directory)), ...rowsFor(directory)].filter(({ name }) =>
        name.includes(options.only ?? ""),
      );
      await meter.warmUp(
        service,
        rows.filter(({ isOnce }) => !isOnce),
      );
      for (const row of rows) {
        const hasGoal = row.name === tokenCheck || (store === "SQLite" && row.goal !== undefined);
        await testStore.warmCache();
        const databaseBefore = await readDatabaseUse(testStore.environment);
        const cost = row.isOnce
          ? await meter.measureOnce(service, row)
          : await meter.measure(service, row, directory.secret, hasGoal ? judgedRepeats : 1);
        const { peakMiB } = await service.readUse();
        const databaseAfter = await readDatabaseUse(testStore.environment);
        const roundTrips =
          databaseBefore && databaseAfter && (databaseAfter.roundTrips - databaseBefore.roundTrips) / cost.requestCount;
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

function logProgress(line: string): void {
  process.stderr.write(`${line}\n`);
}
