import { cpus } from "node:os";
import type { Round } from "./load.ts";
import type { McpMeasurement } from "./mcp.ts";
import { renderMcp } from "./mcp-table.ts";
import type { Cost } from "./meter.ts";
import { addToLargeGroup, addToSmallGroup, type BenchRow, firstPage, tokenCheck, userNameEquals } from "./rows.ts";
import { cpuTimesMs, formatMs, latencyMs, medianCpu, quantile, today } from "./statistics.ts";
import { type StoreName, storeNames } from "./stores.ts";
import { type WorstCaseResult, worstCaseGoals } from "./worst-cases.ts";

/** The result of one row in one directory. */
export interface Measurement extends Cost {
  readonly row: BenchRow;
  readonly store: StoreName;
  /** Number of users in the directory. */
  readonly users: number;
  /** Peak memory of the service up to then. */
  readonly peakMiB: number;
  /** Round trips to MongoDB per request; absent for SQLite. */
  readonly roundTrips?: number;
}

/** All results of a run. */
export interface Results {
  readonly measured: readonly Measurement[];
  readonly worstCases: readonly WorstCaseResult[];
  readonly mcp: readonly McpMeasurement[];
  readonly floorRounds: readonly Round[];
  /** Number of rounds per row. */
  readonly rounds: number;
  readonly connections: number;
  readonly settleMs: number;
  /** Whether the run is long enough to compare its results with the goals. */
  readonly judged: boolean;
}

/** Renders the results as a Markdown page: those of the directories, if any, and a section for each other part. */
export function renderResults(results: Results): string {
  const { measured, worstCases, mcp, connections, judged } = results;
  const directories = measured.length === 0 ? [] : [renderDirectories(results)];
  return [...directories, ...renderWorstCases(worstCases, connections), ...renderMcp(mcp, connections, judged)].join(
    "\n",
  );
}

/** Replaces the sections of a page that other results have as well, and adds the others at its end. */
export function replaceSections(page: string, sections: string): string {
  const split = (text: string): Map<string, string> =>
    new Map(text.split(/^(?=## )/m).map((section) => [section.slice(0, section.indexOf("\n")), section]));
  return [...new Map([...split(page), ...split(sections)]).values()]
    .map((section) => section.trimEnd())
    .join("\n\n")
    .concat("\n");
}

function renderDirectories(results: Results): string {
  const { measured, floorRounds, rounds, connections, settleMs, judged } = results;
  const floorMs = medianCpu(floorRounds);
  const [cpu] = cpus();
  return `# CPU cost of a request

${today()}, \`npm run bench\` on ${cpu?.model.trim()}, ${cpus().length} cores, ${process.platform};
Node ${process.versions.node}, SQLite through ${sqliteDriver()}.

- CPU is the CPU time of the service (user and system, all threads) per request, in milliseconds: the median of ${rounds} rounds,
  alternating with rounds of the floor. The floor is a minimal Express response. The CPU of MongoDB is not included.
- Everything is enabled: authentication, rate limits (too high to be reached), request log, audit, durable writes.
- "With log" adds the CPU that the service uses in the ${settleMs / 1000} s after the rounds, in which it writes its request log. The
  multiple is the median of the ratios of each round to the floor rounds before and after it, plus that log, because the
  speed of the machine varies. Rows with a goal and the token check are measured three times. The goals apply to SQLite.
- ${connections} kept-alive connections send one request at a time each. The clients never sleep, because the server would be charged
  for waking them. p50 and p99 are latencies at the client, in milliseconds, on the same cores.
- Rows marked "once" were sent sequentially over one connection, once. Their CPU is the mean.
- Trips are round trips to MongoDB per request, with those of background jobs.
- MiB is the peak memory of the service up to the end of the row.
- The directories were written through the store before the service started. The SQLite file is read once before each row,
  so that it is in the page cache. Some machines evict data that was not read for a while, and disk time is not the cost of
  the service.

Floor: CPU ${formatMs(floorMs)} ms (half of its rounds within ${formatMs(quantile(cpuTimesMs(floorRounds), 0.25))} and ${formatMs(quantile(cpuTimesMs(floorRounds), 0.75))}), p50 ${formatMs(latencyMs(floorRounds, 0.5))}, p99 ${formatMs(latencyMs(floorRounds, 0.99))}.
${storeNames.map((store) => renderSection(store, results)).join("")}${renderTokenChecks(measured)}${judged ? renderComparisons(measured) : ""}`;
}

function renderWorstCases(results: readonly WorstCaseResult[], connections: number): string[] {
  if (results.length === 0) return [];
  const { longestHoldMs, peakMiB } = worstCaseGoals;
  const rows = results.map(
    (each) =>
      `| ${each.store} | ${each.name} | ${each.requests} | ${Math.round(each.longestHoldMs)} | ${Math.round(each.longestHoldCpuMs)} | ${Math.round(each.peakMiB)} |`,
  );
  return [
    `## Worst cases

${today()}. The most expensive requests that the default limits allow, ${connections} at once. The goals: the event loop is never held longer
than ${longestHoldMs} ms, and the service stays under ${peakMiB} MiB. "Hold" is the longest time, in milliseconds, and "CPU" the most CPU time
of the main thread in one, which does not depend on the disk and on other processes. MiB is the peak up to the end of the row.

| store | request | requests | hold | CPU | MiB |
| --- | --- | ---: | ---: | ---: | ---: |
${rows.join("\n")}
`,
  ];
}

function renderSection(store: StoreName, { measured, judged }: Results): string {
  const own = measured.filter((each) => each.store === store).toSorted((a, b) => a.users - b.users);
  if (own.length === 0) return "";
  return `
## ${store}

| request | users | CPU | with log | x floor | goal | trips | p50 | p99 | MiB |
| --- | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: |
${own.map((each) => renderRow(each, judged)).join("\n")}
`;
}

function renderRow(
  { row, store, users, rounds, cpuMsWithLog, floorMultiple, roundTrips, peakMiB }: Measurement,
  judged: boolean,
): string {
  const goal = store === "SQLite" ? row.goal : undefined;
  const verdict = floorMultiple <= (goal ?? 0) ? ": met" : ": missed";
  const cells = [
    row.isOnce ? `${row.name} (once, ${row.requests.toLocaleString("en")})` : row.name,
    users.toLocaleString("en"),
    formatMs(medianCpu(rounds)),
    formatMs(cpuMsWithLog),
    floorMultiple.toFixed(2),
    goal === undefined ? "" : `at most ${goal}${judged ? verdict : ""}`,
    roundTrips === undefined ? "" : roundTrips.toFixed(2),
    formatMs(latencyMs(rounds, 0.5)),
    formatMs(latencyMs(rounds, 0.99)),
    Math.round(peakMiB),
  ];
  return `| ${cells.join(" | ")} |`;
}

function renderTokenChecks(measured: readonly Measurement[]): string {
  const lines = measured.flatMap(({ row, store, users, cpuMsWithLog, floorMs }) => {
    if (row.name !== tokenCheck) return [];
    const above = cpuMsWithLog - floorMs;
    const difference = above < 0 ? `${formatMs(-above)} ms below the floor` : `${formatMs(above)} ms above the floor`;
    return [`- ${store}, ${users.toLocaleString("en")} users: ${difference}`];
  });
  return lines.length === 0 ? "" : `\n## Cost of a token check\n\n${lines.join("\n")}\n`;
}

/** Costs that must not grow with the directory or the group. */
const comparisons = [
  { of: addToLargeGroup, at: 1_000_000, than: addToSmallGroup, atMost: 1.2 },
  { of: addToLargeGroup, at: 100_000, than: addToSmallGroup, atMost: 1.2 },
  { of: userNameEquals, at: 1_000_000, than: userNameEquals, thanAt: 1000, atMost: 1.3 },
  { of: firstPage, at: 1_000_000, than: firstPage, thanAt: 10_000, atMost: 2 },
];

function renderComparisons(measured: readonly Measurement[]): string {
  const find = (store: StoreName, name: string, users: number) =>
    measured.find((each) => each.store === store && each.row.name === name && each.users === users);
  const lines = storeNames.flatMap((store) =>
    comparisons.flatMap(({ of, at, than, thanAt = at, atMost }) => {
      const large = find(store, of, at);
      const small = find(store, than, thanAt);
      if (!large || !small) return [];
      const times = large.floorMultiple / small.floorMultiple;
      const subject = `${store}: ${of}, at ${at.toLocaleString("en")} users`;
      const object = `${of === than ? "" : `${than}, `}at ${thanAt.toLocaleString("en")}`;
      const verdict = times <= atMost ? "met" : "missed";
      return [`- ${subject}: ${times.toFixed(2)} times ${object} (at most ${atMost}: ${verdict})`];
    }),
  );
  return lines.length === 0 ? "" : `\n## Costs that must not grow\n\n${lines.join("\n")}\n`;
}

/** Returns the SQLite driver in use. Only the npm package loads its own shared library into the process. */
function sqliteDriver(): string {
  const { sharedObjects } = process.report.getReport() as { readonly sharedObjects: readonly string[] };
  return sharedObjects.some((path) => path.includes("@photostructure")) ? "@photostructure/sqlite" : "node:sqlite";
}
