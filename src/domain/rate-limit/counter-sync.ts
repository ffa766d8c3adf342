import { type CountedWindow, type ReplicaRateCounts, rateCounts, serviceTenant } from "../../store/collections.ts";
import type { Store, Transaction } from "../../store/store.ts";
import { newEntity } from "../entity.ts";
import type { Flushable } from "../periodic-flush.ts";
import type { Quota, RateLimitWindow } from "./quota.ts";

/** A count is published once it reaches 5 % of its limit. Most keys never do and cost nothing. */
const publishThreshold = 1 / 20;
/** The most keys of one quota that a replica publishes; beyond it, the keys with the highest counts. */
const publishedKeysMax = 2000;
/** The most replica records that are read, including those of replicas that have stopped. */
const replicasMax = 1000;
/** How long a record is kept after its windows end. Longer than the clocks of replicas differ. */
const staleAfterMs = 60_000;

/**
 * Synchronizes rate-limit counters between replicas through the store: each replica writes its counts to one record and
 * reads the records of the others. A client can exceed a limit by the requests that other replicas accept between two
 * synchronizations, and by the counts below the publish threshold. If the store is unavailable, every replica continues
 * with the counts that it has.
 */
export class CounterSync implements Flushable {
  readonly #store: Store;
  readonly #quotas: readonly Quota[];
  readonly #now: () => number;
  /** The envelope of this replica's record. */
  readonly #ownEnvelope = newEntity("rat", serviceTenant);
  #lastPublished = "";
  #staleIds: readonly string[] = [];

  constructor(store: Store, quotas: readonly Quota[], now: () => number = Date.now) {
    this.#store = store;
    this.#quotas = quotas;
    this.#now = now;
  }

  /**
   * Publishes this replica's counts if they have changed, and reads the others' if this replica has counted anything.
   * @throws AppError unavailable
   */
  async flush(): Promise<void> {
    const activeQuotas = this.#quotas.filter((quota) => quota.window().counts.size > 0);
    if (activeQuotas.length === 0) return;
    await this.#publish(activeQuotas);
    await this.#readRemoteCounts();
  }

  async #publish(activeQuotas: readonly Quota[]): Promise<void> {
    const windows = activeQuotas.map(toCountedWindow).filter(({ counts }) => counts.length > 0);
    const serialized = JSON.stringify(windows);
    if (windows.length === 0 || serialized === this.#lastPublished) return;
    const windowEndsMs = windows.map(({ start, seconds }) => start + seconds * 1000);
    const record: ReplicaRateCounts = {
      ...this.#ownEnvelope,
      updatedAt: new Date(this.#now()).toISOString(),
      expiresAt: new Date(Math.max(...windowEndsMs)).toISOString(),
      windows,
    };
    await this.#store.transaction((tx) => this.#write(tx, record));
    this.#lastPublished = serialized;
    this.#staleIds = [];
  }

  async #write(tx: Transaction, record: ReplicaRateCounts): Promise<void> {
    const counts = tx.for(serviceTenant).open(rateCounts);
    // Another replica may have removed this record as stale.
    if (await counts.get(record.id)) await counts.replace(record, "any");
    else await counts.insert(record);
    for (const id of this.#staleIds) await counts.remove(id, "any");
  }

  async #readRemoteCounts(): Promise<void> {
    const { items } = await this.#store.for(serviceTenant).open(rateCounts).list({ limit: replicasMax });
    const remoteRecords = items.filter(({ id }) => id !== this.#ownEnvelope.id);
    for (const quota of this.#quotas) quota.mergeRemote(sumRemoteCounts(quota, remoteRecords));
    const cutoff = new Date(this.#now() - staleAfterMs).toISOString();
    this.#staleIds = remoteRecords.filter(({ expiresAt }) => expiresAt < cutoff).map(({ id }) => id);
  }
}

function toCountedWindow(quota: Quota): CountedWindow {
  const { start, counts } = quota.window();
  const { name, limit } = quota;
  const publishable = [...counts].filter(([, requests]) => requests >= limit.requests * publishThreshold);
  if (publishable.length > publishedKeysMax)
    publishable.sort(([, one], [, other]) => other - one).splice(publishedKeysMax);
  return {
    quota: name,
    seconds: limit.seconds,
    start,
    counts: publishable.map(([key, requests]) => ({ key, requests })),
  };
}

/** Adds up the counts of other replicas in the current window of a quota. */
function sumRemoteCounts(quota: Quota, remoteRecords: readonly ReplicaRateCounts[]): RateLimitWindow {
  const { start } = quota.window();
  const { name, limit } = quota;
  const counts = new Map<string, number>();
  for (const window of remoteRecords.flatMap(({ windows }) => windows)) {
    if (window.quota !== name || window.seconds !== limit.seconds || window.start !== start) continue;
    for (const { key, requests } of window.counts) counts.set(key, (counts.get(key) ?? 0) + requests);
  }
  return { start, counts };
}
