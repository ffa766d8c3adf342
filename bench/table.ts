import { cpus } from "node:os";
import type { Round } from "./load.ts";
import { addToLarge, addToTen, type Row } from "./rows.ts";

export interface Measured {
  readonly row: Row;
  readonly rounds: readonly Round[];
  /** CPU for each request, with what the service wrote of it afterwards. */
  readonly cpuMsWithLog: number;
}

export interface Results {
  readonly measured: readonly Measured[];
  readonly floorRounds: readonly Round[];
  /** Of each row. */
  readonly rounds: number;
  readonly connections: number;
  /** The most memory that the service held. */
  readonly serviceMiB: number;
  readonly settleMs: number;
  /** Whether enough was measured to compare it with the goals. */
  readonly judged: boolean;
}

/** The results as a page of Markdown. */
export function resultsOf(results: Results): string {
  const { measured, floorRounds, rounds, connections, serviceMiB, settleMs, judged } = results;
  const floorMs = quantile(cpuOf(floorRounds), 0.5);
  const [cpu] = cpus();
  return `# What a request costs

${new Date().toISOString().slice(0, 10)}, \`npm run bench\` on ${cpu?.model.trim()}, ${cpus().length} cores, ${process.platform};
Node ${process.versions.node}, SQLite through ${sqliteDriver()}.

- CPU is the server's own (user and system, all threads) for each request, in milliseconds: the median of ${rounds} rounds,
  with rounds of the floor in between. The floor is a bare Express answer.
- Everything is on: authentication, rate limits (too high to be reached), request log, audit, durable writes.
- "With log" is the mean of all rounds and of the ${settleMs / 1000} s after them, in which the service writes its request log. The
  multiple and the verdict are of that.
- ${connections} kept connections, one request at a time on each. p50 and p99 are the client's, in milliseconds, on the same cores.
- The directories were written through the store before the service started.

Floor: CPU ${ms(floorMs)} ms (half of its rounds within ${ms(quantile(cpuOf(floorRounds), 0.25))} and ${ms(quantile(cpuOf(floorRounds), 0.75))}), p50 ${ms(latency(floorRounds, 0.5))}, p99 ${ms(latency(floorRounds, 0.99))}.
The service held at most ${Math.round(serviceMiB)} MiB.

| request | users | CPU | with log | x floor | goal | p50 | p99 |
| --- | ---: | ---: | ---: | ---: | --- | ---: | ---: |
${measured.map((each) => line(each, floorMs, judged)).join("\n")}
${growth(measured)}`;
}

function line({ row, rounds, cpuMsWithLog }: Measured, floorMs: number, judged: boolean): string {
  const times = cpuMsWithLog / floorMs;
  const verdict = times <= (row.goal ?? 0) ? ": met" : ": missed";
  const cells = [
    row.name,
    row.users.toLocaleString("en"),
    ms(quantile(cpuOf(rounds), 0.5)),
    ms(cpuMsWithLog),
    times.toFixed(2),
    row.goal === undefined ? "" : `at most ${row.goal}${judged ? verdict : ""}`,
    ms(latency(rounds, 0.5)),
    ms(latency(rounds, 0.99)),
  ];
  return `| ${cells.join(" | ")} |`;
}

/** What a large group costs more than a small one in the same directory. */
function growth(measured: readonly Measured[]): string {
  const large = measured.find(({ row }) => row.name === addToLarge);
  const ten = measured.find(({ row }) => row.name === addToTen && row.users === large?.row.users);
  if (!large || !ten) return "";
  const times = (large.cpuMsWithLog / ten.cpuMsWithLog).toFixed(2);
  return `\nAdding a member costs ${times} times as much in the group of 100,000 as in a group of 10 (goal: at most 1.5).\n`;
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
