/** One line of the text format of Prometheus. */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A parsed scrape. */
export interface Scrape {
  readonly series: readonly Series[];
  /** The type of each metric, by its name. */
  readonly types: ReadonlyMap<string, string>;
  /** Returns the sum of the series with these labels; undefined if there is none. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number | undefined;
}

/**
 * Parses the text format of Prometheus, version 0.0.4.
 * @throws Error for a line that does not match it, and for a series that appears twice
 */
export function parseScrape(text: string): Scrape {
  const types = new Map<string, string>();
  const series = new Map<string, Series>();
  for (const line of text.split("\n").filter((each) => each !== "")) {
    const [, typed, type] = /^# TYPE (\S+) (counter|gauge|histogram|summary|untyped)$/.exec(line) ?? [];
    if (typed !== undefined && type !== undefined) types.set(typed, type);
    if (line.startsWith("#")) continue;
    const [, name, labelText = "", value] = linePattern.exec(line) ?? [];
    if (name === undefined) throw new Error(`not in the text format: ${line}`);
    const labels = Object.fromEntries(
      [...labelText.matchAll(labelPattern)].map(([, label = "", text = ""]) => [label, text.replace(/\\(.)/g, "$1")]),
    );
    const key = JSON.stringify([name, Object.entries(labels).sort()]);
    if (series.has(key)) throw new Error(`twice: ${line}`);
    series.set(key, { name, labels, value: Number(value?.replace("Inf", "Infinity")) });
  }
  const all = [...series.values()];
  return {
    series: all,
    types,
    sum: (name, labels = {}) => {
      const matches = all.filter(
        (each) => each.name === name && Object.entries(labels).every(([label, text]) => each.labels[label] === text),
      );
      return matches.length === 0 ? undefined : matches.reduce((sum, { value }) => sum + value, 0);
    },
  };
}

const label = String.raw`([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\"n])*)"`;
const labelPattern = new RegExp(label, "g");
// Prometheus reads a value that is not a number in any case, and prom-client writes it as Nan.
const linePattern = new RegExp(
  String.raw`^([a-zA-Z_:][\w:]*)(?:\{((?:${label.replaceAll("(", "(?:").replaceAll("(?:?:", "(?:")},?)*)\})? (-?[\d.]+(?:e[+-]?\d+)?|[+-]?Inf|Na[nN])$`,
);
