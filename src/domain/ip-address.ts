import { isIPv4, isIPv6, SocketAddress } from "node:net";

/** An IP address as a number. An IPv4 address in its IPv6 form (`::ffff:10.1.2.3`) is the IPv4 address. */
export interface IpAddress {
  /** How many bits it has. */
  readonly width: 32 | 128;
  readonly value: bigint;
}

/** @returns undefined for what is no address, among it one with a zone (`fe80::1%eth0`), a port or leading zeros */
export function readIpAddress(text: string): IpAddress | undefined {
  if (isIPv4(text)) return { width: 32, value: joined(text.split("."), 8n, "") };
  if (!isIPv6(text) || text.includes("%")) return undefined;
  const [head = [], tail = []] = withoutDots(text)
    .split("::")
    .map((part) => part.split(":").filter((group) => group !== ""));
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => "0");
  const value = joined([...head, ...zeros, ...tail], 16n, "0x");
  return value >> 32n === 0xffffn ? { width: 32, value: value & 0xffff_ffffn } : { width: 128, value };
}

/** In its shortest form (RFC 5952). */
export function writeIpAddress({ width, value }: IpAddress): string {
  const group = (at: number, bits: number): bigint => (value >> BigInt(at * bits)) & ((1n << BigInt(bits)) - 1n);
  if (width === 32) return [3, 2, 1, 0].map((at) => group(at, 8)).join(".");
  const address = [7, 6, 5, 4, 3, 2, 1, 0].map((at) => group(at, 16).toString(16)).join(":");
  return new SocketAddress({ address, family: "ipv6" }).address;
}

/** What one subscriber has: an IPv4 address, or an IPv6 network of 64 bits. @returns "" for what is no address */
export function networkOf(text: string): string {
  const address = readIpAddress(text);
  if (!address) return "";
  if (address.width === 32) return writeIpAddress(address);
  return `${writeIpAddress({ width: 128, value: (address.value >> 64n) << 64n })}/64`;
}

/** The last 32 bits of an IPv6 address may be written as IPv4. */
const withoutDots = (text: string): string =>
  text.replace(/[\d.]+\.\d+$/, (dotted) => {
    const value = joined(dotted.split("."), 8n, "");
    return `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
  });

const joined = (groups: readonly string[], bits: bigint, radix: "" | "0x"): bigint =>
  groups.reduce((value, group) => (value << bits) | BigInt(radix + group), 0n);
