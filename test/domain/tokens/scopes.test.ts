import { expect } from "chai";
import { type Scope, scope, tokenType } from "../../../schemas/token.ts";
import { allowedScopes, expandScopes } from "../../../src/domain/tokens/scopes.ts";

/** All scopes that each scope grants. */
const grantedScopes: Readonly<Record<Scope, readonly Scope[]>> = {
  all: [
    "all",
    "admin:read",
    "admin:write",
    "admin:scim",
    "admin:tokens",
    "connect:read",
    "connect:write",
    "connect:call",
    "connect:exchange-auth",
  ],
  "admin:write": ["admin:write", "admin:read", "admin:scim"],
  "admin:read": ["admin:read"],
  "admin:scim": ["admin:scim"],
  "admin:tokens": ["admin:tokens"],
  "connect:write": ["connect:write", "connect:read", "connect:call", "connect:exchange-auth"],
  "connect:read": ["connect:read"],
  "connect:call": ["connect:call"],
  "connect:exchange-auth": ["connect:exchange-auth"],
};

describe("expandScopes", () => {
  for (const [name, granted] of Object.entries(grantedScopes)) {
    it(`expands ${name} to ${granted.join(", ")}`, () => {
      expect([...expandScopes([name as Scope])]).to.have.members(granted);
    });
  }

  it("expands a record without scopes, which is older than scopes, to all scopes", () => {
    expect([...expandScopes(undefined)]).to.have.members(scope.options);
  });

  it("expands an empty list to nothing", () => {
    expect([...expandScopes([])]).to.deep.equal([]);
  });

  it("expands several scopes to their union, in any order", () => {
    const both = ["admin:read", "admin:scim", "connect:read"];
    expect([...expandScopes(["admin:read", "admin:scim", "connect:read"])]).to.have.members(both);
    expect([...expandScopes(["connect:read", "admin:scim", "admin:read", "admin:read"])]).to.have.members(both);
  });

  it("includes admin:tokens in no other scope than all", () => {
    for (const each of scope.options) {
      const grantsTokens = each === "all" || each === "admin:tokens";
      expect(expandScopes([each]).has("admin:tokens"), each).to.equal(grantsTokens);
    }
  });
});

describe("allowedScopes", () => {
  it("limits an mcp token to connect:read", () => {
    expect(allowedScopes.mcp).to.deep.equal(["connect:read"]);
  });

  it("limits a scim token to admin:scim", () => {
    expect(allowedScopes.scim).to.deep.equal(["admin:scim"]);
  });

  it("allows an agent token no admin scope", () => {
    expect(allowedScopes.agent).to.have.members([
      "connect:read",
      "connect:write",
      "connect:call",
      "connect:exchange-auth",
    ]);
    for (const each of expandScopes(allowedScopes.agent)) expect(each).to.match(/^connect:/);
  });

  it("allows an admin token every scope", () => {
    expect(allowedScopes.admin).to.have.members(scope.options);
  });

  it("allows no scope that includes a scope the type cannot have", () => {
    for (const type of tokenType.options) {
      expect(allowedScopes[type]).to.include.members([...expandScopes(allowedScopes[type])]);
    }
  });
});
