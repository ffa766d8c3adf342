import { SocketAddress } from "node:net";
import { expect } from "chai";
import fc from "fast-check";
import { formatIpAddress, type IpAddress, parseIpAddress } from "../../src/domain/ip-address.ts";

describe("parseIpAddress and formatIpAddress", () => {
  it("parse every formatted address to the same address", () => {
    const address: fc.Arbitrary<IpAddress> = fc.oneof(
      fc.record({ width: fc.constant(32 as const), value: fc.bigInt(0n, 2n ** 32n - 1n) }),
      fc.record({
        width: fc.constant(128 as const),
        value: fc.bigInt(0n, 2n ** 128n - 1n).filter((value) => value >> 32n !== 0xffffn),
      }),
    );
    fc.assert(
      fc.property(address, (each) => {
        expect(parseIpAddress(formatIpAddress(each))).to.deep.equal(each);
      }),
    );
  });

  it("parse every notation of an IPv6 address as Node.js does", () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const address = parseIpAddress(text);
        const { address: short } = new SocketAddress({ address: text, family: "ipv6" });
        if (!address) throw new Error(`${text} was not parsed`);
        expect(formatIpAddress(address)).to.equal(short.replace(/^::ffff:(?=[\d.]+$)/, ""));
      }),
    );
  });

  it("parse IPv4-mapped IPv6 addresses as IPv4, in dotted and in hexadecimal notation", () => {
    for (const text of ["10.1.2.3", "::ffff:10.1.2.3", "::FFFF:a01:203", "0:0:0:0:0:ffff:0a01:0203"]) {
      expect(parseIpAddress(text), text).to.deep.equal({ width: 32, value: 0x0a010203n });
    }
    expect(parseIpAddress("::10.1.2.3")).to.deep.equal({ width: 128, value: 0x0a010203n });
  });

  it("parse no other string", () => {
    for (const text of ["", "10.1", "010.1.2.3", "10.1.2.3:80", "[::1]", "fe80::1%eth0", "10.1.2.3 ", "1::2::3", "x"]) {
      expect(parseIpAddress(text), text).to.equal(undefined);
    }
  });
});
