import { setTimeout as delay } from "node:timers/promises";
import { Gauge, type Registry } from "prom-client";
import { type CacheCounts, createCacheCounts } from "../store/cache/cache-counts.ts";
import type { StoreErrorCode, StoreObserver, StoreOperation } from "../store/measured-store.ts";
import type { Store } from "../store/store.ts";
import { DurationHistogram, type DurationSeries } from "./duration-histogram.ts";
import { pullCounter, pullGauge } from "./pulled.ts";

/** The engines of the store, as metrics name them. */
export type EngineName = "sqlite" | "mongodb";

/** In seconds: from a record in memory to the time limits of the store. */
const buckets = [0.0001, 0.0005, 0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10];
/** A store that does not respond for this time is down, in milliseconds. */
const pingMsMax = 2000;

/** The metrics of the store: what its operations cost, its errors, its transactions and its caches. */
export class StoreMetrics {
  readonly observer: StoreObserver;
  readonly caches: CacheCounts = createCacheCounts();
  readonly #registry: Registry;
  readonly #engine: EngineName;

  constructor(registry: Registry, engine: EngineName) {
    this.#registry = registry;
    this.#engine = engine;
    this.observer = this.#createObserver();
    pullCounter(registry, {
      name: "gatehouse_cache_reads_total",
      help: "Reads of the caches of stored data, by result.",
      labelNames: ["cache", "result"],
      read: () =>
        Object.entries(this.caches).flatMap(([cache, { hits, misses }]) => [
          { labels: { cache, result: "hit" }, value: hits },
          { labels: { cache, result: "miss" }, value: misses },
        ]),
    });
  }

  /** Reports whether the store responds, by a request to it at each scrape. */
  watch(store: Pick<Store, "ping">): void {
    const engine = this.#engine;
    new Gauge({
      name: "gatehouse_store_up",
      help: "1 if the store responds, 0 if it does not.",
      ...{ labelNames: ["engine"], registers: [this.#registry] },
      async collect() {
        this.set({ engine }, (await isResponding(store)) ? 1 : 0);
      },
    });
  }

  #createObserver(): StoreObserver {
    const registry = this.#registry;
    const engine = this.#engine;
    const time = new DurationHistogram(registry, {
      name: "gatehouse_store_operation_duration_seconds",
      help: "Time of operations of the storage engine, below the caches.",
      buckets,
    });
    const series = new Map<StoreOperation, DurationSeries>();
    const errors: Record<StoreErrorCode, number> = { unavailable: 0, "query-too-expensive": 0 };
    let retries = 0;
    let waiting = 0;
    pullCounter(registry, {
      name: "gatehouse_store_errors_total",
      help: "Operations that the storage engine could not do, by error code.",
      labelNames: ["engine", "code"],
      read: () => Object.entries(errors).map(([code, value]) => ({ labels: { engine, code }, value })),
    });
    pullCounter(registry, {
      name: "gatehouse_store_transaction_retries_total",
      help: "Bodies of transactions that ran again, such as after a write conflict.",
      labelNames: ["engine"],
      read: () => [{ labels: { engine }, value: retries }],
    });
    pullGauge(registry, {
      name: "gatehouse_store_waiting_transactions",
      help: "Transactions whose body has not started. On SQLite, the queue of the only writer.",
      labelNames: ["engine"],
      read: () => [{ labels: { engine }, value: waiting }],
    });
    return {
      recordTime: (operation, seconds) => {
        let ofOperation = series.get(operation);
        if (!ofOperation) {
          ofOperation = time.createSeries({ engine, operation });
          series.set(operation, ofOperation);
        }
        ofOperation.observe(seconds);
      },
      recordError: (code) => {
        errors[code]++;
      },
      recordRetry: () => {
        retries++;
      },
      addWaiting: (change) => {
        waiting += change;
      },
    };
  }
}

async function isResponding(store: Pick<Store, "ping">): Promise<boolean> {
  const timer = new AbortController();
  try {
    const pong = store.ping().then(() => true);
    pong.catch(() => {}); // it may fail after the time limit
    return await Promise.race([pong, delay(pingMsMax, false, { signal: timer.signal })]);
  } catch {
    return false;
  } finally {
    timer.abort();
  }
}
