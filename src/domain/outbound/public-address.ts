import { isIP } from "node:net";
import { IpRangeSet } from "../ip-range.ts";

/**
 * Whether an address is on the public internet. Loopback and private addresses, a cloud's metadata service, and IPv6
 * addresses that embed such an address are not. URLs that customers configure are fetched from public addresses only.
 * @param address in the form that a resolver returns; any other string is not public
 */
export function isPublicAddress(address: string): boolean {
  const isUnicast = isIP(address) === 4 || globalUnicast.has(address);
  return isUnicast && !specialPurpose.has(address);
}

/** The IANA special-purpose address registries (RFC 6890 and later), and multicast. */
const specialPurposeIPv4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
] as const;

const specialPurposeIPv6 = [
  "2001::/23", // protocol assignments such as Teredo and ORCHID
  "2001:db8::/32",
  "2002::/16", // 6to4, which is deprecated and embeds any IPv4 address
  "3fff::/20",
] as const;

/** Public IPv6 ranges. Loopback, unique-local, link-local, multicast and IPv4-mapped addresses are outside of them. */
const globalUnicastIPv6 = [
  "2000::/3",
  "64:ff9b::/96", // NAT64: IPv4 addresses as an IPv6-only host reaches them
] as const;

/** Behind NAT64, an IPv4 address is the last 32 bits of an IPv6 address. */
function toNat64Range(range: string): string {
  const [network = "", prefix] = range.split("/");
  return `64:ff9b::${network}/${96 + Number(prefix)}`;
}

const specialPurpose = new IpRangeSet([
  ...specialPurposeIPv4,
  ...specialPurposeIPv4.map(toNat64Range),
  ...specialPurposeIPv6,
]);
const globalUnicast = new IpRangeSet(globalUnicastIPv6);
