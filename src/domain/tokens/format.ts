import { createHmac, hash, randomInt } from "node:crypto";
import { crc32 } from "node:zlib";

/**
 * The form of a token: prefix, underscore, 33 random base62 characters (196 bits), and the base62 CRC-32 of all that
 * precedes in 6 characters. The checksum refuses junk and typing errors without asking the store, and lets secret
 * scanners tell a token from a text that only looks like one.
 * @param beginning random characters of an earlier secret, for one that is to be known as its successor
 */
export function mintSecret(prefix: string, beginning = ""): string {
  let random = beginning;
  while (random.length < randomLength) random += alphabet[randomInt(alphabet.length)];
  const body = `${prefix}_${random}`;
  return body + checksum(body);
}

/** How this installation's secrets look and are kept. */
export interface SecretSettings {
  /** What comes before the underscore. */
  readonly prefix: string;
  /** A key from outside the database, so that a stolen database cannot be used to check guesses. */
  readonly pepper?: string;
}

/** Whether a text is a token of this installation by its form; says nothing about whether it was ever issued. */
export function isWellFormed(text: string, prefix: string): boolean {
  if (text.length !== prefix.length + 1 + randomLength + checksumLength) return false;
  if (!text.startsWith(`${prefix}_`) || !base62.test(text.slice(prefix.length + 1))) return false;
  return checksum(text.slice(0, -checksumLength)) === text.slice(-checksumLength);
}

/**
 * The only form in which a secret is kept, with the algorithm in front. A fast hash is enough: nobody guesses 196
 * random bits, and a slow one would let any caller keep the processor busy.
 */
export function hashSecret(secret: string, pepper: string | undefined): string {
  return pepper === undefined
    ? `s256:${hash("sha256", secret, "base64url")}`
    : `hs256:${createHmac("sha256", pepper).update(secret).digest("base64url")}`;
}

/** Every form in which this secret may have been kept: by the pepper, or before there was one. */
export function possibleHashes(secret: string, pepper: string | undefined): readonly string[] {
  const plain = hashSecret(secret, undefined);
  return pepper === undefined ? [plain] : [hashSecret(secret, pepper), plain];
}

/** Enough to recognise a token by in a list. */
export function visiblePrefix(secret: string): string {
  return secret.slice(0, visibleLength);
}

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const base62 = /^[0-9A-Za-z]+$/;
const randomLength = 33;
const checksumLength = 6;
const visibleLength = 12;

function checksum(text: string): string {
  let rest = crc32(text);
  let digits = "";
  for (let count = 0; count < checksumLength; count++) {
    digits = alphabet.charAt(rest % alphabet.length) + digits;
    rest = Math.floor(rest / alphabet.length);
  }
  return digits;
}
