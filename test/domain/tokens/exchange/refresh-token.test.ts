import { expect } from "chai";
import fc from "fast-check";
import { hashRefreshToken, mintRefreshToken } from "../../../../src/domain/tokens/exchange/refresh-token.ts";
import { hasTokenFormat, mintSecret } from "../../../../src/domain/tokens/issue/format.ts";

const settings = fc.record(
  { prefix: fc.stringMatching(/^[a-z][a-z0-9]{1,7}$/), pepper: fc.string({ minLength: 16 }) },
  { requiredKeys: ["prefix"] },
);

describe("Refresh tokens", () => {
  it("share the family hash with all their successors", () => {
    fc.assert(
      fc.property(settings, (of) => {
        const first = mintRefreshToken(of);
        const second = mintRefreshToken(of, first.secret);
        const third = mintRefreshToken(of, second.secret);
        for (const { secret, familyHash, refreshHash } of [first, second, third]) {
          const hashes = hashRefreshToken(secret, of);
          expect(hashes?.family).to.include(familyHash).and.include(first.familyHash);
          expect(hashes?.refresh).to.include(refreshHash);
        }
        expect(new Set([first, second, third].map(({ refreshHash }) => refreshHash)).size).to.equal(3);
      }),
    );
  });

  it("of different families have different family hashes", () => {
    const [one, other] = [mintRefreshToken({ prefix: "wxt" }), mintRefreshToken({ prefix: "wxt" })];
    expect(one.familyHash).to.not.equal(other.familyHash);
  });

  it("are recognized by their plain hash after a pepper was set", () => {
    const { secret, familyHash, refreshHash } = mintRefreshToken({ prefix: "wxt" });
    const hashes = hashRefreshToken(secret, { prefix: "wxt", pepper: "a pepper of some length" });
    expect(hashes?.family).to.include(familyHash);
    expect(hashes?.refresh).to.include(refreshHash);
  });

  it("never have the format of access tokens, nor access tokens the format of refresh tokens", () => {
    fc.assert(
      fc.property(settings, (of) => {
        expect(hasTokenFormat(mintRefreshToken(of).secret, of.prefix)).to.equal(false);
        expect(hashRefreshToken(mintSecret(of.prefix), of)).to.equal(undefined);
      }),
    );
  });

  it("cannot be made up without a valid checksum", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^wxtr_[0-9A-Za-z]{33}000000$/)), (text) => {
        expect(hashRefreshToken(text, { prefix: "wxt" })).to.equal(undefined);
      }),
    );
  });
});
