import type { AccessExplanation, AccessStep, AccessTokenObstacle, AccessTool } from "../../../../../schemas/access.ts";
import type { accessKinds } from "../../../api/resources/access.ts";

export type AccessKindName = keyof typeof accessKinds;

/** The kinds of resources, as headings and in sentences. */
export const kindTexts: Readonly<Record<AccessKindName, string>> = {
  "mcp-servers": "MCP servers",
  toolkits: "Toolkits",
  skills: "Skills",
  commands: "Commands",
};

/** The class of the mark before a verdict. */
export const verdictClasses: Readonly<Record<AccessExplanation["verdict"] | "not-given", string>> = {
  allowed: "active",
  denied: "revoked",
  inactive: "disabled",
  "not-given": "disabled",
};

export const verdictTexts: Readonly<Record<AccessExplanation["verdict"], string>> = {
  allowed: "allowed",
  denied: "denied",
  inactive: "inactive",
};

/** What decides about a tool. */
export const toolTexts: Readonly<Record<AccessTool["verdict"], string>> = {
  allowed: "allowed",
  denied: "denied by a policy",
  inactive: "disabled for all users",
  "not-given": "not granted: policies allow other tools of the server only",
};

/** What prevents that a token is used. */
export const obstacleTexts: Readonly<Record<AccessTokenObstacle, string>> = {
  "not-active": "The token, or one that it depends on, is not active.",
  "other-user": "It is a personal token of another user.",
  scope: "It has no scope for this: reading requires connect:read, calling a tool connect:call.",
  environment: "It is restricted to another environment.",
  "mcp-server": "It is restricted to other MCP servers.",
  risk: "It is restricted to tools of a lower risk.",
};

/** What a check is about. */
export const checkTexts: Readonly<Record<AccessStep["check"], string>> = {
  user: "User",
  owner: "Owner",
  resource: "Resource",
  grant: "Assignment or policy that grants it",
  denial: "Policy that denies it",
  tool: "Tool",
  token: "Token",
};
