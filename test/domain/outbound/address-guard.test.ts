import { expect } from "chai";
import { AddressGuard, RejectedAddressError, type Resolver } from "../../../src/domain/outbound/address-guard.ts";

/** A resolver that returns these addresses in turn, whatever the name is, and counts its calls. */
function resolverOf(...responses: readonly (readonly string[])[]): { resolve: Resolver; calls(): number } {
  let calls = 0;
  const resolve: Resolver = (_host, _options, callback) => {
    const addresses = responses[Math.min(calls++, responses.length - 1)] ?? [];
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );
  };
  return { resolve, calls: () => calls };
}

/** Resolves a name as the socket of a request would. @returns the address that the socket connects to */
const lookUp = (guard: AddressGuard, url: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const { hostname } = new URL(url);
    guard.lookupFor(new URL(url))(hostname, {}, (error, address) => (error ? reject(error) : resolve(String(address))));
  });

const rejectionOf = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

describe("AddressGuard", () => {
  describe("assertUrl", () => {
    const guard = new AddressGuard({ allowedRanges: [] });
    const restricted = new AddressGuard({ allowedRanges: ["10.20.0.0/16", "127.0.0.1", "fd00::/8"] });

    it("accepts https URLs with a public address or a name", () => {
      for (const url of [
        "https://mcp.example/",
        "https://mcp.example:8443/mcp",
        "https://8.8.8.8/",
        "https://[2606:4700::1]/",
      ])
        expect(() => guard.assertUrl(new URL(url)), url).to.not.throw();
    });

    it("rejects private, loopback, link-local, metadata, unique-local and mapped addresses in every notation", () => {
      for (const host of [
        ...[
          "127.0.0.1",
          "127.1",
          "2130706433",
          "0x7f000001",
          "0177.0.0.1",
          "0.0.0.0",
          "localhost",
          "a.localhost",
          "LOCALHOST.",
        ],
        ...["10.1.2.3", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1"],
        ...[
          "[::1]",
          "[::]",
          "[fe80::1]",
          "[fd00:ec2::254]",
          "[::ffff:10.1.2.3]",
          "[64:ff9b::10.1.2.3]",
          "[2002:a01:203::]",
        ],
      ]) {
        const error = rejectionOf(() => guard.assertUrl(new URL(`https://${host}/`)));
        expect(error, host).to.be.instanceOf(RejectedAddressError);
      }
    });

    it("rejects plain HTTP and every other protocol", () => {
      for (const url of ["http://mcp.example/", "http://8.8.8.8/", "ftp://mcp.example/", "file:///etc/hosts"])
        expect(
          rejectionOf(() => guard.assertUrl(new URL(url))),
          url,
        ).to.be.instanceOf(RejectedAddressError);
    });

    it("accepts allowed ranges, also over plain HTTP and in their mapped form, and nothing beside them", () => {
      for (const url of [
        "https://10.20.1.1/",
        "http://10.20.1.1/",
        "http://127.0.0.1:9/",
        "http://[fd00::1]/",
        "http://[::ffff:10.20.1.1]/",
      ])
        expect(() => restricted.assertUrl(new URL(url)), url).to.not.throw();
      for (const url of [
        "https://10.21.0.1/",
        "http://8.8.8.8/",
        "https://127.0.0.2/",
        "https://169.254.169.254/",
        "https://[::1]/",
      ])
        expect(
          rejectionOf(() => restricted.assertUrl(new URL(url))),
          url,
        ).to.be.instanceOf(RejectedAddressError);
    });
  });

  describe("lookupFor", () => {
    it("returns the checked address", async () => {
      const guard = new AddressGuard({ allowedRanges: [], resolve: resolverOf(["8.8.8.8"]).resolve });
      expect(await lookUp(guard, "https://mcp.example/")).to.equal("8.8.8.8");
    });

    it("checks the very response that is connected to, and resolves once for each connection", async () => {
      const { resolve, calls } = resolverOf(["8.8.8.8"], ["10.0.0.1"]);
      const guard = new AddressGuard({ allowedRanges: [], resolve });
      expect(await lookUp(guard, "https://mcp.example/")).to.equal("8.8.8.8");
      const error = await lookUp(guard, "https://mcp.example/").catch((cause: unknown) => cause);
      expect(error).to.be.instanceOf(RejectedAddressError);
      expect(calls()).to.equal(2);
    });

    it("rejects a name when one of several addresses is not allowed", async () => {
      const guard = new AddressGuard({
        allowedRanges: [],
        resolve: resolverOf(["8.8.8.8", "::ffff:10.0.0.1"]).resolve,
      });
      const error = await lookUp(guard, "https://mcp.example/").catch((cause: unknown) => cause);
      expect(error).to.be.instanceOf(RejectedAddressError);
    });

    it("allows plain HTTP only when every address is in an allowed range", async () => {
      const allowedRanges = ["10.20.0.0/16"];
      const inside = new AddressGuard({ allowedRanges, resolve: resolverOf(["10.20.0.1"]).resolve });
      expect(await lookUp(inside, "http://mcp.internal/")).to.equal("10.20.0.1");
      const mixed = new AddressGuard({ allowedRanges, resolve: resolverOf(["10.20.0.1", "8.8.8.8"]).resolve });
      expect(await lookUp(mixed, "https://mcp.internal/")).to.equal("10.20.0.1");
      const error = await lookUp(mixed, "http://mcp.internal/").catch((cause: unknown) => cause);
      expect(error).to.be.instanceOf(RejectedAddressError);
    });
  });
});
