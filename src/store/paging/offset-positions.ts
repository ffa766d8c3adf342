import type { Position, Query } from "../query.ts";

/** Collections (one per organization) with cached positions. */
const collectionsMax = 100;
const positionsPerCollectionMax = 32;
/** Longest cache key, in characters. Positions of queries with a longer one are not cached. */
const cacheKeyLengthMax = 2000;

/**
 * Caches the last record of each page that was read by offset, so that the next page continues from there. Without it,
 * reading a list page by page would skip all earlier records again for every page. Writes of this process invalidate the
 * positions that they could make wrong, so offsets stay exact. Writes of other processes are not seen; a store that
 * several processes share therefore sets a short lifetime.
 */
export class OffsetPositionCache {
  readonly #collections = new Map<string, CollectionPositions>();
  readonly #ttlMs: number;
  readonly #collectionsMax: number;

  /**
   * @param ttlMs lifetime of a position, in milliseconds
   * @param isEnabled if false, no position outlives the read that creates it
   */
  constructor(ttlMs = Number.POSITIVE_INFINITY, isEnabled = true) {
    this.#ttlMs = ttlMs;
    this.#collectionsMax = isEnabled ? collectionsMax : 0;
  }

  /**
   * Returns the positions of a collection in its current state. Call this before reading a page: positions that are set
   * on an object obtained before a write are discarded.
   */
  forCollection(collection: string, organizationId: string): CollectionPositions {
    const key = collectionKey(collection, organizationId);
    const positions = this.#collections.get(key) ?? new CollectionPositions(this.#ttlMs);
    this.#collections.delete(key); // keeps the least recently used first
    this.#collections.set(key, positions);
    evictOldest(this.#collections, this.#collectionsMax);
    return positions;
  }

  /** Drops the positions that a write could make wrong. Call this before the write is acknowledged. */
  invalidate(changes: RecordChanges): void {
    for (const [key, lowestId] of changes.lowestIds) {
      const positions = this.#collections.get(key);
      if (positions) this.#collections.set(key, positions.retainUnaffected(lowestId));
    }
  }
}

/** The records that a transaction has written, by collection and organization. */
export class RecordChanges {
  /** By collection, the lowest id that was inserted or removed; undefined if records were only updated. */
  readonly lowestIds = new Map<string, string | undefined>();

  /** By organization, the ids of written records and of members with changed memberships. */
  readonly idsByOrganization = new Map<string, Set<string>>();

  /** Records the write of one record. */
  add(collection: string, organizationId: string, id: string, kind: "inserted-or-removed" | "updated"): void {
    this.addId(organizationId, id);
    const key = collectionKey(collection, organizationId);
    const previous = this.lowestIds.get(key);
    if (kind === "updated") this.lowestIds.set(key, previous);
    else this.lowestIds.set(key, previous !== undefined && previous < id ? previous : id);
  }

  /** Records the id of a written record, or of a member with changed memberships. */
  addId(organizationId: string, id: string): void {
    const changedIds = this.idsByOrganization.get(organizationId) ?? new Set();
    this.idsByOrganization.set(organizationId, changedIds.add(id));
  }
}

/** The last record before an offset. */
export interface OffsetPosition {
  readonly position: Position;
  /** The number of matches when the position was cached, if it was known. */
  readonly total?: number;
}

/** The cached positions of one collection of one organization. */
class CollectionPositions {
  readonly #ttlMs: number;
  /** By query and offset. */
  readonly #entries = new Map<
    string,
    OffsetPosition & { readonly expiresAtMs: number; readonly isUnfilteredById: boolean }
  >();

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
    this.#entries.delete(key);
    this.#entries.set(key, {
      position,
      ...(total !== undefined && { total }),
      expiresAtMs: Date.now() + this.#ttlMs,
      isUnfilteredById: isUnfilteredById(query),
    });
    evictOldest(this.#entries, positionsPerCollectionMax);
  }

  /**
   * Returns the positions that are still valid after a write.
   * @param lowestId the lowest id that was inserted or removed. In an unfiltered list by id, records before it do not move
   */
  retainUnaffected(lowestId: string | undefined): CollectionPositions {
    const retained = new CollectionPositions(this.#ttlMs);
    for (const [key, entry] of this.#entries) {
      if (entry.isUnfilteredById && (lowestId === undefined || entry.position.id < lowestId))
        retained.#entries.set(key, entry);
    }
    return retained;
  }
}

export type { CollectionPositions };

function evictOldest(map: Map<string, unknown>, max: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= max) return;
    map.delete(oldest);
  }
}

const collectionKey = (collection: string, organizationId: string): string => `${collection} ${organizationId}`;

const cacheKey = ({ where, sort }: Query, offset: number): string => JSON.stringify([offset, sort, where]);

/** Returns whether a query lists all records by ascending id, which is the order of creation. */
const isUnfilteredById = ({ where, sort }: Query): boolean =>
  where === undefined && (sort === undefined || (sort.path === "id" && sort.direction === "ascending"));
