import { expect } from "chai";
import fc from "fast-check";
import { canMatchWithPrefix, matchesPattern } from "../../../src/domain/access/pattern.ts";
import { matches } from "./access-oracle.fixture.ts";

describe("Tool patterns", () => {
  const rows: readonly (readonly [pattern: string, name: string, matches: boolean])[] = [
    ["github__search", "github__search", true],
    ["github__search", "github__search_code", false],
    ["github__search", "a_github__search", false],
    ["github__*", "github__search", true],
    ["github__*", "github__", true],
    ["github__*", "gitlab__search", false],
    ["*__delete_*", "github__delete_repo", true],
    ["*__delete_*", "github__undelete_repo", false],
    ["*delete*", "github__undelete_repo", true],
    ["git?ub__*", "github__search", true],
    ["github__read?", "github__read", false],
    ["github__read?", "github__read1", true],
    ["*", "anything", true],
    ["***", "anything", true],
    ["?*?", "a", false],
    ["?*?", "ab", true],
    ["*ab*abc", "ababcababc", true],
    ["", "a", false],
    // Characters with a special meaning in other pattern languages.
    ["a.c", "abc", false],
    ["a.c", "a.c", true],
    ["GITHUB__*", "github__search", false],
  ];
  for (const [pattern, name, expected] of rows) {
    it(`${pattern || "(empty)"} ${expected ? "matches" : "does not match"} ${name}`, () => {
      expect(matchesPattern(name, pattern)).to.equal(expected);
      expect(matches(name, pattern), "by definition").to.equal(expected);
    });
  }

  const few = (characters: string, maxLength: number): fc.Arbitrary<string> =>
    fc.string({ unit: fc.constantFrom(...characters), maxLength });

  it("match as a naive implementation does, for any pattern and name", () => {
    fc.assert(
      fc.property(few("ab", 8), few("ab*?", 7), (name, pattern) => {
        expect(matchesPattern(name, pattern)).to.equal(matches(name, pattern));
      }),
      { numRuns: 5000 },
    );
  });

  it("are skipped for a server only if they can match no tool of it", () => {
    fc.assert(
      fc.property(few("ab", 4), few("ab", 4), few("ab*?", 7), (beginning, rest, pattern) => {
        if (matches(beginning + rest, pattern)) expect(canMatchWithPrefix(beginning, pattern)).to.equal(true);
      }),
      { numRuns: 5000 },
    );
    expect(canMatchWithPrefix("jira__", "github__*")).to.equal(false);
    expect(canMatchWithPrefix("jira__", "jira")).to.equal(false);
  });

  it("cost at most the product of both lengths, even for hostile patterns", () => {
    const name = "a".repeat(193);
    const hostile = [
      `${"*a".repeat(99)}b`,
      `${"*a?".repeat(66)}b`,
      `*${"a".repeat(98)}b*${"a".repeat(98)}b`,
      `${"*".repeat(199)}b`,
      `${"?*".repeat(99)}b`,
    ];
    for (const pattern of hostile) {
      let spent = 0;
      expect(
        matchesPattern(name, pattern, (steps) => {
          spent += steps;
        }),
      ).to.equal(false);
      expect(spent, pattern).to.be.within(1, (name.length + 1) * (pattern.length + 1));
    }
  });
});
