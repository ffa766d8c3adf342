import { expect } from "chai";
import fc from "fast-check";
import { assignWireNames, parseWireName } from "../../../src/domain/mcp/wire-names.ts";

const slugs = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/);
const toolNames = fc.uniqueArray(fc.stringMatching(/^[A-Za-z0-9_.-]{1,128}$/), { maxLength: 20 });

describe("assignWireNames", () => {
  it("joins the slug and the name with two underscores, and replaces dots", () => {
    expect([...assignWireNames("git-hub", ["create_issue", "repo.list"])]).to.deep.equal([
      ["git-hub__create_issue", "create_issue"],
      ["git-hub__repo_list", "repo.list"],
    ]);
  });

  it("assigns every tool a unique name of at most 56 letters, digits, hyphens and underscores", () => {
    fc.assert(
      fc.property(slugs, toolNames, (slug, names) => {
        const assigned = assignWireNames(slug, names);
        expect([...assigned.values()].sort()).to.deep.equal([...names].sort());
        for (const wireName of assigned.keys()) expect(wireName).to.match(/^[A-Za-z0-9_-]{1,56}$/);
      }),
    );
  });

  it("assigns the same names in any order of the tools", () => {
    fc.assert(
      fc.property(slugs, toolNames, (slug, names) => {
        const reversed = assignWireNames(slug, [...names].reverse());
        for (const [wireName, name] of assignWireNames(slug, names)) expect(reversed.get(wireName)).to.equal(name);
      }),
    );
  });

  it("keeps the name of a tool without dots when a tool is added whose name would be equal", () => {
    const assigned = assignWireNames("s", ["a.b", "a_b", "a.c"]);
    expect(assigned.get("s__a_b")).to.equal("a_b");
    expect(assigned.get("s__a_c")).to.equal("a.c");
    expect([...assigned].find(([, name]) => name === "a.b")?.[0]).to.match(/^s__a_b_[0-9a-f]{8}$/);
  });

  it("distinguishes two long names that differ at the end", () => {
    const long = "x".repeat(120);
    const [one, other] = [...assignWireNames("server", [`${long}1`, `${long}2`]).keys()];
    expect(one).to.have.length(56).and.not.equal(other);
  });
});

describe("parseWireName", () => {
  it("finds the server of every assigned name, by its slug or by a prefix of it", () => {
    fc.assert(
      fc.property(slugs, toolNames, (slug, names) => {
        for (const wireName of assignWireNames(slug, names).keys()) {
          const lookup = parseWireName(wireName);
          if (lookup && "slug" in lookup) expect(lookup.slug).to.equal(slug);
          else expect(slug.startsWith(lookup?.slugPrefix ?? "none")).to.equal(true);
        }
      }),
    );
  });

  it("finds none in a name that no tool can have", () => {
    for (const name of ["", "whoami", "__x", "a__", "A__b", "a__b c", "a/b__c", "usr_1/x__y"])
      expect(parseWireName(name), name).to.equal(undefined);
  });
});
