import { expect } from "chai";
import fc from "fast-check";
import { operatorActor } from "../../../../src/domain/audit/record.ts";
import { RejectedCredentials } from "../../../../src/domain/audit/rejections.ts";
import { formatIpAddress, parseIpAddress } from "../../../../src/domain/ip-address.ts";
import type { NewToken } from "../../../../src/domain/tokens/issue/new-token.ts";
import { TokenUsage } from "../../../../src/domain/tokens/usage/usage.ts";
import { AllowlistCache, assertAllowlist } from "../../../../src/domain/tokens/verify/allowlist.ts";
import type { TokenVerifier } from "../../../../src/domain/tokens/verify/token-verifier.ts";
import { AppError } from "../../../../src/errors.ts";
import { createVerifier, type DomainTestContext, expectRejection, openDomain } from "../../domain.fixture.ts";

const rejectionOf = (allowedIps: readonly string[]): AppError => {
  try {
    assertAllowlist(allowedIps);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error(`the list was accepted: ${JSON.stringify(allowedIps)}`);
};

const allows = (allowedIps: readonly string[], address: string): boolean =>
  new AllowlistCache().allows({ id: "tok_1", version: 1, allowedIps: [...allowedIps] }, address);

describe("assertAllowlist", () => {
  it("accepts addresses and ranges of IPv4 and IPv6", () => {
    assertAllowlist([]);
    assertAllowlist([
      "203.0.113.7",
      "10.0.0.0/8",
      "128.0.0.0/1",
      "2001:db8::7",
      "2001:DB8:0:1::/64",
      "8000::/1",
      "::1/128",
    ]);
  });

  for (const [entry, message] of [
    ["10.1.2.3/8", "has bits set after its prefix. Use 10.0.0.0/8."],
    ["192.0.2.255/31", "has bits set after its prefix. Use 192.0.2.254/31."],
    ["2001:db8::1/64", "has bits set after its prefix. Use 2001:db8::/64."],
    ["::ffff:10.0.0.0/104", "is an IPv4-mapped IPv6 address. Use 10.0.0.0/8."],
    ["::ffff:a01:203/104", "is an IPv4-mapped IPv6 address. Use 10.0.0.0/8."],
    ["::ffff:10.1.2.3", "is an IPv4-mapped IPv6 address. Use 10.1.2.3."],
  ] as const) {
    it(`rejects ${entry} and names the corrected form`, () => expect(rejectionOf([entry]).message).to.contain(message));
  }

  const invalidEntries: Readonly<Record<string, readonly string[]>> = {
    "must be from 1 to 32": ["0.0.0.0/0", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/-1"],
    "must be from 1 to 128": ["::/0", "2001:db8::/129", "2001:db8::/064"],
    "includes all IPv4 addresses": ["::/1", "::/80", "::ffff:0:0/95", "::ffff:0.0.0.0/96"],
    "must be an IP address or a CIDR range": [
      ...[
        "",
        " ",
        "10.1",
        "10",
        "010.1.2.3",
        "0x0a.1.2.3",
        "10.1.2.3 ",
        "10.1.2.3:80",
        "10.0.0.0/8/8",
        "10.0.0.0-10.0.0.9",
      ],
      ...[
        "*",
        "example.com",
        "[2001:db8::1]",
        "fe80::1%eth0",
        "fe80::%eth0/64",
        "::ffff:010.1.2.3",
        "10.0.0.1,10.0.0.2",
      ],
    ],
  };
  for (const [text, entries] of Object.entries(invalidEntries)) {
    it(`rejects an entry with "${text}", naming the entry`, () => {
      for (const entry of entries) {
        const { code, message, details } = rejectionOf(["192.0.2.1", entry]);
        expect(message, entry).to.contain(text).and.to.contain(JSON.stringify(entry));
        expect({ code, details }).to.deep.equal({ code: "invalid-value", details: { field: "allowedIps.1" } });
      }
    });
  }

  it("rejects duplicates in any notation", () => {
    for (const [one, other] of [
      ["10.0.0.0/8", "10.0.0.0/8"],
      ["10.0.0.1", "10.0.0.1/32"],
      ["2001:db8::1", "2001:0DB8:0:0::1"],
    ] as const) {
      expect(rejectionOf([one, other]).message).to.contain("is a duplicate");
    }
  });

  it("accepts 64 entries and rejects 65", () => {
    const entries = Array.from({ length: 65 }, (_, at) => `10.0.0.${at}`);
    assertAllowlist(entries.slice(0, 64));
    expect(rejectionOf(entries).details).to.deep.equal({ field: "allowedIps" });
  });

  it("truncates a long entry in the message", () => {
    expect(rejectionOf(["x".repeat(100_000)]).message.length).to.be.below(200);
  });
});

describe("AllowlistCache.allows", () => {
  it("returns true for every address without an allowlist", () => {
    expect(new AllowlistCache().allows({ id: "tok_1", version: 1 }, "203.0.113.7")).to.equal(true);
    expect(allows([], "2001:db8::1")).to.equal(true);
  });

  it("returns true for the addresses of an entry and false for all others", () => {
    const text = fc.oneof(fc.ipV4(), fc.ipV6());
    const network = fc.tuple(text, fc.integer({ min: 1, max: 128 })).map(([base, length]) => {
      const address = parseIpAddress(base);
      if (!address) throw new Error(`${base} was not parsed`);
      const { width } = address;
      const rest = BigInt(width - Math.min(length, width));
      return { width, value: (address.value >> rest) << rest, rest };
    });
    const near = fc.bigInt(0n, 2n ** 128n - 1n);
    fc.assert(
      fc.property(network, text, near, ({ width, value, rest }, far, offset) => {
        const entry = `${formatIpAddress({ width, value })}/${BigInt(width) - rest}`;
        fc.pre(isAccepted(entry));
        const inside = formatIpAddress({ width, value: value + (offset % (1n << rest)) });
        expect(allows([entry], inside), `${inside} in ${entry}`).to.equal(true);
        const other = parseIpAddress(far);
        const isInside = other?.width === width && other.value >> rest === value >> rest;
        expect(allows([entry], far), `${far} in ${entry}`).to.equal(isInside);
      }),
    );
  });

  it("compares IPv4-mapped IPv6 addresses as IPv4", () => {
    for (const address of ["10.1.2.3", "::ffff:10.1.2.3", "::ffff:a01:203"]) {
      expect(allows(["10.0.0.0/8"], address), address).to.equal(true);
      expect(allows(["192.0.2.0/24", "2001:db8::/32"], address), address).to.equal(false);
    }
  });

  it("returns false for an invalid address", () => {
    for (const address of ["", "unknown", "10.1.2.3:51234", "[2001:db8::1]", "fe80::1%eth0", "10.1.2", "10.1.2.3 "]) {
      expect(allows(["10.0.0.0/8", "fe80::/10", "2001:db8::/32"], address), address).to.equal(false);
    }
  });

  it("ignores invalid stored entries and uses the others", () => {
    expect(allows(["10.0.0.0/0"], "10.1.2.3")).to.equal(false);
    expect(allows(["nonsense", "10.1.2.3/8"], "10.1.2.3")).to.equal(false);
    expect(allows(["nonsense", "10.0.0.0/8"], "10.1.2.3")).to.equal(true);
  });

  it("uses the allowlist of the token's version", () => {
    const allowlists = new AllowlistCache();
    const token = { id: "tok_1", version: 1, allowedIps: ["10.0.0.0/8"] };
    for (let round = 0; round < 2; round++) {
      expect(allowlists.allows(token, "10.1.2.3")).to.equal(true);
      expect(allowlists.allows({ ...token, version: 2, allowedIps: ["192.0.2.1"] }, "10.1.2.3")).to.equal(false);
      expect(allowlists.allows({ ...token, id: "tok_2", allowedIps: ["192.0.2.1"] }, "10.1.2.3")).to.equal(false);
    }
  });

  it("is correct for more tokens than the cache holds", () => {
    const allowlists = new AllowlistCache();
    for (let round = 0; round < 2; round++) {
      for (let at = 0; at < 1500; at++) {
        const token = { id: `tok_${at}`, version: 1, allowedIps: [`10.0.${at >> 8}.${at & 255}`] };
        expect(allowlists.allows(token, `10.0.${at >> 8}.${at & 255}`)).to.equal(true);
        expect(allowlists.allows(token, "10.9.9.9")).to.equal(false);
      }
    }
  });
});

const isAccepted = (entry: string): boolean => {
  try {
    assertAllowlist([entry]);
    return true;
  } catch {
    return false;
  }
};

describe("A token with allowedIps", () => {
  let domain: DomainTestContext;
  let rejections: RejectedCredentials;
  let usage: TokenUsage;
  let verifier: TokenVerifier;
  beforeEach(async () => {
    domain = await openDomain();
    rejections = new RejectedCredentials(domain.store);
    usage = new TokenUsage(domain.store);
    verifier = createVerifier(domain.store, { prefix: "wxt" }, { usage, rejections });
  });
  afterEach(() => domain.dispose());

  const issue = (input: Partial<NewToken>) =>
    domain.tokens.create(domain.organizationId, operatorActor, { name: "ci", scopes: ["connect:read"], ...input });
  const verify = (secret: string, ip: string) => verifier.verify(secret, { ip, requestId: "r-1" });

  it("is stored with its list unchanged, and the audit event contains the list", async () => {
    const allowedIps = ["10.0.0.0/8", "2001:DB8::/32"];
    const { token } = await issue({ allowedIps });
    expect((await domain.readStoredToken(token.id)).allowedIps).to.deep.equal(allowedIps);
    const [event] = await domain.listAuditEvents(domain.organizationId, "token.create");
    expect(event?.after).to.deep.include({ allowedIps });
  });

  it("is stored without an empty list and is not created with an invalid one", async () => {
    expect((await issue({ allowedIps: [] })).token).to.not.have.property("allowedIps");
    await expectRejection(issue({ allowedIps: ["10.1.2.3/8"] }), "invalid-value");
    expect((await domain.tokens.list(domain.organizationId, { limit: 10 })).items).to.have.length(1);
  });

  it("is accepted from a listed address and rejected from others as ip-not-allowed, counted and audited", async () => {
    const { token, secret } = await issue({ allowedIps: ["10.0.0.0/8"] });
    expect((await verify(secret, "10.1.2.3")).actor.id).to.equal(token.id);
    const { message, details } = await expectRejection(verify(secret, "192.0.2.7"), "ip-not-allowed");
    expect({ message, details }).to.deep.equal({
      message: "The credential is not allowed from this IP address.",
      details: {},
    });
    await usage.flush();
    await rejections.flush();
    expect(await domain.readStoredToken(token.id)).to.deep.include({ requestCount: 1, failedCount: 1 });
    const [event, ...more] = await domain.listAuditEvents(domain.organizationId, "authentication.refused");
    expect(more).to.deep.equal([]);
    expect(event).to.deep.include({ outcome: "refused", ip: "192.0.2.7", requestId: "r-1" });
    expect(event?.details).to.deep.equal({ cause: "ip-not-allowed", count: 1 });
    expect(event?.actor.id).to.equal(token.id);
  });

  it("is rejected as invalid-token from every address after it is revoked", async () => {
    const { token, secret } = await issue({ allowedIps: ["10.0.0.0/8"] });
    await domain.tokens.revoke(domain.organizationId, operatorActor, token.id);
    for (const ip of ["10.1.2.3", "192.0.2.7"]) await expectRejection(verify(secret, ip), "invalid-token");
  });

  it("restricts the tokens that were derived from it", async () => {
    const parent = await issue({ allowedIps: ["10.0.0.0/8"] });
    const child = await issue({ parentId: parent.token.id });
    expect((await verify(child.secret, "10.1.2.3")).actor.id).to.equal(child.token.id);
    await expectRejection(verify(child.secret, "192.0.2.7"), "ip-not-allowed");
    const narrower = await issue({ parentId: parent.token.id, allowedIps: ["10.1.0.0/16", "192.0.2.7"] });
    await expectRejection(verify(narrower.secret, "192.0.2.7"), "ip-not-allowed");
    await expectRejection(verify(narrower.secret, "10.2.0.1"), "ip-not-allowed");
  });
});
