import { collections } from "../collections.ts";
import type { GroupCacheLimits } from "./group-cache.ts";

/** What is cached for an engine. The engines differ in nothing else. */
export interface CachePolicy {
  /** The most records that were found by a globally unique key; absent: they are not cached. */
  readonly lookupsMax?: number;
  /** Absent: groups are not cached. */
  readonly groups?: GroupCacheLimits;
  /** The lifetime of the end position of a page, in milliseconds. */
  readonly offsetPositionTtlMs: number;
  /** Collections whose whole list is cached, for 1,000 organizations at most. */
  readonly wholeLists: ReadonlySet<string>;
}

const wholeLists = new Set(collections.filter(({ isListedWhole }) => isListedWhole).map(({ name }) => name));

/**
 * For an engine that reports every write to its data: a write invalidates what it changes before any reader can see it, so
 * that everything can be cached.
 */
const exclusive: CachePolicy = {
  lookupsMax: 10_000, // more than the tokens in daily use
  groups: { groupsMax: 50_000, listedGroupsMax: 100_000, usersMax: 100_000 },
  offsetPositionTtlMs: Number.POSITIVE_INFINITY,
  wholeLists,
};

/**
 * For an engine that other processes write to: a record is cached only if a read confirms it. Tokens and groups are read
 * for each request, because the next request must see a change of another replica.
 */
const shared: CachePolicy = { offsetPositionTtlMs: 60_000, wholeLists };

/** Returns the policy of an engine. @param engine.hasOtherWriters whether other processes write to the same data */
export const cachePolicyOf = ({ hasOtherWriters }: { readonly hasOtherWriters: boolean }): CachePolicy =>
  hasOtherWriters ? shared : exclusive;
