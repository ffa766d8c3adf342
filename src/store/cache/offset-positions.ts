import type { Page, Position, Query } from "../query.ts";
import type { Entity } from "../record.ts";
import type { Reader } from "../store.ts";
import { type CacheCount, countRead } from "./cache-counts.ts";
import { LruCache } from "./lru-cache.ts";
import type { WrittenRecords } from "./written-records.ts";

/** Collections (one per organization) with cached positions. */
const collectionsMax = 100;
const positionsPerCollectionMax = 32;
/** Longest cache key, in characters. Positions of queries with a longer one are not cached. */
const cacheKeyLengthMax = 2000;

/**
 * Caches the last record of each page that was read by offset, so that the next page continues from there. Without it,
 * reading a list page by page would skip all earlier records again for every page. Writes of this process invalidate the
 * positions that they could make wrong, so offsets stay exact. If other processes write too, a position is used only while
 * the number of matches is what it was when it was cached, and only for a short time.
 */
export class OffsetPositionCache {
  readonly #collections = new LruCache<string, CollectionPositions>(collectionsMax);
  readonly #ttlMs: number;
  readonly #hasOtherWriters: boolean;
  readonly #count: CacheCount | undefined;

  /**
   * @param ttlMs lifetime of a position, in milliseconds
   * @param count counts each page that begins at an offset; absent: nothing is counted
   */
  constructor(ttlMs: number, hasOtherWriters: boolean, count?: CacheCount) {
    this.#count = count;
    this.#ttlMs = ttlMs;
    this.#hasOtherWriters = hasOtherWriters;
  }

  /** Decorates the `list` of a collection. */
  decorate<T extends Entity>(reader: Reader<T>, collection: string, organizationId: string): Reader<T>["list"] {
    return async (query) => {
      if (query.after) return reader.list(query);
      const positions = this.forCollection(collection, organizationId);
      const page = await this.#readPage(reader, query, positions);
      const { end, ...rest } = page;
      if (!end) return page;
      positions.set({ ...query, limit: page.items.length }, end, page.total);
      return query.end ? page : rest;
    };
  }

  /** @returns a page with its end, if that can be cached */
  async #readPage<T extends Entity>(reader: Reader<T>, query: Query, positions: CollectionPositions): Promise<Page<T>> {
    const cached = this.#hasOtherWriters && !query.total ? undefined : positions.find(query);
    if (query.offset) countRead(this.#count, cached !== undefined);
    if (!cached) return reader.list({ ...query, end: true });
    const { offset: _, ...rest } = query;
    const continued: Query = { ...rest, after: cached.position, end: true };
    if (!this.#hasOtherWriters) return reader.list(continued);
    const [total, page] = await Promise.all([reader.count(query.where), reader.list({ ...continued, total: false })]);
    return total === cached.total ? { ...page, total } : reader.list({ ...query, end: true });
  }

  /**
   * Returns the positions of a collection in its current state. Call this before reading a page: positions that are set
   * on an object obtained before a write are discarded.
   */
  forCollection(collection: string, organizationId: string): CollectionPositions {
    const key = collectionKey(collection, organizationId);
    let positions = this.#collections.get(key);
    if (!positions) {
      positions = new CollectionPositions(this.#ttlMs);
      this.#collections.set(key, positions);
    }
    return positions;
  }

  /** Drops the positions that a write could make wrong. Call this before the write is acknowledged. */
  invalidate(written: WrittenRecords | undefined): void {
    if (!written) this.#collections.clear();
    for (const [organizationId, collection, { lowestId }] of written ?? []) {
      const key = collectionKey(collection, organizationId);
      const positions = this.#collections.get(key);
      if (positions) this.#collections.set(key, positions.retainUnaffected(lowestId));
    }
  }
}

/** The last record before an offset. */
export interface OffsetPosition {
  readonly position: Position;
  /** The number of matches when the position was cached, if it was known. */
  readonly total?: number;
}

interface PositionEntry extends OffsetPosition {
  readonly expiresAtMs: number;
  readonly isUnfilteredById: boolean;
}

/** The cached positions of one collection of one organization. */
class CollectionPositions {
  readonly #ttlMs: number;
  /** By query and offset. */
  readonly #entries = new LruCache<string, PositionEntry>(positionsPerCollectionMax);

  constructor(ttlMs: number) {
    this.#ttlMs = ttlMs;
  }

  /** Returns the position at which the page of a query begins; undefined if it is not cached. */
  find(query: Query): OffsetPosition | undefined {
    if (!query.offset) return undefined;
    const entry = this.#entries.get(cacheKey(query, query.offset));
    return entry && entry.expiresAtMs > Date.now() ? entry : undefined;
  }

  /**
   * Caches the end of a page.
   * @param position the last record of the page that the query returned
   * @param total the number of matches at that time, if known
   */
  set(query: Query, position: Position, total?: number): void {
    const key = cacheKey(query, (query.offset ?? 0) + query.limit);
    if (key.length > cacheKeyLengthMax) return;
    this.#entries.set(key, {
      position,
      ...(total !== undefined && { total }),
      expiresAtMs: Date.now() + this.#ttlMs,
      isUnfilteredById: isUnfilteredById(query),
    });
  }

  /**
   * Returns the positions that are still valid after a write.
   * @param lowestId the lowest id that was inserted or removed. In an unfiltered list by id, records before it do not move
   */
  retainUnaffected(lowestId: string | undefined): CollectionPositions {
    const retained = new CollectionPositions(this.#ttlMs);
    for (const [key, entry] of this.#entries.entries()) {
      if (entry.isUnfilteredById && (lowestId === undefined || entry.position.id < lowestId))
        retained.#entries.set(key, entry);
    }
    return retained;
  }
}

const collectionKey = (collection: string, organizationId: string): string => `${collection} ${organizationId}`;

const cacheKey = ({ where, sort }: Query, offset: number): string => JSON.stringify([offset, sort, where]);

/** Returns whether a query lists all records by ascending id, which is the order of creation. */
const isUnfilteredById = ({ where, sort }: Query): boolean =>
  where === undefined && (sort === undefined || (sort.path === "id" && sort.direction === "ascending"));
