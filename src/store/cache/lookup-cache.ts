import type { Entity } from "../record.ts";
import type { Store } from "../store.ts";
import { type CacheCount, countRead } from "./cache-counts.ts";
import { deepFreeze } from "./deep-freeze.ts";
import { LruCache } from "./lru-cache.ts";
import type { WrittenRecords } from "./written-records.ts";

/**
 * Caches the records that `Store.lookup` finds by a globally unique key, because every request looks up a token, and most
 * requests use few tokens.
 */
export class LookupCache {
  readonly #recordsMax: number;
  readonly #count: CacheCount | undefined;
  /** By collection, then by key and values. */
  readonly #collections = new Map<string, LruCache<string, Entity>>();
  #writes = 0;

  /**
   * @param recordsMax the most records of each collection
   * @param count counts each lookup; absent: nothing is counted
   */
  constructor(recordsMax: number, count?: CacheCount) {
    this.#recordsMax = recordsMax;
    this.#count = count;
  }

  /**
   * Decorates `Store.lookup`.
   * @param assertAvailable throws what a lookup would throw without the cache
   * @returns a function whose records are frozen, because all callers share them
   */
  decorate(lookup: Store["lookup"], assertAvailable: () => void): Store["lookup"] {
    return async <T extends Entity>(
      definition: Parameters<typeof lookup<T>>[0],
      key: string,
      values: readonly string[],
    ) => {
      const cacheKey = `${key} ${values.join(" ")}`;
      const records = this.#recordsOf(definition.name);
      const cached = records.get(cacheKey);
      countRead(this.#count, cached !== undefined);
      if (cached) {
        assertAvailable();
        return cached as T;
      }
      const writesBefore = this.#writes;
      const record = await lookup(definition, key, values);
      if (record && writesBefore === this.#writes) records.set(cacheKey, deepFreeze(record));
      return record;
    };
  }

  /** Drops what a write could make wrong. Call this before the write can be read. */
  invalidate(written: WrittenRecords | undefined): void {
    this.#writes++;
    if (!written) this.#collections.clear();
    for (const [, collection] of written ?? []) this.#collections.get(collection)?.clear();
  }

  #recordsOf(collection: string): LruCache<string, Entity> {
    let records = this.#collections.get(collection);
    if (!records) {
      records = new LruCache(this.#recordsMax);
      this.#collections.set(collection, records);
    }
    return records;
  }
}
