import { expect } from "chai";
import fc from "fast-check";
import { isPublicAddress } from "../../../src/domain/outbound/public-address.ts";

describe("isPublicAddress", () => {
  for (const address of [
    "8.8.8.8",
    "1.1.1.1",
    "172.15.255.255",
    "172.32.0.1",
    "100.63.255.255",
    "223.255.255.255",
    "2606:4700:4700::1111",
    "2a00:1450:4001:82a::200e",
    "64:ff9b::8.8.8.8",
  ]) {
    it(`returns true for ${address}`, () => expect(isPublicAddress(address)).to.equal(true));
  }

  const special: Readonly<Record<string, readonly string[]>> = {
    unspecified: ["0.0.0.0", "0.1.2.3", "::"],
    loopback: ["127.0.0.1", "127.255.255.254", "::1"],
    private: ["10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"],
    "link-local, including a cloud's metadata service": ["169.254.169.254", "fe80::1", "fe80::1%eth0", "febf::1"],
    "unique-local, including the IPv6 metadata service": ["fc00::1", "fd00:ec2::254"],
    "site-local": ["fec0::1"],
    "behind carrier-grade NAT": ["100.64.0.1", "100.127.255.255"],
    multicast: ["224.0.0.1", "239.255.255.255", "ff02::1"],
    "reserved and broadcast": ["240.0.0.1", "255.255.255.255", "192.0.0.1", "198.18.0.1"],
    "for documentation": ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1", "3fff::1"],
    "IPv4 addresses embedded in IPv6": [
      "::ffff:127.0.0.1",
      "::ffff:7f00:1",
      "::ffff:8.8.8.8",
      "::127.0.0.1",
      "::ffff:0:127.0.0.1",
    ],
    "IPv4 addresses embedded in 6to4 or Teredo": [
      "2002:7f00:1::",
      "2002:a00:1::1",
      "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ],
    "non-public IPv4 addresses embedded in NAT64": [
      "64:ff9b::127.0.0.1",
      "64:ff9b::a00:1",
      "64:ff9b::a9fe:a9fe",
      "64:ff9b:1::8.8.8.8",
    ],
    "not valid": ["", "localhost", "0x7f.1", "2130706433", "0177.0.0.1", "127.1", "[::1]", "8.8.8.8:80", "8.8.8.8 "],
  };
  for (const [description, addresses] of Object.entries(special)) {
    it(`returns false for addresses that are ${description}`, () => {
      for (const address of addresses) expect(isPublicAddress(address), address).to.equal(false);
    });
  }

  it("returns the same for an IPv4 address and its NAT64 form", () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(isPublicAddress(`64:ff9b::${address}`)).to.equal(isPublicAddress(address));
      }),
    );
  });

  it("returns false for IPv6 addresses outside of 2000::/3 and NAT64", () => {
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const first = Number.parseInt(new URL(`http://[${address}]`).hostname.slice(1).split(":")[0] || "0", 16);
        fc.pre(first >> 13 !== 1 && first !== 0x64);
        expect(isPublicAddress(address)).to.equal(false);
      }),
    );
  });
});
