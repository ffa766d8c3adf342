/** The caches of stored data, as metrics name them. */
export type CacheName = "lookups" | "groups" | "offset-positions" | "whole-lists";

/** How often a cache had what was requested, and how often it had not. The cache adds to the numbers. */
export interface CacheCount {
  hits: number;
  misses: number;
}

export type CacheCounts = Readonly<Record<CacheName, CacheCount>>;

/** Creates the counts of all caches. */
export const createCacheCounts = (): CacheCounts => ({
  lookups: { hits: 0, misses: 0 },
  groups: { hits: 0, misses: 0 },
  "offset-positions": { hits: 0, misses: 0 },
  "whole-lists": { hits: 0, misses: 0 },
});

/**
 * Counts a read of a cache.
 * @param count undefined: nothing is counted
 */
export function countRead(count: CacheCount | undefined, isHit: boolean): void {
  if (!count) return;
  if (isHit) count.hits++;
  else count.misses++;
}
