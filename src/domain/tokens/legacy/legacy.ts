import type { Token } from "../../../../schemas/token.ts";
import { AppError } from "../../../errors.ts";
import { legacyTokenMarkers, serviceTenant, tokens } from "../../../store/collections.ts";
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

  /** Checks whether an active imported token exists, and removes the markers of those that are revoked or expired. */
  async flush(): Promise<void> {
    const markers = this.#store.for(serviceTenant).open(legacyTokenMarkers);
    for (;;) {
      const [marker] = (await markers.list({ limit: 1 })).items;
      const token = marker && (await this.#store.for(marker.targetOrganizationId).open(tokens).get(marker.tokenId));
      this.#hasLegacyTokens = token?.format === "legacy" && !["revoked", "expired"].includes(toTokenStatus(token));
      if (!marker || this.#hasLegacyTokens) return;
      await this.#store.transaction(async (tx) => {
        await tx.for(serviceTenant).open(legacyTokenMarkers).remove(marker.id, "any");
      });
    }
  }
}
