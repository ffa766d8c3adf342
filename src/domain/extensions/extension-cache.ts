import type { ScimExtension } from "../../../schemas/scim-extension.ts";
import { LruCache } from "../../store/cache/lru-cache.ts";
import type { Store } from "../../store/store.ts";

const organizationsMax = 1000;

/**
 * Caches the extension schemas of organizations. With a store that reports its writes, a cached list is current: a write
 * of a schema removes it before any reader can see the write. With a store that other processes write to, each call reads
 * the list, and gets the cached array again if nothing changed, so that what was derived from it stays valid.
 */
export class ExtensionCache {
  readonly #read: (organizationId: string) => Promise<readonly ScimExtension[]>;
  readonly #lists = new LruCache<string, readonly ScimExtension[]>(organizationsMax);
  readonly #isCurrent: boolean;
  #invalidations = 0;

  /** @param read reads the list of an organization from the store */
  constructor(store: Store, read: (organizationId: string) => Promise<readonly ScimExtension[]>) {
    this.#read = read;
    this.#isCurrent = store.onWrite !== undefined;
    store.onWrite?.((organizationId, ids) => {
      if (organizationId === undefined) this.#lists.clear();
      else if (![...ids].some((id) => id.startsWith("ext_"))) return;
      else this.#lists.delete(organizationId);
      this.#invalidations++;
    });
  }

  async get(organizationId: string): Promise<readonly ScimExtension[]> {
    const cached = this.#lists.get(organizationId);
    if (cached && this.#isCurrent) return cached;
    const invalidationsBefore = this.#invalidations;
    const list = await this.#read(organizationId);
    if (cached && isSameList(cached, list)) return cached;
    if (invalidationsBefore === this.#invalidations) this.#lists.set(organizationId, list);
    return list;
  }
}

function isSameList(one: readonly ScimExtension[], other: readonly ScimExtension[]): boolean {
  return (
    one.length === other.length &&
    one.every(({ id, version }, at) => id === other[at]?.id && version === other[at]?.version)
  );
}
