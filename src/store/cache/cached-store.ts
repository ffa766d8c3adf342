import type { StoreEngine } from "../engine.ts";
import { createGroupLists } from "../group-lists.ts";
import type { Entity } from "../record.ts";
import type { CollectionDefinition, Reader, ReadTenant, Store } from "../store.ts";
import type { CacheCounts } from "./cache-counts.ts";
import { type CachePolicy, cachePolicyOf } from "./cache-policy.ts";
import { GroupCache } from "./group-cache.ts";
import { LookupCache } from "./lookup-cache.ts";
import { OffsetPositionCache } from "./offset-positions.ts";
import { WholeListCache } from "./whole-list-cache.ts";

/** The most organizations of which the whole list of a collection is cached. */
const wholeListsMax = 1000;

/**
 * Decorates an engine with caches. Every result is what the engine would return: one message per transaction, with what it
 * has written, invalidates the caches before anybody can read the write. Transactions read from the engine only.
 * @param policy what to cache; by default, all that the engine allows
 * @param counts receives the hits and misses; absent: nothing is counted
 */
export function withCaches(
  engine: StoreEngine,
  policy: CachePolicy = cachePolicyOf(engine),
  counts?: CacheCounts,
): Store {
  const { hasOtherWriters } = engine;
  const { lookupsMax, groups, offsetPositionTtlMs, wholeLists } = policy;
  const lookups = lookupsMax === undefined ? undefined : new LookupCache(lookupsMax, counts?.lookups);
  const groupCache = groups && new GroupCache(groups, counts?.groups);
  const positions = new OffsetPositionCache(offsetPositionTtlMs, hasOtherWriters, counts?.["offset-positions"]);
  const lists = new WholeListCache(wholeListsMax, hasOtherWriters, counts?.["whole-lists"]);
  engine.onWrite((written) => {
    lookups?.invalidate(written);
    groupCache?.invalidate(written);
    positions.invalidate(written);
    lists.invalidate(written, wholeLists);
  });

  const decorateReader = <T extends Entity>(
    reader: Reader<T>,
    { name }: CollectionDefinition<Entity>,
    organizationId: string,
  ): Reader<T> => ({
    get: reader.get,
    list: (wholeLists.has(name) ? lists : positions).decorate(reader, name, organizationId),
    count: reader.count,
  });
  return {
    for: (organizationId): ReadTenant => {
      const tenant = engine.for(organizationId);
      return {
        organizationId,
        open: (definition) => decorateReader(tenant.open(definition), definition, organizationId),
        openRaw: (definition) => decorateReader(tenant.openRaw(definition), definition, organizationId),
        openEnvelopes: tenant.openEnvelopes,
        memberships: tenant.memberships,
        groupLists: groupCache ? createGroupLists(tenant, groupCache) : tenant.groupLists,
      };
    },
    lookup: lookups ? lookups.decorate(engine.lookup, engine.assertAvailable) : engine.lookup,
    transaction: engine.transaction,
    snapshot: engine.snapshot,
    backup: engine.backup,
    ping: engine.ping,
    close: engine.close,
  };
}
