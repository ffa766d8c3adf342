import { expect } from "chai";
import fc from "fast-check";
import { normalize } from "../../src/store/normalize.ts";
import { anyCharacter } from "../support/any-character.ts";

const text = fc.string({ unit: anyCharacter });

describe("normalize", () => {
  const alike: readonly (readonly [string, string])[] = [
    ["Ada@Example.COM", "ada@example.com"],
    ["ÅSA", "åsa"],
    ["A\u030aSA", "åsa"], // composed and decomposed
    ["Ａｄａ", "ada"], // full width
    ["ﬁona", "fiona"], // ligature
    ["\u212a", "k"], // the Kelvin sign
    ["ⅳ", "iv"], // one Roman numeral
    ["ΟΔΥΣΣΕΥΣ", "οδυσσευς"],
    ["ΟΔΥΣΣΕΥΣ", "οδυσσευσ"],
    ["ДМИТРИЙ", "дмитрий"],
    ["İ", "i\u0307"],
  ];
  for (const [one, other] of alike) {
    it(`maps ${one} and ${other} to the same form`, () => expect(normalize(one)).to.equal(normalize(other)));
  }

  const different: readonly (readonly [string, string])[] = [
    ["ada", "adа"], // the last letter is Cyrillic
    ["asa", "åsa"],
    ["a b", "ab"],
    ["a", "a "],
    ["", " "],
    ["I", "ı"],
  ];
  for (const [one, other] of different) {
    it(`maps ${JSON.stringify(one)} and ${JSON.stringify(other)} to different forms`, () => {
      expect(normalize(one)).to.not.equal(normalize(other));
    });
  }

  it("is idempotent", () => {
    fc.assert(
      fc.property(text, (one) => normalize(normalize(one)) === normalize(one)),
      { numRuns: 1000 },
    );
  });

  it("ignores the case of letters with one uppercase and one lowercase form", () => {
    fc.assert(
      fc.property(text, (one) => {
        const [upper, lower] = [one.toUpperCase(), one.toLowerCase()];
        fc.pre(upper.toLowerCase() === lower && lower.toUpperCase() === upper);
        expect(normalize(upper)).to.equal(normalize(lower));
      }),
      { numRuns: 1000 },
    );
  });

  it("maps a prefix of a composed string to a prefix of its form", () => {
    const words = fc.stringMatching(/^[A-Za-zÀ-ÖØ-öø-ÿΑ-ΡΣ-Ωα-ωА-я .@]{0,30}$/);
    fc.assert(
      fc.property(words, words, (begin, rest) => normalize(begin + rest).startsWith(normalize(begin))),
      { numRuns: 1000 },
    );
  });

  it("takes linear time for any number of combining marks, and keeps different strings different", () => {
    const marks = "\u0301\u0316".repeat(50_000);
    expect(normalize(`A${marks}`)).to.equal(normalize(`a${marks}`));
    expect(normalize(`a${marks}`)).to.not.equal(normalize(`b${marks}`));
    expect(normalize(normalize(`A${marks}`))).to.equal(normalize(`A${marks}`));
    const doubled = "\u0344".repeat(100); // each decomposes to two marks
    expect(normalize(normalize(doubled))).to.equal(normalize(doubled));
  });

  it("keeps characters that a store rejects", () => {
    expect(normalize("a\0b")).to.equal("a\0b");
    expect(normalize("\ud800")).to.equal("\ud800");
  });
});
