import { Counter, Gauge, type Registry } from "prom-client";

/** The value of one series and its labels. */
export interface Sample<Label extends string> {
  readonly labels: Readonly<Record<Label, string>>;
  readonly value: number;
}

/** A metric whose values are read when it is scraped, so that nothing is done for it in between. */
export interface PulledMetric<Label extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly Label[];
  /** Returns the current values. It must not throw. */
  readonly read: () => Iterable<Sample<Label>>;
}

/** Registers a counter that is kept elsewhere and only read here. */
export function pullCounter<Label extends string>(registry: Registry, metric: PulledMetric<Label>): void {
  const { name, help, labelNames, read } = metric;
  new Counter({
    ...{ name, help, labelNames: [...labelNames], registers: [registry] },
    collect() {
      this.reset();
      for (const { labels, value } of read()) this.inc(labels, value);
    },
  });
}

/** Registers a gauge that is read when it is scraped. Series that are no longer read disappear. */
export function pullGauge<Label extends string>(registry: Registry, metric: PulledMetric<Label>): void {
  const { name, help, labelNames, read } = metric;
  new Gauge({
    ...{ name, help, labelNames: [...labelNames], registers: [registry] },
    collect() {
      this.reset();
      for (const { labels, value } of read()) this.set(labels, value);
    },
  });
}
