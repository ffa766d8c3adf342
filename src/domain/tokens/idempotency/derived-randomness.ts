import { hkdfSync } from "node:crypto";

/** What the randomness of a secret is derived from. */
export interface DerivationInput {
  /** The credential of the caller as it was presented. It is not stored anywhere. */
  readonly credential: string;
  /** The idempotency key of the request. */
  readonly key: string;
  /** Random, stored with the idempotency key, and removed with it. */
  readonly salt: string;
}

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** Bytes from here on are skipped, so that all characters are equally likely. */
const byteEnd = 256 - (256 % alphabet.length);
/** Enough that the accepted ones of them are far more than any secret has. */
const derivedBytes = 256;

/**
 * Derives base62 characters with HKDF (RFC 5869). Without the credential, nothing that the store has is of any use to
 * derive them.
 */
export function deriveBase62({ credential, key, salt }: DerivationInput, length: number): string {
  const info = `gatehouse token secret ${key}`;
  const bytes = new Uint8Array(hkdfSync("sha256", credential, Buffer.from(salt, "base64url"), info, derivedBytes));
  return [...bytes.filter((byte) => byte < byteEnd).subarray(0, length)]
    .map((byte) => alphabet.charAt(byte % alphabet.length))
    .join("");
}
