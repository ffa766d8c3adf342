import { LruCache } from "../store/cache/lru-cache.ts";

interface Counting<T> {
  readonly result: Promise<T>;
  /** Until when the result is used, in milliseconds; infinite while it is not complete, so that concurrent calls share it. */
  validUntil: number;
}

/** A result is used for this many times as long as the count took, so that counting takes one percent of the time. */
const durationFactor = 100;
/** How long a result is used at most, in milliseconds. */
const ageMaxMs = 60_000;
const organizationsMax = 1000;

/**
 * Numbers of records that no index counts, for pages that show them. Of a small organization they are as good as new, and
 * of a large one they are at most a minute old.
 */
export class CountCache<T> {
  readonly #count: (organizationId: string) => Promise<T>;
  readonly #now: () => number;
  readonly #countings = new LruCache<string, Counting<T>>(organizationsMax);

  /** @param now a clock in milliseconds */
  constructor(count: (organizationId: string) => Promise<T>, now: () => number = () => performance.now()) {
    this.#count = count;
    this.#now = now;
  }

  /** @throws the error of the count, which is not kept */
  read(organizationId: string): Promise<T> {
    const cached = this.#countings.get(organizationId);
    if (cached && this.#now() < cached.validUntil) return cached.result;
    const startedAt = this.#now();
    const result = this.#count(organizationId);
    const counting: Counting<T> = { result, validUntil: Number.POSITIVE_INFINITY };
    this.#countings.set(organizationId, counting);
    result.then(
      () => {
        const endedAt = this.#now();
        counting.validUntil = endedAt + Math.min(ageMaxMs, (endedAt - startedAt) * durationFactor);
      },
      () => {
        counting.validUntil = Number.NEGATIVE_INFINITY;
      },
    );
    return result;
  }
}
