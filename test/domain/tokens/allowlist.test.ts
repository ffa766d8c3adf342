import { expect } from "chai";
import fc from "fast-check";
import { operator } from "../../../src/domain/audit/record.ts";
import { Refusals } from "../../../src/domain/audit/refusals.ts";
import { readIpAddress, writeIpAddress } from "../../../src/domain/ip-address.ts";
import { Allowlists, assertAllowlist } from "../../../src/domain/tokens/allowlist.ts";
import type { NewToken } from "../../../src/domain/tokens/new-token.ts";
import { TokenUsage } from "../../../src/domain/tokens/usage.ts";
import type { TokenVerifier } from "../../../src/domain/tokens/verify.ts";
import { AppError } from "../../../src/errors.ts";
import { type Opened, openDomain, refusalOf, verifierOver } from "../opened.ts";

const refused = (allowedIps: readonly string[]): AppError => {
  try {
    assertAllowlist(allowedIps);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error(`it was accepted: ${JSON.stringify(allowedIps)}`);
};

const admits = (allowedIps: readonly string[], address: string): boolean =>
  new Allowlists().admits({ id: "tok_1", version: 1, allowedIps: [...allowedIps] }, address);

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

  for (const [entry, says] of [
    ["10.1.2.3/8", "has bits set behind its prefix. Write 10.0.0.0/8."],
    ["192.0.2.255/31", "has bits set behind its prefix. Write 192.0.2.254/31."],
    ["2001:db8::1/64", "has bits set behind its prefix. Write 2001:db8::/64."],
    ["::ffff:10.0.0.0/104", "is IPv4 in its IPv6 form. Write 10.0.0.0/8."],
    ["::ffff:a01:203/104", "is IPv4 in its IPv6 form. Write 10.0.0.0/8."],
    ["::ffff:10.1.2.3", "is IPv4 in its IPv6 form. Write 10.1.2.3."],
  ] as const) {
    it(`refuses ${entry} and says what to write instead`, () => expect(refused([entry]).message).to.contain(says));
  }

  const wrong: Readonly<Record<string, readonly string[]>> = {
    "must be from 1 to 32": ["0.0.0.0/0", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/", "10.0.0.0/x", "10.0.0.0/-1"],
    "must be from 1 to 128": ["::/0", "2001:db8::/129", "2001:db8::/064"],
    "holds all IPv4 addresses": ["::/1", "::/80", "::ffff:0:0/95", "::ffff:0.0.0.0/96"],
    "is no IP address and no CIDR range": [
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
  for (const [says, entries] of Object.entries(wrong)) {
    it(`refuses what ${says}, naming the entry`, () => {
      for (const entry of entries) {
        const { fault, message, details } = refused(["192.0.2.1", entry]);
        expect(message, entry).to.contain(says).and.to.contain(JSON.stringify(entry));
        expect({ fault, details }).to.deep.equal({ fault: "invalid-value", details: { field: "allowedIps.1" } });
      }
    });
  }

  it("refuses what is there twice, however it is written", () => {
    for (const [one, other] of [
      ["10.0.0.0/8", "10.0.0.0/8"],
      ["10.0.0.1", "10.0.0.1/32"],
      ["2001:db8::1", "2001:0DB8:0:0::1"],
    ] as const) {
      expect(refused([one, other]).message).to.contain("in the list already");
    }
  });

  it("takes 64 entries, and not one more", () => {
    const entries = Array.from({ length: 65 }, (_, at) => `10.0.0.${at}`);
    assertAllowlist(entries.slice(0, 64));
    expect(refused(entries).details).to.deep.equal({ field: "allowedIps" });
  });

  it("repeats no more than the beginning of an entry", () => {
    expect(refused(["x".repeat(100_000)]).message.length).to.be.below(200);
  });
});

describe("Allowlists.admits", () => {
  it("is true for every address where there is no list", () => {
    expect(new Allowlists().admits({ id: "tok_1", version: 1 }, "203.0.113.7")).to.equal(true);
    expect(admits([], "2001:db8::1")).to.equal(true);
  });

  it("is true for the addresses of an entry, and for no others", () => {
    const text = fc.oneof(fc.ipV4(), fc.ipV6());
    const network = fc.tuple(text, fc.integer({ min: 1, max: 128 })).map(([base, length]) => {
      const address = readIpAddress(base);
      if (!address) throw new Error(`${base} was not read`);
      const { width } = address;
      const rest = BigInt(width - Math.min(length, width));
      return { width, value: (address.value >> rest) << rest, rest };
    });
    const near = fc.bigInt(0n, 2n ** 128n - 1n);
    fc.assert(
      fc.property(network, text, near, ({ width, value, rest }, far, offset) => {
        const entry = `${writeIpAddress({ width, value })}/${BigInt(width) - rest}`;
        fc.pre(isAccepted(entry));
        const inside = writeIpAddress({ width, value: value + (offset % (1n << rest)) });
        expect(admits([entry], inside), `${inside} in ${entry}`).to.equal(true);
        const other = readIpAddress(far);
        const isInside = other?.width === width && other.value >> rest === value >> rest;
        expect(admits([entry], far), `${far} in ${entry}`).to.equal(isInside);
      }),
    );
  });

  it("compares IPv4 in its IPv6 form as IPv4", () => {
    for (const address of ["10.1.2.3", "::ffff:10.1.2.3", "::ffff:a01:203"]) {
      expect(admits(["10.0.0.0/8"], address), address).to.equal(true);
      expect(admits(["192.0.2.0/24", "2001:db8::/32"], address), address).to.equal(false);
    }
  });

  it("is false for what is no address", () => {
    for (const address of ["", "unknown", "10.1.2.3:51234", "[2001:db8::1]", "fe80::1%eth0", "10.1.2", "10.1.2.3 "]) {
      expect(admits(["10.0.0.0/8", "fe80::/10", "2001:db8::/32"], address), address).to.equal(false);
    }
  });

  it("is false where a stored entry cannot be understood, and goes by the others", () => {
    expect(admits(["10.0.0.0/0"], "10.1.2.3")).to.equal(false);
    expect(admits(["nonsense", "10.1.2.3/8"], "10.1.2.3")).to.equal(false);
    expect(admits(["nonsense", "10.0.0.0/8"], "10.1.2.3")).to.equal(true);
  });

  it("goes by the version of the token that it is asked about", () => {
    const allowlists = new Allowlists();
    const token = { id: "tok_1", version: 1, allowedIps: ["10.0.0.0/8"] };
    for (let round = 0; round < 2; round++) {
      expect(allowlists.admits(token, "10.1.2.3")).to.equal(true);
      expect(allowlists.admits({ ...token, version: 2, allowedIps: ["192.0.2.1"] }, "10.1.2.3")).to.equal(false);
      expect(allowlists.admits({ ...token, id: "tok_2", allowedIps: ["192.0.2.1"] }, "10.1.2.3")).to.equal(false);
    }
  });

  it("is right for more tokens than it keeps lists of", () => {
    const allowlists = new Allowlists();
    for (let round = 0; round < 2; round++) {
      for (let at = 0; at < 1500; at++) {
        const token = { id: `tok_${at}`, version: 1, allowedIps: [`10.0.${at >> 8}.${at & 255}`] };
        expect(allowlists.admits(token, `10.0.${at >> 8}.${at & 255}`)).to.equal(true);
        expect(allowlists.admits(token, "10.9.9.9")).to.equal(false);
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
  let domain: Opened;
  let refusals: Refusals;
  let usage: TokenUsage;
  let verifier: TokenVerifier;
  beforeEach(async () => {
    domain = await openDomain();
    refusals = new Refusals(domain.store);
    usage = new TokenUsage(domain.store);
    verifier = verifierOver(domain.store, { prefix: "wxt" }, { usage, refusals });
  });
  afterEach(() => domain.dispose());

  const issue = (wanted: Partial<NewToken>) =>
    domain.tokens.create(domain.organizationId, operator, { name: "ci", scopes: ["connect:read"], ...wanted });
  const verify = (secret: string, ip: string) => verifier.verify(secret, { ip, requestId: "r-1" });

  it("is kept with its list as it was given, which the audit event shows", async () => {
    const allowedIps = ["10.0.0.0/8", "2001:DB8::/32"];
    const { token } = await issue({ allowedIps });
    expect((await domain.stored(token.id)).allowedIps).to.deep.equal(allowedIps);
    const [event] = await domain.audit(domain.organizationId, "token.create");
    expect(event?.after).to.deep.include({ allowedIps });
  });

  it("has none where the list is empty, and is not made where it is wrong", async () => {
    expect((await issue({ allowedIps: [] })).token).to.not.have.property("allowedIps");
    await refusalOf(issue({ allowedIps: ["10.1.2.3/8"] }), "invalid-value");
    expect((await domain.tokens.list(domain.organizationId, { limit: 10 })).items).to.have.length(1);
  });

  it("is accepted from there, and elsewhere refused as ip-not-allowed, counted and audited", async () => {
    const { token, secret } = await issue({ allowedIps: ["10.0.0.0/8"] });
    expect((await verify(secret, "10.1.2.3")).actor.id).to.equal(token.id);
    const { message, details } = await refusalOf(verify(secret, "192.0.2.7"), "ip-not-allowed");
    expect({ message, details }).to.deep.equal({
      message: "The credential cannot be used from this address.",
      details: {},
    });
    await usage.flush();
    await refusals.flush();
    expect(await domain.stored(token.id)).to.deep.include({ requestCount: 1, failedCount: 1 });
    const [event, ...more] = await domain.audit(domain.organizationId, "authentication.refused");
    expect(more).to.deep.equal([]);
    expect(event).to.deep.include({ outcome: "refused", ip: "192.0.2.7", requestId: "r-1" });
    expect(event?.details).to.deep.equal({ cause: "ip-not-allowed", count: 1 });
    expect(event?.actor.id).to.equal(token.id);
  });

  it("that is not good is refused as such, wherever it comes from", async () => {
    const { token, secret } = await issue({ allowedIps: ["10.0.0.0/8"] });
    await domain.tokens.revoke(domain.organizationId, operator, token.id);
    for (const ip of ["10.1.2.3", "192.0.2.7"]) await refusalOf(verify(secret, ip), "invalid-token");
  });

  it("binds the tokens that were made with it", async () => {
    const parent = await issue({ allowedIps: ["10.0.0.0/8"] });
    const child = await issue({ parentId: parent.token.id });
    expect((await verify(child.secret, "10.1.2.3")).actor.id).to.equal(child.token.id);
    await refusalOf(verify(child.secret, "192.0.2.7"), "ip-not-allowed");
    const narrower = await issue({ parentId: parent.token.id, allowedIps: ["10.1.0.0/16", "192.0.2.7"] });
    await refusalOf(verify(narrower.secret, "192.0.2.7"), "ip-not-allowed");
    await refusalOf(verify(narrower.secret, "10.2.0.1"), "ip-not-allowed");
  });
});
