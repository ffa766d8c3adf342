import { BlockList, isIP } from "node:net";

/**
 * Whether an address is one of the public internet: not of this machine, of a network behind the firewall, of a
 * cloud's metadata service, nor one that only carries such an address within it. What a customer names is fetched from
 * there alone.
 * @param address as a resolver gives it; anything else is not public
 */
export function isPublicAddress(address: string): boolean {
  const family = isIP(address);
  if (family === 4) return !special.check(address, "ipv4");
  // A zone (fe80::1%eth0) makes it an address of the link.
  if (family !== 6 || address.includes("%")) return false;
  return routed.check(address, "ipv6") && !special.check(address, "ipv6");
}

/** The IANA special-purpose registries (RFC 6890 and later), and multicast. */
const specialIPv4 = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const;

const specialIPv6 = [
  ["2001::", 23], // Teredo, ORCHID and other protocols' own
  ["2001:db8::", 32],
  ["2002::", 16], // 6to4, which is gone and carries any IPv4 address
  ["3fff::", 20],
] as const;

/** Where addresses of the internet are at all. Loopback, unique-local, link-local, multicast and IPv4-mapped are not. */
const routedIPv6 = [
  ["2000::", 3],
  ["64:ff9b::", 96], // NAT64: how an IPv6-only machine reaches IPv4
] as const;

const special = new BlockList();
for (const [network, bits] of specialIPv4) {
  special.addSubnet(network, bits, "ipv4");
  special.addSubnet(`64:ff9b::${network}`, 96 + bits, "ipv6");
}
for (const [network, bits] of specialIPv6) special.addSubnet(network, bits, "ipv6");

const routed = new BlockList();
for (const [network, bits] of routedIPv6) routed.addSubnet(network, bits, "ipv6");
