import { BlockList, isIP } from "node:net";
import type { Token } from "../../../schemas/token.ts";
import { AppError } from "../../errors.ts";
import { type IpAddress, readIpAddress, writeIpAddress } from "../ip-address.ts";

/** Tokens whose lists are kept ready; of others they are made again. */
const listsMax = 1000;

/** Whether a token may be used from an address. Its list is made once for each version of the token. */
export class Allowlists {
  readonly #lists = new Map<string, BlockList>();

  /** @param address of the caller; what is no address is outside every list */
  admits(token: Pick<Token, "id" | "version" | "allowedIps">, address: string): boolean {
    const { allowedIps = [] } = token;
    if (allowedIps.length === 0) return true;
    const family = address.includes("%") ? 0 : isIP(address);
    if (family === 0) return false;
    return this.#listOf(token, allowedIps).check(address, family === 4 ? "ipv4" : "ipv6");
  }

  #listOf({ id, version }: Pick<Token, "id" | "version">, allowedIps: readonly string[]): BlockList {
    const key = `${id} ${version}`;
    const list = this.#lists.get(key) ?? listOf(allowedIps);
    this.#lists.delete(key);
    this.#lists.set(key, list);
    const [oldest] = this.#lists.keys();
    if (this.#lists.size > listsMax && oldest !== undefined) this.#lists.delete(oldest);
    return list;
  }
}

/** A stored entry that could not have been given lets nobody in. */
function listOf(allowedIps: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of allowedIps) {
    const network = readNetwork(entry);
    if (typeof network === "string") continue;
    const { address, prefix } = network;
    list.addSubnet(writeIpAddress(address), prefix, address.width === 32 ? "ipv4" : "ipv6");
  }
  return list;
}

const entriesMax = 64;

/**
 * Holds a list of addresses and CIDR ranges to be one that means what it says: nothing is corrected silently, and
 * nothing lets everybody in.
 * @throws AppError invalid-value naming the entry, with its corrected form where it has one
 */
export function assertAllowlist(allowedIps: readonly string[]): void {
  if (allowedIps.length > entriesMax) throw refused("allowedIps", `allowedIps can have at most ${entriesMax} entries.`);
  const seen = new Set<string>();
  for (const [at, entry] of allowedIps.entries()) {
    const network = readNetwork(entry);
    if (typeof network === "string") throw refused(`allowedIps.${at}`, network);
    const written = `${writeIpAddress(network.address)}/${network.prefix}`;
    if (seen.has(written)) throw refused(`allowedIps.${at}`, `${quoted(entry)} is in the list already.`);
    seen.add(written);
  }
}

/**
 * Whether every address of one list is in the other.
 * @param allowedIps none: all addresses there are
 */
export function isWithinAllowlist(allowedIps: readonly string[] = [], bounds: readonly string[]): boolean {
  const outer = bounds.map(readNetwork);
  const isWithin = (entry: string): boolean => {
    const inner = readNetwork(entry);
    return typeof inner !== "string" && outer.some((network) => typeof network !== "string" && holds(network, inner));
  };
  return allowedIps.length > 0 && allowedIps.every(isWithin);
}

const holds = (outer: Network, inner: Network): boolean =>
  outer.address.width === inner.address.width &&
  outer.prefix <= inner.prefix &&
  networkOf(inner.address, outer.prefix).value === outer.address.value;

const refused = (field: string, message: string): AppError => new AppError("invalid-value", message, { field });

interface Network {
  readonly address: IpAddress;
  readonly prefix: number;
}

/** @returns what is wrong, as a text, where something is */
function readNetwork(entry: string): Network | string {
  const [text = "", length, ...rest] = entry.split("/");
  const address = readIpAddress(text);
  if (!address || rest.length > 0) {
    return `${quoted(entry)} is no IP address and no CIDR range like 10.0.0.0/8 or 2001:db8::/32.`;
  }
  const width = text.includes(":") ? 128 : 32;
  const prefix = length === undefined ? width : /^[1-9]\d{0,2}$/.test(length) ? Number(length) : 0;
  if (prefix < 1 || prefix > width) return `The prefix length of ${quoted(entry)} must be from 1 to ${width}.`;
  return address.width === width ? readRange(entry, address, prefix) : readMapped(entry, address, prefix - 96);
}

function readRange(entry: string, address: IpAddress, prefix: number): Network | string {
  const network = networkOf(address, prefix);
  if (address.width === 128 && prefix < 96 && networkOf(mapped, prefix).value === network.value) {
    return holdsAllOfIPv4(entry);
  }
  if (network.value === address.value) return { address, prefix };
  return `${quoted(entry)} has bits set behind its prefix. Write ${writeIpAddress(network)}/${prefix}.`;
}

/** An IPv4 range in its IPv6 form, which would make two ways to write one thing. */
function readMapped(entry: string, address: IpAddress, prefix: number): string {
  if (prefix < 1) return holdsAllOfIPv4(entry);
  const written = writeIpAddress(networkOf(address, prefix)) + (prefix === 32 ? "" : `/${prefix}`);
  return `${quoted(entry)} is IPv4 in its IPv6 form. Write ${written}.`;
}

/** Every IPv4 address is one of `::ffff:0:0/96` too, and is compared with IPv6 ranges as that. */
const mapped: IpAddress = { width: 128, value: 0xffff_0000_0000n };

const holdsAllOfIPv4 = (entry: string): string => `${quoted(entry)} holds all IPv4 addresses.`;

function networkOf({ width, value }: IpAddress, prefix: number): IpAddress {
  const rest = BigInt(width - prefix);
  return { width, value: (value >> rest) << rest };
}

const quoted = (entry: string): string => JSON.stringify(entry.slice(0, 64).toWellFormed());
