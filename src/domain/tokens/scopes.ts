import { type Scope, scope, type TokenType } from "../../../schemas/token.ts";

/** Which scopes a scope includes directly; `all` includes every one. */
const included: Readonly<Record<Scope, readonly Scope[]>> = {
  all: ["admin:write", "admin:tokens", "connect:write"],
  "admin:write": ["admin:read", "admin:scim"],
  "admin:read": [],
  "admin:scim": [],
  "admin:tokens": [],
  "connect:write": ["connect:read", "connect:exchange-auth"],
  "connect:read": [],
  "connect:exchange-auth": [],
};

/**
 * All scopes that these open, the included ones spelled out.
 * @param scopes undefined for a record that is older than scopes, which means `all`
 */
export function expandScopes(scopes: readonly Scope[] | undefined): ReadonlySet<Scope> {
  const open = new Set<Scope>();
  const visit = (scope: Scope): void => {
    open.add(scope);
    included[scope].forEach(visit);
  };
  for (const scope of scopes ?? ["all"]) visit(scope as Scope);
  return open;
}

/** The scopes that each type of token may have. `mcp` is read-only by construction. */
export const allowedScopes: Readonly<Record<TokenType, readonly Scope[]>> = {
  admin: scope.options,
  scim: ["admin:scim"],
  mcp: ["connect:read"],
  agent: ["connect:read", "connect:write", "connect:exchange-auth"],
};

/** Whether a token of this type can have this scope, in whatever way. */
export const canHave = (type: TokenType, scope: Scope): boolean => expandScopes(allowedScopes[type]).has(scope);

/** What a token of each type has when nothing is said; an admin token can be anything, so that it has to be said. */
export const typicalScopes: Readonly<Record<TokenType, readonly Scope[]>> = {
  admin: [],
  scim: ["admin:scim"],
  mcp: ["connect:read"],
  agent: ["connect:write"],
};
