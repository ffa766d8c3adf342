import type { Scope, TokenType } from "../../../../schemas/token.ts";

/** What each type of token is for. */
export const typeTexts: Readonly<Record<TokenType, string>> = {
  admin: "Scripts, Terraform and administrators.",
  scim: "An identity provider that provisions users and groups.",
  mcp: "An MCP client. Read-only: it lists what a user may use, and calls no tool.",
  agent: "A plugin or an agent that acts for users and calls tools.",
};

/** What each scope grants. */
export const scopeTexts: Readonly<Record<Scope, string>> = {
  all: "Full access to the organization.",
  "admin:read": "Read the catalog, users, groups and policies.",
  "admin:write": "Read and change the catalog, users, groups and policies.",
  "admin:scim": "Provision users and groups through SCIM.",
  "admin:tokens": "Manage tokens.",
  "connect:read": "Read what a user may use.",
  "connect:write": "Read and change the resources and connections of a user.",
  "connect:call": "Call tools of MCP servers.",
  "connect:exchange-auth": "Exchange the JWT of an identity provider for a personal token.",
};
