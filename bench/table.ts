import { cpus } from "node:os";
import type { Round } from "./load.ts";
import { addToAll, addToTen, eqName, firstPage, type Row, tokenCheck } from "./rows.ts";
import { type StoreName, storeNames } from "./stores.ts";

export interface Measured {
  readonly row: Row;
  readonly store: StoreName;
  /** In the directory. */
  readonly users: number;
  readonly rounds: readonly Round[];
  /** The median of the rounds, with what the service did afterwards for each request. */
  readonly cpuMsWithLog: number;
  /** Of the rounds of the floor that were measured with it. */
  readonly floorMs: number;
  /** How many times the floor a request costs. */
  readonly times: number;
  /** The most memory that the service had held by then. */
  readonly peakMiB: number;
}

export interface Results {
  readonly measured: readonly Measured[];
  readonly floorRounds: readonly Round[];
  /** Of each row. */
  readonly rounds: number;
  readonly connections: number;
  readonly settleMs: number;
  /** Whether enough was measured to compare it with the goals. */
  readonly judged: boolean;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);
export const medianCpu = (rounds: readonly Round[]): number => median(cpuOf(rounds));

/** The results as a page of Markdown. */
export function resultsOf(results: Results): string {
  const { measured, floorRounds, rounds, connections, settleMs, judged } = results;
  const floorMs = medianCpu(floorRounds);
  const [cpu] = cpus();
  return `# What a request costs

${new Date().toISOString().slice(0, 10)}, \`npm run bench\` on ${cpu?.model.trim()}, ${cpus().length} cores, ${process.platform};
Node ${process.versions.node}, SQLite through ${sqliteDriver()}.

- CPU is the service's own (user and system, all threads) for each request, in milliseconds: the median of ${rounds} rounds,
  with rounds of the floor in between. The floor is a bare Express answer. MongoDB's own CPU is not in it.
- Everything is on: authentication, rate limits (too high to be reached), request log, audit, durable writes.
- "With log" adds what the service uses in the ${settleMs / 1000} s after the rounds, in which it writes its request log. The multiple
  is the median of what each round is to the two of the floor beside it, and that log: the machine is not as quick at
  all times. Rows with a goal, and the token check, are measured three times over. The goals are for SQLite.
- ${connections} kept connections, one request at a time on each; the clients never sleep, as the server would be charged for waking
  them. p50 and p99 are the client's, in milliseconds, on the same cores.
- Rows marked "once" were sent one after another over one connection, once: their CPU is the mean.
- MiB is the most memory that the service had held by the end of the row.
- The directories were written through the store before the service started. SQLite's file is read once before each row,
  so that it is in the system's cache: some machines lose what they have not read for a while, and the disk's time is not
  the service's.

Floor: CPU ${ms(floorMs)} ms (half of its rounds within ${ms(quantile(cpuOf(floorRounds), 0.25))} and ${ms(quantile(cpuOf(floorRounds), 0.75))}), p50 ${ms(latency(floorRounds, 0.5))}, p99 ${ms(latency(floorRounds, 0.99))}.
${storeNames.map((store) => section(store, results)).join("")}${tokenChecksOf(measured)}${judged ? comparisonsOf(measured) : ""}`;
}

function section(store: StoreName, { measured, judged }: Results): string {
  const own = measured.filter((each) => each.store === store).toSorted((a, b) => a.users - b.users);
  if (own.length === 0) return "";
  return `
## ${store}

| request | users | CPU | with log | x floor | goal | p50 | p99 | MiB |
| --- | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: |
${own.map((each) => line(each, judged)).join("\n")}
`;
}

function line({ row, store, users, rounds, cpuMsWithLog, times, peakMiB }: Measured, judged: boolean): string {
  const goal = store === "SQLite" ? row.goal : undefined;
  const verdict = times <= (goal ?? 0) ? ": met" : ": missed";
  const cells = [
    row.isOnce ? `${row.name} (once, ${row.requests.toLocaleString("en")})` : row.name,
    users.toLocaleString("en"),
    ms(medianCpu(rounds)),
    ms(cpuMsWithLog),
    times.toFixed(2),
    goal === undefined ? "" : `at most ${goal}${judged ? verdict : ""}`,
    ms(latency(rounds, 0.5)),
    ms(latency(rounds, 0.99)),
    Math.round(peakMiB),
  ];
  return `| ${cells.join(" | ")} |`;
}

function tokenChecksOf(measured: readonly Measured[]): string {
  const lines = measured.flatMap(({ row, store, users, cpuMsWithLog, floorMs }) => {
    if (row.name !== tokenCheck) return [];
    const above = cpuMsWithLog - floorMs;
    const said = above < 0 ? `${ms(-above)} ms below the floor` : `${ms(above)} ms above the floor`;
    return [`- ${store}, ${users.toLocaleString("en")} users: ${said}`];
  });
  return lines.length === 0 ? "" : `\n## What a token check costs\n\n${lines.join("\n")}\n`;
}

/** What must not grow with the directory or the group. */
const comparisons = [
  { of: addToAll, at: 1_000_000, than: addToTen, atMost: 1.5 },
  { of: addToAll, at: 100_000, than: addToTen, atMost: 1.5 },
  { of: eqName, at: 1_000_000, than: eqName, thanAt: 1000, atMost: 1.3 },
  { of: firstPage, at: 1_000_000, than: firstPage, thanAt: 10_000, atMost: 2 },
];

function comparisonsOf(measured: readonly Measured[]): string {
  const find = (store: StoreName, name: string, users: number) =>
    measured.find((each) => each.store === store && each.row.name === name && each.users === users);
  const lines = storeNames.flatMap((store) =>
    comparisons.flatMap(({ of, at, than, thanAt = at, atMost }) => {
      const large = find(store, of, at);
      const small = find(store, than, thanAt);
      if (!large || !small) return [];
      const times = large.times / small.times;
      const subject = `${store}: ${of}, at ${at.toLocaleString("en")} users`;
      const object = `${of === than ? "" : `${than}, `}at ${thanAt.toLocaleString("en")}`;
      const verdict = times <= atMost ? "met" : "missed";
      return [`- ${subject}: ${times.toFixed(2)} times ${object} (at most ${atMost}: ${verdict})`];
    }),
  );
  return lines.length === 0 ? "" : `\n## What must not grow\n\n${lines.join("\n")}\n`;
}

function latency(rounds: readonly Round[], share: number): number {
  const all = rounds.flatMap(({ latenciesMs }) => latenciesMs);
  return quantile(all, share);
}

const cpuOf = (rounds: readonly Round[]): number[] => rounds.map(({ cpuMs }) => cpuMs);

function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
}

const ms = (value: number): string => value.toFixed(value < 10 ? 3 : 1);

/** Which of the two drivers the store chose: only the npm package brings a library of its own into the process. */
function sqliteDriver(): string {
  const { sharedObjects } = process.report.getReport() as { readonly sharedObjects: readonly string[] };
  return sharedObjects.some((path) => path.includes("@photostructure")) ? "@photostructure/sqlite" : "node:sqlite";
}
