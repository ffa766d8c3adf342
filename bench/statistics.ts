import type { Round } from "./load.ts";

/** Returns the value below or at which this fraction of the values lies; NaN for no values. */
export function quantile(values: readonly number[], fraction: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(fraction * sorted.length) - 1] ?? Number.NaN;
}

/** Returns the median; NaN for no values. */
export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Returns the CPU times of the rounds, per request, in milliseconds. */
export const cpuTimesMs = (rounds: readonly Round[]): number[] => rounds.map(({ cpuMs }) => cpuMs);

/** Returns the median CPU time of the rounds, per request, in milliseconds. */
export const medianCpu = (rounds: readonly Round[]): number => median(cpuTimesMs(rounds));

/** Returns the latency below or at which this fraction of the requests lies, in milliseconds. */
export const latencyMs = (rounds: readonly Round[], fraction: number): number =>
  quantile(
    rounds.flatMap(({ latenciesMs }) => latenciesMs),
    fraction,
  );

/** Writes milliseconds with as many digits as mean something. */
export const formatMs = (value: number): string => value.toFixed(value < 10 ? 3 : 1);

/** Returns the date on which the results are written. */
export const today = (): string => new Date().toISOString().slice(0, 10);
