import { type CryptoKey, createLocalJWKSet, errors, type JWK, type JWSHeaderParameters } from "jose";
import { z } from "zod";
import { AppError } from "../../../errors.ts";
import { fetchJson } from "../../outbound/fetch-json.ts";
import type { GuardedHttp } from "../../outbound/guarded-http.ts";

/** How long fetched keys are used without another fetch. */
const cacheMaxAgeMs = 600_000;
/** The shortest time between two fetches for an unknown key or from an unavailable identity provider. */
const cooldownMs = 30_000;

/** The last fetched keys of one organization's identity provider. */
interface CachedJwks {
  readonly uri: string;
  keys?: { readonly resolve: ReturnType<typeof createLocalJWKSet>; readonly fetchedAt: number };
  attemptedAt?: number;
  pendingFetch?: Promise<void>;
}

/** Fetches the identity providers' public keys (RFC 7517) on demand and caches them for ten minutes. */
export class JwksCache {
  readonly #http: Pick<GuardedHttp, "send">;
  readonly #now: () => number;
  /** By organization, so that no organization can use another's keys or exhaust its cooldown. */
  readonly #entries = new Map<string, CachedJwks>();

  /**
   * @param http checks the addresses that keys are fetched from
   * @param now a monotonic clock in milliseconds, which no change of the system time affects
   */
  constructor(http: Pick<GuardedHttp, "send">, now: () => number = () => performance.now()) {
    this.#http = http;
    this.#now = now;
  }

  /**
   * Returns the key that the header of a JWT names by `kid`. An unknown `kid` may be a new key, so the keys are fetched
   * again, at most once per cooldown.
   * @param uri the URL of the organization's JWKS
   * @throws AppError unavailable, with the same message for every cause, if the keys cannot be fetched; JOSEError if no
   *   key, or more than one, matches
   */
  async findKey(organizationId: string, uri: string, header: JWSHeaderParameters): Promise<CryptoKey> {
    const entry = this.#entryFor(organizationId, uri);
    if (!entry.keys || this.#now() - entry.keys.fetchedAt >= cacheMaxAgeMs) await this.#refresh(entry);
    try {
      return await selectKey(entry, header);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || this.#isCoolingDown(entry)) throw error;
      await this.#refresh(entry);
      return selectKey(entry, header);
    }
  }

  /** A changed URL replaces the cached keys, so that the new keys are fetched at once. */
  #entryFor(organizationId: string, uri: string): CachedJwks {
    const existing = this.#entries.get(organizationId);
    if (existing?.uri === uri) return existing;
    const entry: CachedJwks = { uri };
    this.#entries.set(organizationId, entry);
    return entry;
  }

  #isCoolingDown({ attemptedAt, pendingFetch }: CachedJwks): boolean {
    return !pendingFetch && attemptedAt !== undefined && this.#now() - attemptedAt < cooldownMs;
  }

  /** Concurrent callers share one fetch (singleflight). */
  async #refresh(entry: CachedJwks): Promise<void> {
    if (this.#isCoolingDown(entry)) throw jwksUnavailable(new Error("the last fetch failed less than 30 seconds ago"));
    entry.pendingFetch ??= this.#fetch(entry).finally(() => {
      delete entry.pendingFetch;
    });
    await entry.pendingFetch;
  }

  async #fetch(entry: CachedJwks): Promise<void> {
    entry.attemptedAt = this.#now();
    try {
      entry.keys = {
        resolve: createLocalJWKSet(parseJwks(await fetchJson(this.#http, entry.uri))),
        fetchedAt: this.#now(),
      };
    } catch (cause) {
      throw jwksUnavailable(cause);
    }
  }
}

async function selectKey({ keys }: CachedJwks, header: JWSHeaderParameters): Promise<CryptoKey> {
  if (!keys) throw jwksUnavailable(new Error("no keys have been fetched"));
  const { alg, kid } = header;
  return keys.resolve({ alg: String(alg), ...(kid !== undefined && { kid }) });
}

const keysMax = 100;
const shortString = z.string().max(4096);

/** The fields of a JWK that verify a signature. Private fields and certificates are dropped. */
const publicKey = z.object({
  kty: z.enum(["RSA", "EC", "OKP"]),
  kid: shortString.optional(),
  alg: shortString.optional(),
  use: shortString.optional(),
  key_ops: z.array(shortString).max(10).optional(),
  n: shortString.optional(),
  e: shortString.optional(),
  crv: shortString.optional(),
  x: shortString.optional(),
  y: shortString.optional(),
});

/** Parses a JWKS. Keys that are not understood are ignored (RFC 7517 section 5). */
function parseJwks(document: unknown): { keys: JWK[] } {
  const { keys } = z.object({ keys: z.array(z.unknown()).max(keysMax) }).parse(document);
  return {
    keys: keys.flatMap((each) => {
      const { success, data } = publicKey.safeParse(each);
      return success ? [data as JWK] : [];
    }),
  };
}

const jwksUnavailable = (cause: unknown): AppError =>
  new AppError(
    "unavailable",
    "The identity provider's keys cannot be read at the moment.",
    { retryAfterSeconds: cooldownMs / 1000 },
    cause,
  );
