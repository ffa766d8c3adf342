import type { AccessExplanation, AccessStep, AccessTokenObstacle } from "../../../schemas/access.ts";
import type { McpServer, Tool } from "../../../schemas/mcp-server.ts";
import type { Token } from "../../../schemas/token.ts";
import type { User } from "../../../schemas/user.ts";
import type { AssignableKind } from "../catalog/resource.ts";
import { expandScopes } from "../tokens/scopes.ts";
import { toTokenStatus } from "../tokens/status.ts";
import { type EffectiveAccess, isEnabled } from "./effective-access.ts";
import type { ExplainableResource } from "./explanation.ts";
import { isInEnvironment, isListedServer } from "./restriction.ts";
import { isRiskWithin } from "./tool-risk.ts";

/** A token, and whether the tokens that it depends on are active. */
export interface TokenInDecision {
  readonly token: Token;
  readonly areAncestorsActive: boolean;
}

/** What is decided about: whether a user can use a resource or a tool of it, also with a token. */
export interface DecisionSubject {
  readonly user: Pick<User, "id" | "active">;
  readonly kind: AssignableKind;
  readonly resource: ExplainableResource;
  /** A tool of the MCP server. */
  readonly tool?: Tool | undefined;
  readonly token?: TokenInDecision | undefined;
}

/**
 * Decides check by check whether a user can use a resource. The rules are those of `EffectiveAccess`.
 * @param access of the user, without a restriction
 * @param explanation of the resource for the same access
 * @returns all checks, also those after one that has failed; the user can use it if all have passed
 */
export function decideAccess(
  access: EffectiveAccess,
  { assignments, policies }: AccessExplanation,
  subject: DecisionSubject,
): readonly AccessStep[] {
  const { user, kind, resource, tool, token } = subject;
  const steps: AccessStep[] = [{ check: "user", outcome: toOutcome(user.active) }];
  if (resource.ownerId !== undefined) steps.push({ check: "owner", outcome: "passed" });
  else {
    const byEffect = (effect: "allow" | "deny") => policies.filter((each) => each.effect === effect);
    const grant = { outcome: toOutcome(access.isGranted(kind, resource)), assignments, policies: byEffect("allow") };
    const denial = { outcome: toOutcome(!access.isDenied(kind, resource)), policies: byEffect("deny") };
    steps.push({ check: "resource", outcome: toOutcome(isEnabled(resource)) });
    steps.push({ check: "grant", ...grant }, { check: "denial", ...denial });
  }
  if (tool) steps.push(decideTool(access, resource as McpServer, tool));
  if (token) {
    const obstacles = findTokenObstacles(subject, token);
    steps.push({ check: "token", outcome: toOutcome(obstacles.length === 0), obstacles });
  }
  return steps;
}

const toOutcome = (hasPassed: boolean): "passed" | "failed" => (hasPassed ? "passed" : "failed");

function decideTool(access: EffectiveAccess, server: McpServer, tool: Tool): AccessStep {
  const { verdict, policy } = access.createToolEvaluator(server)(tool);
  return { check: "tool", outcome: toOutcome(verdict === "allowed"), verdict, ...(policy && { policy: policy.slug }) };
}

/** A restriction applies to MCP servers and their tools. */
function findTokenObstacles(
  { user, kind, resource, tool }: DecisionSubject,
  { token, areAncestorsActive }: TokenInDecision,
): AccessTokenObstacle[] {
  const { userId, maxRisk } = token;
  const scopes = expandScopes(token.scopes);
  const isServer = kind === "mcp-server";
  const obstacles: readonly (readonly [AccessTokenObstacle, boolean])[] = [
    ["not-active", toTokenStatus(token) !== "active" || !areAncestorsActive],
    ["other-user", userId !== undefined && userId !== user.id],
    ["scope", !scopes.has("connect:read") || (tool !== undefined && !scopes.has("connect:call"))],
    ["environment", isServer && !isInEnvironment(token, resource)],
    ["mcp-server", isServer && !isListedServer(token, resource)],
    ["risk", tool !== undefined && maxRisk !== undefined && !isRiskWithin(tool.risk, maxRisk)],
  ];
  return obstacles.flatMap(([obstacle, applies]) => (applies ? [obstacle] : []));
}
