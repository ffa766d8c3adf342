import { expect } from "chai";
import { deriveBase62 } from "../../../../src/domain/tokens/idempotency/derived-randomness.ts";

describe("deriveBase62", () => {
  const input = { credential: "wxt_credential", key: "key", salt: Buffer.alloc(32, 7).toString("base64url") };

  it("returns the same characters for the same input, and others if any part of it differs", () => {
    const derived = deriveBase62(input, 33);
    expect(derived).to.match(/^[0-9A-Za-z]{33}$/);
    expect(deriveBase62(input, 33)).to.equal(derived);
    const others = [{ credential: "wxt_other" }, { key: "other" }, { salt: Buffer.alloc(32, 8).toString("base64url") }];
    for (const other of others) expect(deriveBase62({ ...input, ...other }, 33)).to.not.equal(derived);
  });

  it("uses all 62 characters equally often", () => {
    const counts = new Map<string, number>();
    const rounds = 2000;
    for (let round = 0; round < rounds; round++)
      for (const character of deriveBase62({ ...input, key: String(round) }, 33))
        counts.set(character, (counts.get(character) ?? 0) + 1);
    const expected = (rounds * 33) / 62;
    expect(counts.size).to.equal(62);
    for (const [character, count] of counts) expect(count, character).to.be.within(0.8 * expected, 1.2 * expected);
  });
});
