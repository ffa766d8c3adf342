import type { Change, Store } from "../../store/collection.ts";
import { type CountedWindow, type RateCount, rateCounts, serviceTenant } from "../../store/collections.ts";
import type { Gathering } from "../background.ts";
import { newEntity } from "../entity.ts";
import type { Quota, Window } from "./quota.ts";

/** A count is told once it is this part of its limit. Most keys never are, and cost nothing. */
const toldFrom = 1 / 20;
/** Keys of one quota that are told; beyond them the most used are. */
const keysMax = 2000;
/** Replicas whose counts are read, those that have ended since among them. */
const replicasMax = 1000;
/** How long a record outlives its windows: longer than clocks differ. */
const sweptAfterMs = 60_000;

/**
 * Lets replicas know of each other's counts, through the store: each keeps one record with its own and reads the
 * others'. Beyond a limit goes only what the others take between two exchanges, and the part of it from which they
 * tell. A store that does not answer stops nobody: every replica goes on with what it knows.
 */
export class QuotaExchange implements Gathering {
  readonly #store: Store;
  readonly #quotas: readonly Quota[];
  readonly #now: () => number;
  /** This replica's record. */
  readonly #own = newEntity("rat", serviceTenant);
  #told = "";
  #ended: readonly string[] = [];
  #fails = false;

  constructor(store: Store, quotas: readonly Quota[], now: () => number = Date.now) {
    this.#store = store;
    this.#quotas = quotas;
    this.#now = now;
  }

  /** Writes nothing where nothing new was counted, and reads nothing where nothing was. An outage throws once. */
  async flush(): Promise<void> {
    const counted = this.#quotas.filter((quota) => quota.window().taken.size > 0);
    if (counted.length === 0) return;
    try {
      await this.#tell(counted);
      await this.#learn();
      this.#fails = false;
    } catch (error) {
      const isNew = !this.#fails;
      this.#fails = true;
      if (isNew) throw error;
    }
  }

  async #tell(counted: readonly Quota[]): Promise<void> {
    const windows = counted.map(told).filter(({ counts }) => counts.length > 0);
    const text = JSON.stringify(windows);
    if (windows.length === 0 || text === this.#told) return;
    const ends = windows.map(({ start, seconds }) => start + seconds * 1000);
    const record: RateCount = {
      ...this.#own,
      updatedAt: new Date(this.#now()).toISOString(),
      expiresAt: new Date(Math.max(...ends)).toISOString(),
      windows,
    };
    await this.#store.transaction((change) => this.#write(change, record));
    this.#told = text;
    this.#ended = [];
  }

  async #write(change: Change, record: RateCount): Promise<void> {
    const counts = change.for(serviceTenant).open(rateCounts);
    // Another replica may have swept it away meanwhile.
    if (await counts.get(record.id)) await counts.replace(record, "any");
    else await counts.insert(record);
    for (const id of this.#ended) await counts.remove(id, "any");
  }

  async #learn(): Promise<void> {
    const { items } = await this.#store.for(serviceTenant).open(rateCounts).list({ limit: replicasMax });
    const others = items.filter(({ id }) => id !== this.#own.id);
    for (const quota of this.#quotas) quota.learn(summed(quota, others));
    const before = new Date(this.#now() - sweptAfterMs).toISOString();
    this.#ended = others.filter(({ expiresAt }) => expiresAt < before).map(({ id }) => id);
  }
}

function told(quota: Quota): CountedWindow {
  const { start, taken } = quota.window();
  const { name, limit } = quota;
  const used = [...taken].filter(([, requests]) => requests >= limit.requests * toldFrom);
  if (used.length > keysMax) used.sort(([, one], [, other]) => other - one).splice(keysMax);
  return { quota: name, seconds: limit.seconds, start, counts: used.map(([key, requests]) => ({ key, requests })) };
}

/** What others have counted in the current window of a quota. */
function summed(quota: Quota, others: readonly RateCount[]): Window {
  const { start } = quota.window();
  const { name, limit } = quota;
  const taken = new Map<string, number>();
  for (const window of others.flatMap(({ windows }) => windows)) {
    if (window.quota !== name || window.seconds !== limit.seconds || window.start !== start) continue;
    for (const { key, requests } of window.counts) taken.set(key, (taken.get(key) ?? 0) + requests);
  }
  return { start, taken };
}
