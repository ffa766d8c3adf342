import { expect } from "chai";
import { type Scope, scope, tokenType } from "../../../schemas/token.ts";
import { allowedScopes, expandScopes } from "../../../src/domain/tokens/scopes.ts";

/** What each scope opens, written out. */
const table: Readonly<Record<Scope, readonly Scope[]>> = {
  all: [
    "all",
    "admin:read",
    "admin:write",
    "admin:scim",
    "admin:tokens",
    "connect:read",
    "connect:write",
    "connect:exchange-auth",
  ],
  "admin:write": ["admin:write", "admin:read", "admin:scim"],
  "admin:read": ["admin:read"],
  "admin:scim": ["admin:scim"],
  "admin:tokens": ["admin:tokens"],
  "connect:write": ["connect:write", "connect:read", "connect:exchange-auth"],
  "connect:read": ["connect:read"],
  "connect:exchange-auth": ["connect:exchange-auth"],
};

describe("expandScopes", () => {
  for (const [name, opened] of Object.entries(table)) {
    it(`${name} opens ${opened.join(", ")} and nothing else`, () => {
      expect([...expandScopes([name as Scope])]).to.have.members(opened);
    });
  }

  it("a record without scopes is older than scopes and opens all", () => {
    expect([...expandScopes(undefined)]).to.have.members(scope.options);
  });

  it("an empty list opens nothing", () => {
    expect([...expandScopes([])]).to.deep.equal([]);
  });

  it("several scopes open what each of them opens, in any order", () => {
    const both = ["admin:read", "admin:scim", "connect:read"];
    expect([...expandScopes(["admin:read", "admin:scim", "connect:read"])]).to.have.members(both);
    expect([...expandScopes(["connect:read", "admin:scim", "admin:read", "admin:read"])]).to.have.members(both);
  });

  it("nothing but all opens the management of tokens", () => {
    for (const each of scope.options) {
      const opensTokens = each === "all" || each === "admin:tokens";
      expect(expandScopes([each]).has("admin:tokens"), each).to.equal(opensTokens);
    }
  });
});

describe("allowedScopes", () => {
  it("an mcp token can only read, by construction", () => {
    expect(allowedScopes.mcp).to.deep.equal(["connect:read"]);
  });

  it("a scim token can only provision", () => {
    expect(allowedScopes.scim).to.deep.equal(["admin:scim"]);
  });

  it("an agent token has no scope of the administration", () => {
    expect(allowedScopes.agent).to.have.members(["connect:read", "connect:write", "connect:exchange-auth"]);
    for (const each of expandScopes(allowedScopes.agent)) expect(each).to.match(/^connect:/);
  });

  it("an admin token can have every scope", () => {
    expect(allowedScopes.admin).to.have.members(scope.options);
  });

  it("no type's scopes open one that the type may not have", () => {
    for (const type of tokenType.options) {
      expect(allowedScopes[type]).to.include.members([...expandScopes(allowedScopes[type])]);
    }
  });
});
