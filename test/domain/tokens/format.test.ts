import { expect } from "chai";
import fc from "fast-check";
import {
  hashSecret,
  isWellFormed,
  mintSecret,
  possibleHashes,
  visiblePrefix,
} from "../../../src/domain/tokens/format.ts";

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const prefixes = fc.stringMatching(/^[a-z][a-z0-9]{1,7}$/);
/** A secret minted with the default prefix, and a place in it. */
const secretAndPlace = fc.tuple(fc.constant("wxt").map(mintSecret), fc.nat({ max: 42 }));

const replacedAt = (text: string, at: number, by: string): string => text.slice(0, at) + by + text.slice(at + 1);

describe("mintSecret", () => {
  it("makes a well-formed token of any prefix", () => {
    fc.assert(fc.property(prefixes, (prefix) => isWellFormed(mintSecret(prefix), prefix)));
  });

  it("makes 43 characters with the default prefix, as the pattern that secret scanners are given says", () => {
    for (let count = 0; count < 100; count++) {
      const secret = mintSecret("wxt");
      expect(secret).to.have.length(43);
      expect(`a line with "${secret}" in it`).to.match(/\bwxt_[0-9A-Za-z]{39}\b/);
    }
  });

  it("never makes the same one twice, and uses every character of base62", () => {
    const secrets = Array.from({ length: 500 }, () => mintSecret("wxt"));
    expect(new Set(secrets).size).to.equal(500);
    const used = new Set(secrets.flatMap((secret) => [...secret.slice(4, 37)]));
    expect([...used].sort().join("")).to.equal([...alphabet].sort().join(""));
  });
});

describe("isWellFormed", () => {
  it("accepts the checksum that is published: base62 of CRC-32, most significant digit first, padded with 0", () => {
    // zlib.crc32(b"wxt_" + b"A" * 33) == 39548148, worked out apart from the code under test
    expect(isWellFormed(`wxt_${"A".repeat(33)}02fwHM`, "wxt")).to.equal(true);
  });

  it("refuses any single changed character", () => {
    fc.assert(
      fc.property(secretAndPlace, fc.constantFrom(...alphabet, "_", "-", " ", "é"), ([secret, at], other) => {
        fc.pre(secret[at] !== other);
        expect(isWellFormed(replacedAt(secret, at, other), "wxt")).to.equal(false);
      }),
      { numRuns: 1000 },
    );
  });

  it("refuses any two different neighbours in the wrong order", () => {
    fc.assert(
      fc.property(secretAndPlace, ([secret, at]) => {
        const [one = "", two = ""] = secret.slice(at, at + 2);
        fc.pre(two !== "" && one !== two);
        expect(isWellFormed(secret.slice(0, at) + two + one + secret.slice(at + 2), "wxt")).to.equal(false);
      }),
      { numRuns: 1000 },
    );
  });

  it("refuses one character more or fewer, at either end", () => {
    fc.assert(
      fc.property(fc.constant("wxt").map(mintSecret), fc.constantFrom(...alphabet, " ", "\n", "\0"), (secret, more) => {
        for (const wrong of [secret + more, more + secret, secret.slice(1), secret.slice(0, -1)]) {
          expect(isWellFormed(wrong, "wxt")).to.equal(false);
        }
      }),
    );
  });

  it("refuses the tokens of every other prefix", () => {
    fc.assert(
      fc.property(prefixes, prefixes, (mine, theirs) => {
        fc.pre(mine !== theirs);
        expect(isWellFormed(mintSecret(theirs), mine)).to.equal(false);
      }),
    );
  });

  it("refuses junk, also junk of the right length and characters", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), (junk) => !isWellFormed(junk, "wxt")));
    fc.assert(fc.property(fc.stringMatching(/^wxt_[0-9A-Za-z]{39}$/), (junk) => !isWellFormed(junk, "wxt")));
  });
});

describe("hashSecret", () => {
  it("names its algorithm, differs by secret and by pepper, and does not contain the secret", () => {
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

  it("is plain SHA-256 in base64url, which other programs can check", () => {
    expect(hashSecret("abc", undefined)).to.equal("s256:ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
  });
});

describe("possibleHashes", () => {
  it("is the peppered hash and the plain one of before there was a pepper, or the plain one alone", () => {
    const secret = mintSecret("wxt");
    const plain = hashSecret(secret, undefined);
    expect(possibleHashes(secret, undefined)).to.deep.equal([plain]);
    expect(possibleHashes(secret, "pepper")).to.deep.equal([hashSecret(secret, "pepper"), plain]);
  });
});

describe("visiblePrefix", () => {
  it("shows 12 characters: the prefix and at most 8 of the 33 random ones", () => {
    const secret = mintSecret("wxt");
    expect(visiblePrefix(secret)).to.equal(secret.slice(0, 12));
  });
});
