import { accessSync, constants, statSync } from "node:fs";
import { BlockList, isIP } from "node:net";
import { z } from "zod";

/**
 * Creates the schema of a whole number. Like every message of the configuration, its message completes the name of the
 * variable: the problem, then the fix.
 * @param fix the value to set
 */
export function integer(from: number, to: number, fix: string) {
  const message = `is not a whole number from ${from} to ${to}. Set it to ${fix}.`;
  return z
    .string()
    .regex(/^\d{1,9}$/, message)
    .transform(Number)
    .refine((value) => value >= from && value <= to, message);
}

/**
 * Creates the schema of the path of a file that this process can read.
 * @param content the content of the file, for the message
 */
export const readableFile = (content: string) =>
  z
    .string()
    .refine(isReadableFile, `is not the path of a readable file. Set it to the path of a PEM ${content}.`)
    .optional();

/**
 * Decodes a key of 32 bytes in base64 or base64url.
 * @returns the key in a list, which is empty after an issue was reported
 */
export function base64Key(text: string, context: z.RefinementCtx): readonly Buffer[] {
  const key = Buffer.from(text, "base64");
  if (/^[\w+/-]{43}=?$/.test(text) && key.length === 32) return [key];
  const message = 'is not 32 bytes in base64. Set it to the output of "openssl rand -base64 32".';
  context.addIssue({ code: "custom", message });
  return [];
}

/** Returns whether a string is an http or https URL without query, fragment and credentials. */
export function isPublicUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, search, hash, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && [search, hash, username, password].every((part) => part === "");
}

function isReadableFile(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * Returns whether a string is an IP address or a CIDR range. It rejects `true`, hop counts, names, and ranges that contain
 * every address: with them, every client could forge the address of a request.
 */
export function isAddressOrCidr(text: string): boolean {
  const [address = "", length, ...rest] = text.split("/");
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  if (length === undefined) return true;
  const bits = Number(length);
  if (!/^\d{1,3}$/.test(length) || bits < 1 || bits > (version === 4 ? 32 : 128)) return false;
  return version === 4 || !coversAllIPv4(address, bits);
}

/** Every IPv4 address has an IPv6 form (::ffff:0:0/96), which is compared with IPv6 ranges. */
function coversAllIPv4(address: string, bits: number): boolean {
  const range = new BlockList();
  range.addSubnet(address, bits, "ipv6");
  return ["::ffff:0.0.0.0", "::ffff:255.255.255.255"].every((each) => range.check(each, "ipv6"));
}

/**
 * Creates the schema of a list of values that commas separate; absent: empty.
 * @param message the problem with the list, then the fix
 */
export const list = (isElement: (element: string) => boolean, message: string) =>
  z
    .string()
    .transform((text) => text.split(",").map((each) => each.trim()))
    .refine((elements) => elements.every(isElement), message)
    .default([]);

/** Returns whether a string is the origin of a web page (RFC 6454 section 6.1). A wildcard would match no origin. */
export const isOrigin = (text: string): boolean =>
  !text.includes("*") &&
  URL.canParse(text) &&
  /^https?:$/.test(new URL(text).protocol) &&
  new URL(text).origin === text.toLowerCase();

/** Returns whether a string is a host name (RFC 1123 section 2.1). */
export const isHostName = (text: string): boolean =>
  text.length <= 253 && /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/i.test(text);
