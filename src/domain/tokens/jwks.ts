import { type CryptoKey, createLocalJWKSet, errors, type JWK, type JWSHeaderParameters } from "jose";
import { z } from "zod";
import { AppError } from "../../errors.ts";
import { fetchJson, type Reach } from "./jwks-fetch.ts";

/** For so long keys are taken for the identity provider's without asking again. */
const freshMs = 600_000;
/** A key that is not there, or an identity provider that does not answer, is not asked for again before this. */
const coolDownMs = 30_000;

/** The keys of one organisation's identity provider, as they were last read. */
interface Held {
  readonly uri: string;
  keys?: { readonly find: ReturnType<typeof createLocalJWKSet>; readonly readAt: number };
  triedAt?: number;
  reading?: Promise<void>;
}

/** The identity providers' public keys (RFC 7517), read when they are needed and kept for a while. */
export class Jwks {
  readonly #reach: Reach;
  readonly #now: () => number;
  /** By organisation: no organisation sees, or wears out, the keys of another. */
  readonly #held = new Map<string, Held>();

  /** @param now the time in milliseconds */
  constructor(reach: Reach, now: () => number = Date.now) {
    this.#reach = reach;
    this.#now = now;
  }

  /**
   * The key that the header of a JWT names by `kid` among those at an address. An unknown `kid` may be a new key, so
   * the keys are read again for it, though not at any stranger's pace.
   * @throws AppError unavailable, alike for every cause, when the keys cannot be read; JOSEError when there is no key,
   *   or more than one
   */
  async keyOf(organizationId: string, uri: string, header: JWSHeaderParameters): Promise<CryptoKey> {
    const held = this.#heldFor(organizationId, uri);
    if (!held.keys || this.#now() - held.keys.readAt >= freshMs) await this.#read(held);
    try {
      return await find(held, header);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || this.#isCoolingDown(held)) throw error;
      await this.#read(held);
      return find(held, header);
    }
  }

  /** Another address is asked at once, and what the one before said is forgotten. */
  #heldFor(organizationId: string, uri: string): Held {
    const known = this.#held.get(organizationId);
    if (known?.uri === uri) return known;
    const held: Held = { uri };
    this.#held.set(organizationId, held);
    return held;
  }

  #isCoolingDown({ triedAt, reading }: Held): boolean {
    return !reading && triedAt !== undefined && this.#now() - triedAt < coolDownMs;
  }

  /** Those who ask at the same time share one request. */
  async #read(held: Held): Promise<void> {
    if (this.#isCoolingDown(held)) throw unreadable(new Error("it could not be read a moment ago"));
    held.reading ??= this.#fetch(held).finally(() => {
      delete held.reading;
    });
    await held.reading;
  }

  async #fetch(held: Held): Promise<void> {
    held.triedAt = this.#now();
    try {
      held.keys = { find: createLocalJWKSet(readSet(await fetchJson(held.uri, this.#reach))), readAt: this.#now() };
    } catch (cause) {
      throw unreadable(cause);
    }
  }
}

async function find({ keys }: Held, header: JWSHeaderParameters): Promise<CryptoKey> {
  if (!keys) throw unreadable(new Error("nothing has been read"));
  const { alg, kid } = header;
  return keys.find({ alg: String(alg), ...(kid !== undefined && { kid }) });
}

const keysMax = 100;
const text = z.string().max(4096);

/** What of a public key verifies a signature; private parts and certificates are left behind. */
const publicKey = z.object({
  kty: z.enum(["RSA", "EC", "OKP"]),
  kid: text.optional(),
  alg: text.optional(),
  use: text.optional(),
  key_ops: z.array(text).max(10).optional(),
  n: text.optional(),
  e: text.optional(),
  crv: text.optional(),
  x: text.optional(),
  y: text.optional(),
});

/** RFC 7517 section 5: keys that are not understood are passed over, and spoil no others. */
function readSet(document: unknown): { keys: JWK[] } {
  const { keys } = z.object({ keys: z.array(z.unknown()).max(keysMax) }).parse(document);
  return {
    keys: keys.flatMap((each) => {
      const { success, data } = publicKey.safeParse(each);
      return success ? [data as JWK] : [];
    }),
  };
}

const unreadable = (cause: unknown): AppError =>
  new AppError(
    "unavailable",
    "The identity provider's keys cannot be read at the moment.",
    { retryAfterSeconds: coolDownMs / 1000 },
    cause,
  );
