import { isIPv4, isIPv6, SocketAddress } from "node:net";

/** An IP address as a number. An IPv4-mapped IPv6 address (`::ffff:10.1.2.3`) is represented as the IPv4 address. */
export interface IpAddress {
  /** The number of bits of the address. */
  readonly width: 32 | 128;
  readonly value: bigint;
}

/**
 * Parses an IPv4 or IPv6 address.
 * @returns undefined for an invalid address, and for one with a zone (`fe80::1%eth0`), a port or leading zeros
 */
export function parseIpAddress(text: string): IpAddress | undefined {
  if (isIPv4(text)) return { width: 32, value: combineGroups(text.split("."), 8n, "") };
  if (!isIPv6(text) || text.includes("%")) return undefined;
  const [head = [], tail = []] = expandDottedQuad(text)
    .split("::")
    .map((part) => part.split(":").filter((group) => group !== ""));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => "0");
  const value = combineGroups([...head, ...zeros, ...tail], 16n, "0x");
  return value >> 32n === 0xffffn ? { width: 32, value: value & 0xffff_ffffn } : { width: 128, value };
}

/** Formats an address in its shortest form (RFC 5952). */
export function formatIpAddress({ width, value }: IpAddress): string {
  const group = (index: number, bits: number): bigint => (value >> BigInt(index * bits)) & ((1n << BigInt(bits)) - 1n);
  if (width === 32) return [3, 2, 1, 0].map((index) => group(index, 8)).join(".");
  const address = [7, 6, 5, 4, 3, 2, 1, 0].map((index) => group(index, 16).toString(16)).join(":");
  return new SocketAddress({ address, family: "ipv6" }).address;
}

/**
 * Returns the network that one subscriber typically has: an IPv4 address, or an IPv6 /64 network.
 * @returns "" for an invalid address
 */
export function toSubscriberNetwork(text: string): string {
  const address = parseIpAddress(text);
  if (!address) return "";
  if (address.width === 32) return formatIpAddress(address);
  return `${formatIpAddress({ width: 128, value: (address.value >> 64n) << 64n })}/64`;
}

/** Rewrites the last 32 bits of an IPv6 address from dotted IPv4 notation to hexadecimal groups. */
const expandDottedQuad = (text: string): string =>
  text.replace(/[\d.]+\.\d+$/, (dotted) => {
    const value = combineGroups(dotted.split("."), 8n, "");
    return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
  });

const combineGroups = (groups: readonly string[], bits: bigint, radix: "" | "0x"): bigint =>
  groups.reduce((value, group) => (value << bits) | BigInt(radix + group), 0n);
