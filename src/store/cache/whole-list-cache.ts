import { isWholeList, type Page } from "../query.ts";
import type { Entity } from "../record.ts";
import type { Reader } from "../store.ts";
import { type CacheCount, countRead } from "./cache-counts.ts";
import { LruCache } from "./lru-cache.ts";
import type { WrittenRecords } from "./written-records.ts";

/**
 * Caches the list of all records of a small collection of an organization. As long as no record changes, every call
 * returns the same array, so that what was derived from it stays valid.
 */
export class WholeListCache {
  readonly #pages: LruCache<string, Page<Entity>>;
  readonly #isConfirmed: boolean;
  readonly #count: CacheCount | undefined;
  #writes = 0;

  /**
   * @param listsMax the most lists
   * @param isConfirmed whether each call reads the list to confirm the cached one, because other processes write too
   * @param count counts each call; absent: nothing is counted
   */
  constructor(listsMax: number, isConfirmed: boolean, count?: CacheCount) {
    this.#count = count;
    this.#pages = new LruCache(listsMax);
    this.#isConfirmed = isConfirmed;
  }

  /** Decorates the `list` of a collection. Queries with a condition, an order or an offset are not cached. */
  decorate<T extends Entity>(reader: Reader<T>, collection: string, organizationId: string): Reader<T>["list"] {
    return async (query) => {
      if (!isWholeList(query)) return reader.list(query);
      const key = `${collection} ${organizationId} ${query.limit}`;
      const cached = this.#pages.get(key) as Page<T> | undefined;
      countRead(this.#count, cached !== undefined);
      if (cached && !this.#isConfirmed) return cached;
      const writesBefore = this.#writes;
      const page = await reader.list(query);
      if (cached && isSameList(cached.items, page.items)) return cached;
      if (writesBefore === this.#writes) this.#pages.set(key, page);
      return page;
    };
  }

  /**
   * Drops what a write could make wrong. Call this before the write can be read.
   * @param collections the names of the decorated collections
   */
  invalidate(written: WrittenRecords | undefined, collections: ReadonlySet<string>): void {
    this.#writes++;
    if (written && ![...written].some(([, collection]) => collections.has(collection))) return;
    this.#pages.clear(); // such a collection is rarely written
  }
}

const isSameList = (one: readonly Entity[], other: readonly Entity[]): boolean =>
  one.length === other.length &&
  one.every(({ id, version }, at) => id === other[at]?.id && version === other[at]?.version);
