import { type Scope, scope, type TokenType } from "../../../schemas/token.ts";

/** The scopes that each scope includes directly. `all` includes every other scope, directly or indirectly. */
const impliedScopes: Readonly<Record<Scope, readonly Scope[]>> = {
  all: ["admin:write", "admin:tokens", "connect:write"],
  "admin:write": ["admin:read", "admin:scim"],
  "admin:read": [],
  "admin:scim": [],
  "admin:tokens": [],
  "connect:write": ["connect:read", "connect:call", "connect:exchange-auth"],
  "connect:read": [],
  "connect:call": [],
  "connect:exchange-auth": [],
};

/**
 * Returns these scopes and all scopes that they include.
 * @param scopes undefined for a record that is older than scopes, which has full access (`all`)
 */
export function expandScopes(scopes: readonly Scope[] | undefined): ReadonlySet<Scope> {
  const expanded = new Set<Scope>();
  const addImplied = (scope: Scope): void => {
    expanded.add(scope);
    impliedScopes[scope].forEach(addImplied);
  };
  for (const scope of scopes ?? ["all"]) addImplied(scope as Scope);
  return expanded;
}

/** The scopes that a token of each type can have. `mcp` is read-only by construction. */
export const allowedScopes: Readonly<Record<TokenType, readonly Scope[]>> = {
  admin: scope.options,
  scim: ["admin:scim"],
  mcp: ["connect:read"],
  agent: ["connect:read", "connect:write", "connect:call", "connect:exchange-auth"],
};

/** Whether a token of this type can have this scope, directly or by inclusion. */
export const canHaveScope = (type: TokenType, scope: Scope): boolean => expandScopes(allowedScopes[type]).has(scope);

/** The default scopes of each type. The type `admin` has none, because an admin token must name its scopes. */
export const defaultScopes: Readonly<Record<TokenType, readonly Scope[]>> = {
  admin: [],
  scim: ["admin:scim"],
  mcp: ["connect:read"],
  agent: ["connect:write"],
};
