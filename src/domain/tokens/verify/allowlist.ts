import type { Token } from "../../../../schemas/token.ts";
import { AppError } from "../../../errors.ts";
import { LruCache } from "../../../store/cache/lru-cache.ts";
import { containsRange, formatIpRange, IpRangeSet, parseIpRange } from "../../ip-range.ts";

/** The most parsed allowlists in the LRU cache. */
const cachedListsMax = 1000;

/** Checks addresses against the allowlists of tokens. An allowlist is parsed once per version of its token. */
export class AllowlistCache {
  readonly #cache: LruCache<string, IpRangeSet>;

  /** @param isEnabled if false, a list is parsed each time */
  constructor(isEnabled = true) {
    this.#cache = new LruCache(isEnabled ? cachedListsMax : 0);
  }

  /**
   * Whether a token can be used from an address. A token without an allowlist can be used from every address.
   * @param address of the client; an invalid address is outside every allowlist
   */
  allows(token: Pick<Token, "id" | "version" | "allowedIps">, address: string): boolean {
    const { allowedIps = [] } = token;
    return allowedIps.length === 0 || this.#resolveList(token, allowedIps).has(address);
  }

  #resolveList({ id, version }: Pick<Token, "id" | "version">, allowedIps: readonly string[]): IpRangeSet {
    const key = `${id} ${version}`;
    const cached = this.#cache.get(key);
    if (cached) return cached;
    const list = new IpRangeSet(allowedIps);
    this.#cache.set(key, list);
    return list;
  }
}

const entriesMax = 64;

/**
 * Checks a list of addresses and CIDR ranges. Entries are never corrected silently, and no entry may allow all
 * addresses.
 * @throws AppError invalid-value naming the entry, with its corrected form if there is one
 */
export function assertAllowlist(allowedIps: readonly string[]): void {
  if (allowedIps.length > entriesMax)
    throw invalidField("allowedIps", `allowedIps must have ${entriesMax} entries or fewer. Combine them into ranges.`);
  const seen = new Set<string>();
  for (const [index, entry] of allowedIps.entries()) {
    const field = `allowedIps.${index}`;
    const range = parseIpRange(entry);
    if (typeof range === "string") throw invalidField(field, `${field}: ${range}`);
    const canonical = formatIpRange(range);
    if (seen.has(canonical)) throw invalidField(field, `${field}: ${JSON.stringify(entry)} is a duplicate. Remove it.`);
    seen.add(canonical);
  }
}

/**
 * Whether every address of one allowlist is in the other.
 * @param allowedIps empty: all addresses
 * @param bounds the outer allowlist
 */
export function isWithinAllowlist(allowedIps: readonly string[] = [], bounds: readonly string[]): boolean {
  const outer = bounds.map(parseIpRange);
  const isWithin = (entry: string): boolean => {
    const inner = parseIpRange(entry);
    return typeof inner !== "string" && outer.some((range) => typeof range !== "string" && containsRange(range, inner));
  };
  return allowedIps.length > 0 && allowedIps.every(isWithin);
}

const invalidField = (field: string, message: string): AppError => new AppError("invalid-value", message, { field });
