import type { Token } from "../../../../schemas/token.ts";
import { AppError } from "../../../errors.ts";
import { legacyTokenMarkers, serviceTenant, tokens } from "../../../store/collections.ts";
import { pages } from "../../../store/paging/pages.ts";
import type { Store, Transaction } from "../../../store/store.ts";
import { newEntity } from "../../entity.ts";
import type { Flushable } from "../../periodic-flush.ts";
import { hashSecret, hasTokenFormat, type SecretSettings, visiblePrefix } from "../issue/format.ts";
import { toTokenStatus } from "../status.ts";

/** The secret of an imported token, as it is stored. */
export interface ImportedSecret {
  readonly hash: string;
  /** The first characters of the secret; empty if only its hash is known. */
  readonly prefix: string;
  readonly format?: NonNullable<Token["format"]>;
}

/** Shorter secrets could be guessed. */
const importedLengthMin = 16;
const importedLengthMax = 512;

/**
 * Parses the secret of a token to import, or its SHA-256.
 * @param value the secret; if `isHash`, its SHA-256 as 64 hexadecimal digits or 43 characters of base64 or base64url
 * @throws AppError invalid-value
 */
export function parseImportedSecret(value: string, isHash: boolean, settings: SecretSettings): ImportedSecret {
  const { prefix, pepper } = settings;
  if (isHash) {
    const isHex = /^[0-9a-f]{64}$/i.test(value);
    if (!isHex && !/^[\w-]{43}=?$/.test(value.replaceAll("+", "-").replaceAll("/", "_"))) {
      throw invalidSecret("The hash must be a SHA-256: 64 hexadecimal digits, or 43 characters of base64.");
    }
    const bytes = Buffer.from(value, isHex ? "hex" : "base64");
    return { hash: `s256:${bytes.toString("base64url")}`, prefix: "", format: "legacy" };
  }
  if (!/^[\x21-\x7e]+$/.test(value) || value.length < importedLengthMin || value.length > importedLengthMax) {
    throw invalidSecret(`The secret must have ${importedLengthMin} to ${importedLengthMax} visible ASCII characters.`);
  }
  const hash = hashSecret(value, pepper);
  if (hasTokenFormat(value, prefix)) return { hash, prefix: visiblePrefix(value) };
  // Of a short secret at most a quarter is shown.
  return { hash, prefix: visiblePrefix(value).slice(0, value.length / 4), format: "legacy" };
}

const invalidSecret = (message: string): AppError => new AppError("invalid-value", message);

/** Records that a token without checksum exists, so that all replicas look up such secrets from now on. */
export async function recordLegacyMarker(tx: Transaction, { id, organizationId }: Token): Promise<void> {
  const marker = { ...newEntity("leg", serviceTenant), targetOrganizationId: organizationId, tokenId: id };
  await tx.for(serviceTenant).open(legacyTokenMarkers).insert(marker);
}

/** Records the marker again if a change lets an expired token be valid, because its marker may be removed. */
export async function restoreLegacyMarker(tx: Transaction, token: Token, next: Token): Promise<void> {
  const now = Date.now();
  if (!needsMarker(token, now) && needsMarker(next, now)) await recordLegacyMarker(tx, next);
}

/**
 * Decides which strings are worth a lookup: those with a valid checksum, and others only while an active imported token
 * without checksum exists. A background task checks that, so a token that is imported while the service runs becomes
 * valid a few seconds later.
 */
export class TokenFormatGate implements Flushable {
  readonly #store: Store;
  readonly #prefix: string;
  #hasLegacyTokens = false;

  constructor(store: Store, { prefix }: Pick<SecretSettings, "prefix">) {
    this.#store = store;
    this.#prefix = prefix;
  }

  /** Whether the store may have a token with this secret. */
  canBeToken(value: string): boolean {
    return hasTokenFormat(value, this.#prefix) || (this.#hasLegacyTokens && value.length >= importedLengthMin);
  }

  /** Checks whether an active imported token exists, and removes the markers of those that have ended. */
  async flush(): Promise<void> {
    const { hasActive, endedMarkers } = await this.#readMarkers(Date.now());
    // Before the writes: tokens are valid also while the store rejects writes.
    this.#hasLegacyTokens = hasActive;
    for (const id of endedMarkers) {
      await this.#store.transaction(async (tx) => {
        await tx.for(serviceTenant).open(legacyTokenMarkers).remove(id, "any");
      });
    }
  }

  /** Reads markers up to the first one of an active token. */
  async #readMarkers(now: number): Promise<{ readonly hasActive: boolean; readonly endedMarkers: readonly string[] }> {
    const endedMarkers: string[] = [];
    for await (const page of pages(this.#store.for(serviceTenant).open(legacyTokenMarkers), { limit: 100 })) {
      for (const { id, targetOrganizationId, tokenId } of page) {
        const token = await this.#store.for(targetOrganizationId).open(tokens).get(tokenId);
        if (token && needsMarker(token, now)) return { hasActive: true, endedMarkers };
        if (!token || !needsMarker(token, now - settledAfterMs)) endedMarkers.push(id);
      }
    }
    return { hasActive: false, endedMarkers };
  }
}

/** An expired token keeps its marker for this time, in which a transaction that saw the token before its expiry ends. */
const settledAfterMs = 300_000;

const needsMarker = (token: Token, now: number): boolean =>
  token.format === "legacy" && !["revoked", "expired"].includes(toTokenStatus(token, now));
