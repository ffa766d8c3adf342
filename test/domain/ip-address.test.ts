import { SocketAddress } from "node:net";
import { expect } from "chai";
import fc from "fast-check";
import { type IpAddress, readIpAddress, writeIpAddress } from "../../src/domain/ip-address.ts";

describe("readIpAddress and writeIpAddress", () => {
  it("read what they have written", () => {
    const address: fc.Arbitrary<IpAddress> = fc.oneof(
      fc.record({ width: fc.constant(32 as const), value: fc.bigInt(0n, 2n ** 32n - 1n) }),
      fc.record({
        width: fc.constant(128 as const),
        value: fc.bigInt(0n, 2n ** 128n - 1n).filter((value) => value >> 32n !== 0xffffn),
      }),
    );
    fc.assert(
      fc.property(address, (each) => {
        expect(readIpAddress(writeIpAddress(each))).to.deep.equal(each);
      }),
    );
  });

  it("read every way of writing an IPv6 address as the platform does", () => {
    fc.assert(
      fc.property(fc.ipV6(), (text) => {
        const address = readIpAddress(text);
        const { address: short } = new SocketAddress({ address: text, family: "ipv6" });
        if (!address) throw new Error(`${text} was not read`);
        expect(writeIpAddress(address)).to.equal(short.replace(/^::ffff:(?=[\d.]+$)/, ""));
      }),
    );
  });

  it("take IPv4 in its IPv6 form for IPv4, with dots or without", () => {
    for (const text of ["10.1.2.3", "::ffff:10.1.2.3", "::FFFF:a01:203", "0:0:0:0:0:ffff:0a01:0203"]) {
      expect(readIpAddress(text), text).to.deep.equal({ width: 32, value: 0x0a010203n });
    }
    expect(readIpAddress("::10.1.2.3")).to.deep.equal({ width: 128, value: 0x0a010203n });
  });

  it("read nothing else", () => {
    for (const text of ["", "10.1", "010.1.2.3", "10.1.2.3:80", "[::1]", "fe80::1%eth0", "10.1.2.3 ", "1::2::3", "x"]) {
      expect(readIpAddress(text), text).to.equal(undefined);
    }
  });
});
