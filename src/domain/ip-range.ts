import { BlockList, isIP } from "node:net";
import { formatIpAddress, type IpAddress, parseIpAddress } from "./ip-address.ts";

/** A range of addresses: a network with its first address, or a single address. */
export interface IpRange {
  readonly address: IpAddress;
  /** The number of leading bits that all addresses of the range share. */
  readonly prefix: number;
}

/** A set of addresses, from addresses and CIDR ranges. */
export class IpRangeSet {
  readonly #list = new BlockList();

  /** @param entries addresses and CIDR ranges; invalid ones are skipped, so they add no address */
  constructor(entries: readonly string[]) {
    for (const entry of entries) {
      const range = parseIpRange(entry);
      if (typeof range === "string") continue;
      this.#list.addSubnet(formatIpAddress(range.address), range.prefix, range.address.width === 32 ? "ipv4" : "ipv6");
    }
  }

  /** Whether an address is in the set. An invalid address, or one with a zone (`fe80::1%eth0`), is not. */
  has(address: string): boolean {
    const family = address.includes("%") ? 0 : isIP(address);
    return family !== 0 && this.#list.check(address, family === 4 ? "ipv4" : "ipv6");
  }
}

/**
 * Parses an address or a CIDR range. Entries are never corrected silently.
 * @returns the range; for an invalid entry, what is wrong with it and how to fix it
 */
export function parseIpRange(entry: string): IpRange | string {
  const [addressText = "", prefixLength, ...rest] = entry.split("/");
  const address = parseIpAddress(addressText);
  if (!address || rest.length > 0) {
    return `${quote(entry)} must be an IP address or a CIDR range such as 10.0.0.0/8 or 2001:db8::/32.`;
  }
  const width = addressText.includes(":") ? 128 : 32;
  const prefix = prefixLength === undefined ? width : /^[1-9]\d{0,2}$/.test(prefixLength) ? Number(prefixLength) : 0;
  if (prefix < 1 || prefix > width) return `The prefix length of ${quote(entry)} must be from 1 to ${width}.`;
  return address.width === width ? toIpRange(entry, address, prefix) : describeMappedRange(entry, address, prefix - 96);
}

/** Formats a range in its shortest form. */
export const formatIpRange = ({ address, prefix }: IpRange): string => `${formatIpAddress(address)}/${prefix}`;

/** Whether every address of the inner range is in the outer one. */
export const containsRange = (outer: IpRange, inner: IpRange): boolean =>
  outer.address.width === inner.address.width &&
  outer.prefix <= inner.prefix &&
  maskAddress(inner.address, outer.prefix).value === outer.address.value;

function toIpRange(entry: string, address: IpAddress, prefix: number): IpRange | string {
  const network = maskAddress(address, prefix);
  if (address.width === 128 && prefix < 96 && maskAddress(ipv4MappedPrefix, prefix).value === network.value) {
    return describeWholeIPv4(entry);
  }
  if (network.value === address.value) return { address, prefix };
  return `${quote(entry)} has bits set after its prefix. Use ${formatIpAddress(network)}/${prefix}.`;
}

/** Rejects an IPv4-mapped IPv6 range, because it would be a second notation of the same IPv4 range. */
function describeMappedRange(entry: string, address: IpAddress, prefix: number): string {
  if (prefix < 1) return describeWholeIPv4(entry);
  const canonical = formatIpAddress(maskAddress(address, prefix)) + (prefix === 32 ? "" : `/${prefix}`);
  return `${quote(entry)} is an IPv4-mapped IPv6 address. Use ${canonical}.`;
}

/** The IPv6 range of all IPv4-mapped addresses. BlockList matches an IPv4 address against IPv6 ranges as one of these. */
const ipv4MappedPrefix: IpAddress = { width: 128, value: 0xffff_0000_0000n };

const describeWholeIPv4 = (entry: string): string =>
  `${quote(entry)} includes all IPv4 addresses. Use a smaller range.`;

function maskAddress({ width, value }: IpAddress, prefix: number): IpAddress {
  const rest = BigInt(width - prefix);
  return { width, value: (value >> rest) << rest };
}

const quote = (entry: string): string => JSON.stringify(entry.slice(0, 64).toWellFormed());
