import { expect } from "chai";
import fc from "fast-check";
import { fold } from "../../src/domain/fold.ts";

const text = fc.string({ unit: "binary" });

describe("fold", () => {
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
    it(`takes ${one} and ${other} for the same`, () => expect(fold(one)).to.equal(fold(other)));
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
    it(`keeps ${JSON.stringify(one)} and ${JSON.stringify(other)} apart`, () => {
      expect(fold(one)).to.not.equal(fold(other));
    });
  }

  it("of what is folded already changes nothing", () => {
    fc.assert(
      fc.property(text, (one) => fold(fold(one)) === fold(one)),
      { numRuns: 1000 },
    );
  });

  it("does not see the case of any letter whose two cases are one letter each", () => {
    fc.assert(
      fc.property(text, (one) => {
        const [upper, lower] = [one.toUpperCase(), one.toLowerCase()];
        fc.pre(upper.toLowerCase() === lower && lower.toUpperCase() === upper);
        expect(fold(upper)).to.equal(fold(lower));
      }),
      { numRuns: 1000 },
    );
  });

  it("of a beginning is the beginning of the whole's, for words that are composed already", () => {
    const words = fc.stringMatching(/^[A-Za-zÀ-ÖØ-öø-ÿΑ-ΡΣ-Ωα-ωА-я .@]{0,30}$/);
    fc.assert(
      fc.property(words, words, (begin, rest) => fold(begin + rest).startsWith(fold(begin))),
      { numRuns: 1000 },
    );
  });

  it("takes time linear in any number of marks that follow each other, and still tells texts apart", () => {
    const marks = "\u0301\u0316".repeat(50_000);
    expect(fold(`A${marks}`)).to.equal(fold(`a${marks}`));
    expect(fold(`a${marks}`)).to.not.equal(fold(`b${marks}`));
    expect(fold(fold(`A${marks}`))).to.equal(fold(`A${marks}`));
    const doubled = "\u0344".repeat(100); // each is two marks when it is taken apart
    expect(fold(fold(doubled))).to.equal(fold(doubled));
  });

  it("neither adds nor takes away what a store cannot keep", () => {
    expect(fold("a\0b")).to.equal("a\0b");
    expect(fold("\ud800")).to.equal("\ud800");
  });
});
