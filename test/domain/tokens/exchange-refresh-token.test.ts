import { expect } from "chai";
import fc from "fast-check";
import { hashesOfRefreshToken, mintRefreshToken } from "../../../src/domain/tokens/exchange-refresh-token.ts";
import { isWellFormed, mintSecret } from "../../../src/domain/tokens/format.ts";

const settings = fc.record(
  { prefix: fc.stringMatching(/^[a-z][a-z0-9]{1,7}$/), pepper: fc.string({ minLength: 16 }) },
  { requiredKeys: ["prefix"] },
);

describe("A refresh token", () => {
  it("is known by its family, and so are all that come after it", () => {
    fc.assert(
      fc.property(settings, (of) => {
        const first = mintRefreshToken(of);
        const second = mintRefreshToken(of, first.secret);
        const third = mintRefreshToken(of, second.secret);
        for (const { secret, familyHash, refreshHash } of [first, second, third]) {
          const hashes = hashesOfRefreshToken(secret, of);
          expect(hashes?.family).to.include(familyHash).and.include(first.familyHash);
          expect(hashes?.refresh).to.include(refreshHash);
        }
        expect(new Set([first, second, third].map(({ refreshHash }) => refreshHash)).size).to.equal(3);
      }),
    );
  });

  it("is of no other family", () => {
    const [one, other] = [mintRefreshToken({ prefix: "wxt" }), mintRefreshToken({ prefix: "wxt" })];
    expect(one.familyHash).to.not.equal(other.familyHash);
  });

  it("is known from before there was a pepper", () => {
    const { secret, familyHash, refreshHash } = mintRefreshToken({ prefix: "wxt" });
    const hashes = hashesOfRefreshToken(secret, { prefix: "wxt", pepper: "a pepper of some length" });
    expect(hashes?.family).to.include(familyHash);
    expect(hashes?.refresh).to.include(refreshHash);
  });

  it("is never taken for a token, nor a token for one", () => {
    fc.assert(
      fc.property(settings, (of) => {
        expect(isWellFormed(mintRefreshToken(of).secret, of.prefix)).to.equal(false);
        expect(hashesOfRefreshToken(mintSecret(of.prefix), of)).to.equal(undefined);
      }),
    );
  });

  it("is nothing that anybody makes up", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^wxtr_[0-9A-Za-z]{33}000000$/)), (text) => {
        expect(hashesOfRefreshToken(text, { prefix: "wxt" })).to.equal(undefined);
      }),
    );
  });
});
