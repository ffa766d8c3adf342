import { expect } from "chai";
import fc from "fast-check";
import { policyInput } from "../../../schemas/policy.ts";
import { canMatchTool } from "../../../schemas/tool-pattern.ts";
import { matches } from "./access-oracle.fixture.ts";

describe("Tool patterns that can never match", () => {
  const errorsOf = (effect: "allow" | "deny", mcpServers: string[], tools: string[]): string[] => {
    const result = policyInput.safeParse({ slug: "p", name: "P", effect, resources: { mcpServers, tools } });
    return (result.error?.issues ?? []).map(({ path, message }) => `${path.join(".")} ${message}`);
  };

  for (const pattern of [
    "GitHub__*",
    "__delete",
    "github__",
    "a_b__c",
    "git.hub__x",
    "-a__x",
    "a-__x",
    "x".repeat(129),
  ])
    it(`rejects ${pattern.slice(0, 20)}, and names the field and the fix`, () => {
      expect(errorsOf("deny", [], ["a__*", pattern])).to.deep.equal([
        "resources.tools.1 can never match a tool. Use a tool such as github__delete_* or delete_*",
      ]);
    });

  for (const pattern of ["delete_*", "*", "?", "*__*", "github__?", "*A__b", "a_*__b", "a__b__c", "*-a__x"])
    it(`accepts ${pattern}`, () => expect(errorsOf("deny", [], [pattern])).to.deep.equal([]));

  it("rejects a pattern of a server that the policy does not name", () => {
    expect(errorsOf("allow", ["github", "jira"], ["jira__*", "gitlab__*"])).to.deep.equal([
      "resources.tools.1 can match no tool of resources.mcpServers. Add its server there, or correct the pattern",
    ]);
    expect(errorsOf("allow", ["github"], ["git*__read", "read_*"])).to.deep.equal([]);
  });

  it("accepts every pattern that matches some tool, and rejects the others, as a search of all short tools shows", () => {
    const few = (characters: string, minLength: number, maxLength: number): fc.Arbitrary<string> =>
      fc.string({ unit: fc.constantFrom(...characters), minLength, maxLength });
    const strings = (characters: string, lengthMax: number): string[] =>
      lengthMax === 0
        ? [""]
        : ["", ...strings(characters, lengthMax - 1).flatMap((rest) => [...characters].map((each) => each + rest))];
    const slugs = strings("a-", 3).filter((each) => /^a([a-]*a)?$/.test(each));
    const names = strings("aA_-", 5).filter((each) => each !== "");
    const tools = [...new Set(slugs)].flatMap((slug) => [...new Set(names)].map((name) => `${slug}__${name}`));
    fc.assert(
      fc.property(few("aA_*?-", 0, 2), few("aA_*?", 0, 2), (head, tail) => {
        const pattern = `${head}__${tail}`;
        const canMatch = tools.some((tool) => matches(tool, pattern));
        expect(canMatchTool(pattern), pattern).to.equal(canMatch);
        expect(canMatchTool(pattern, "a"), `${pattern} on a`).to.equal(
          tools.some((tool) => tool.startsWith("a__") && matches(tool, pattern)),
        );
      }),
      { numRuns: 3000 },
    );
  });
});
