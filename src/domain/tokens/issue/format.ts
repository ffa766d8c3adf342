import { createHmac, hash, randomInt } from "node:crypto";
import { crc32 } from "node:zlib";

/**
 * Creates a secret: prefix, underscore, 33 random base62 characters (196 bits), and 6 base62 characters of CRC-32 over
 * everything before. The checksum rejects junk and typing errors without a lookup in the store, and lets secret scanners
 * distinguish a token from a string that only looks like one.
 * @param randomStart the first random characters, copied from an earlier secret of the same family
 */
export function mintSecret(prefix: string, randomStart = ""): string {
  let random = randomStart;
  while (random.length < secretRandomLength) random += alphabet[randomInt(alphabet.length)];
  const body = `${prefix}_${random}`;
  return body + checksum(body);
}

/** The format and hashing of this installation's secrets. */
export interface SecretSettings {
  /** The part before the underscore. */
  readonly prefix: string;
  /** A key from outside the database, so that a stolen database cannot be used to check guesses. */
  readonly pepper?: string;
}

/** Whether a string has the format of this installation's tokens. The token need not exist. */
export function hasTokenFormat(secret: string, prefix: string): boolean {
  if (secret.length !== prefix.length + 1 + secretRandomLength + checksumLength) return false;
  if (!secret.startsWith(`${prefix}_`) || !base62.test(secret.slice(prefix.length + 1))) return false;
  return checksum(secret.slice(0, -checksumLength)) === secret.slice(-checksumLength);
}

/**
 * Returns the stored form of a secret: a hash, prefixed with its algorithm. A fast hash is sufficient, because 196 random
 * bits cannot be guessed, and a slow hash would let any caller exhaust the CPU.
 * @param pepper the HMAC key; undefined: plain SHA-256
 */
export function hashSecret(secret: string, pepper: string | undefined): string {
  return pepper === undefined
    ? `s256:${hash("sha256", secret, "base64url")}`
    : `hs256:${createHmac("sha256", pepper).update(secret).digest("base64url")}`;
}

/** Returns every hash under which a secret may be stored: with the pepper, and from before the pepper was set. */
export function candidateHashes(secret: string, pepper: string | undefined): readonly string[] {
  const plain = hashSecret(secret, undefined);
  return pepper === undefined ? [plain] : [hashSecret(secret, pepper), plain];
}

/** Returns the first 12 characters, enough to recognize a token in a list. */
export function visiblePrefix(secret: string): string {
  return secret.slice(0, visibleLength);
}

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const base62 = /^[0-9A-Za-z]+$/;
/** The random characters of a secret. */
export const secretRandomLength = 33;
const checksumLength = 6;
const visibleLength = 12;

function checksum(text: string): string {
  let remainder = crc32(text);
  let digits = "";
  for (let count = 0; count < checksumLength; count++) {
    digits = alphabet.charAt(remainder % alphabet.length) + digits;
    remainder = Math.floor(remainder / alphabet.length);
  }
  return digits;
}
