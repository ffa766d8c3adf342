import { expect } from "chai";
import fc from "fast-check";
import {
  candidateHashes,
  hashSecret,
  hasTokenFormat,
  mintSecret,
  visiblePrefix,
} from "../../../../src/domain/tokens/issue/format.ts";
import { anyCharacter } from "../../../support/any-character.ts";

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const prefixes = fc.stringMatching(/^[a-z][a-z0-9]{1,7}$/);
/** A secret with the default prefix, and an index into it. */
const secretAndIndex = fc.tuple(fc.constant("wxt").map(mintSecret), fc.nat({ max: 42 }));

const replacedAt = (text: string, at: number, by: string): string => text.slice(0, at) + by + text.slice(at + 1);

describe("mintSecret", () => {
  it("creates a well-formed token with any prefix", () => {
    fc.assert(fc.property(prefixes, (prefix) => hasTokenFormat(mintSecret(prefix), prefix)));
  });

  it("creates 43 characters that match the pattern for secret scanners", () => {
    for (let count = 0; count < 100; count++) {
      const secret = mintSecret("wxt");
      expect(secret).to.have.length(43);
      expect(`a line with "${secret}" in it`).to.match(/\bwxt_[0-9A-Za-z]{39}\b/);
    }
  });

  it("never creates the same secret twice and uses every base62 character", () => {
    const secrets = Array.from({ length: 500 }, () => mintSecret("wxt"));
    expect(new Set(secrets).size).to.equal(500);
    const used = new Set(secrets.flatMap((secret) => [...secret.slice(4, 37)]));
    expect([...used].sort().join("")).to.equal([...alphabet].sort().join(""));
  });
});

describe("hasTokenFormat", () => {
  it("accepts the documented checksum: base62 of CRC-32, most significant digit first, padded with 0", () => {
    // zlib.crc32(b"wxt_" + b"A" * 33) == 39548148, computed independently of the code under test
    expect(hasTokenFormat(`wxt_${"A".repeat(33)}02fwHM`, "wxt")).to.equal(true);
  });

  it("rejects any single changed character", () => {
    fc.assert(
      fc.property(secretAndIndex, fc.constantFrom(...alphabet, "_", "-", " ", "é"), ([secret, at], other) => {
        fc.pre(secret[at] !== other);
        expect(hasTokenFormat(replacedAt(secret, at, other), "wxt")).to.equal(false);
      }),
      { numRuns: 1000 },
    );
  });

  it("rejects any two swapped adjacent characters", () => {
    fc.assert(
      fc.property(secretAndIndex, ([secret, at]) => {
        const [one = "", two = ""] = secret.slice(at, at + 2);
        fc.pre(two !== "" && one !== two);
        expect(hasTokenFormat(secret.slice(0, at) + two + one + secret.slice(at + 2), "wxt")).to.equal(false);
      }),
      { numRuns: 1000 },
    );
  });

  it("rejects one character more or fewer at either end", () => {
    fc.assert(
      fc.property(fc.constant("wxt").map(mintSecret), fc.constantFrom(...alphabet, " ", "\n", "\0"), (secret, more) => {
        for (const wrong of [secret + more, more + secret, secret.slice(1), secret.slice(0, -1)]) {
          expect(hasTokenFormat(wrong, "wxt")).to.equal(false);
        }
      }),
    );
  });

  it("rejects the tokens of every other prefix", () => {
    fc.assert(
      fc.property(prefixes, prefixes, (mine, theirs) => {
        fc.pre(mine !== theirs);
        expect(hasTokenFormat(mintSecret(theirs), mine)).to.equal(false);
      }),
    );
  });

  it("rejects junk, including junk of the right length and characters", () => {
    fc.assert(fc.property(fc.string({ unit: anyCharacter }), (junk) => !hasTokenFormat(junk, "wxt")));
    fc.assert(fc.property(fc.stringMatching(/^wxt_[0-9A-Za-z]{39}$/), (junk) => !hasTokenFormat(junk, "wxt")));
  });
});

describe("hashSecret", () => {
  it("starts with its algorithm, differs by secret and pepper, and does not contain the secret", () => {
    const [one, two] = [mintSecret("wxt"), mintSecret("wxt")];
    const hashes = [one, two].flatMap((secret) =>
      [undefined, "a pepper of length", "another pepper here"].map((pepper) => hashSecret(secret, pepper)),
    );
    expect(new Set(hashes).size).to.equal(6);
    expect(hashes.map((hash) => hash.split(":")[0])).to.deep.equal([
      "s256",
      "hs256",
      "hs256",
      "s256",
      "hs256",
      "hs256",
    ]);
    for (const hash of hashes) expect(hash).to.not.contain(one.slice(4)).and.not.contain(two.slice(4));
    expect(hashSecret(one, "a pepper of length")).to.equal(hashes[1]);
  });

  it("is plain SHA-256 in base64url without a pepper", () => {
    expect(hashSecret("abc", undefined)).to.equal("s256:ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
  });
});

describe("candidateHashes", () => {
  it("returns the peppered and the plain hash, or only the plain hash without a pepper", () => {
    const secret = mintSecret("wxt");
    const plain = hashSecret(secret, undefined);
    expect(candidateHashes(secret, undefined)).to.deep.equal([plain]);
    expect(candidateHashes(secret, "pepper")).to.deep.equal([hashSecret(secret, "pepper"), plain]);
  });
});

describe("visiblePrefix", () => {
  it("returns 12 characters: the prefix and at most 8 of the 33 random ones", () => {
    const secret = mintSecret("wxt");
    expect(visiblePrefix(secret)).to.equal(secret.slice(0, 12));
  });
});
