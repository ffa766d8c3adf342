import type { AccessExplanation, AccessStep } from "../../../schemas/access.ts";
import type { McpServer, Tool } from "../../../schemas/mcp-server.ts";
import type { Token } from "../../../schemas/token.ts";
import type { Toolkit } from "../../../schemas/toolkit.ts";
import type { User } from "../../../schemas/user.ts";
import { AppError } from "../../errors.ts";
import { commands, mcpServers, skills, tokens, toolkits } from "../../store/collections.ts";
import type { Condition, Page, Query } from "../../store/query.ts";
import type { CollectionDefinition, Store, Tenant } from "../../store/store.ts";
import type { Restriction } from "../caller.ts";
import { nameOrSlugContains } from "../catalog/name-search.ts";
import type { AssignableKind } from "../catalog/resource.ts";
import { toTokenStatus } from "../tokens/status.ts";
import { readAncestors } from "../tokens/verify/ancestors.ts";
import { findApplicablePolicies } from "./applicable-policies.ts";
import { decideAccess, type TokenInDecision } from "./decision.ts";
import { EffectiveAccess } from "./effective-access.ts";
import { type ExplainableResource, explainResources } from "./explanation.ts";
import { GroupPaths } from "./group-paths.ts";
import { type AccessHypothesis, assumeAssignment } from "./hypothesis.ts";
import { findResourceForUser } from "./resource-lookup.ts";
import { filterToolkits } from "./toolkits.ts";

/** Which explanations are listed, and under which hypothesis. */
interface ExplanationFilter {
  /** Contained in the name as it is, or in the slug in lower case. */
  readonly name?: string | undefined;
  readonly hypothesis?: Omit<AccessHypothesis, "assigned">;
}

/** What is to be decided about, as a client names it. */
export interface DecisionRequest {
  readonly kind: AssignableKind;
  /** A slug, name or id. */
  readonly resource: string;
  /** The name of a tool of an MCP server, also with the slug of the server and `__` before it. */
  readonly tool?: string | undefined;
  readonly token?: Token | undefined;
  readonly hypothesis?: Omit<AccessHypothesis, "assigned">;
  /** Whether the resource is assumed to be assigned to the user. */
  readonly isAssumedAssigned?: boolean;
}

/** Whether a user can use a resource, with every check. */
export interface AccessDecision {
  readonly resource: ExplainableResource;
  readonly tool: Tool | undefined;
  readonly isAllowed: boolean;
  readonly steps: readonly AccessStep[];
}

/** Decides which catalog resources a user may use. Every API and every view of it uses this class. */
export class AccessResolver {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Resolves what a user may use now. Costs two queries, whatever the size of the organization.
   * @param restriction limits of the credential that the user presented
   * @param hypothesis changes that are assumed; each group costs a further query
   * @throws AppError query-too-expensive if the policies that apply to the user contain too many names
   */
  async resolve(
    organizationId: string,
    userId: string,
    restriction?: Restriction,
    { groupIds = [], disabledPolicyIds }: AccessHypothesis = {},
  ): Promise<EffectiveAccess> {
    const tenant = this.#store.for(organizationId);
    const audience = new Set(["everyone", userId, ...(await tenant.memberships.transitiveGroupsOf(userId))]);
    for (const groupId of groupIds)
      for (const id of [groupId, ...(await tenant.memberships.transitiveGroupsOf(groupId))]) audience.add(id);
    const policies = await findApplicablePolicies(tenant, [...audience], disabledPolicyIds);
    return new EffectiveAccess({ organizationId, userId, audience: [...audience], policies, restriction });
  }

  /**
   * Reduces toolkits to the servers, tools, skills and commands that the user may use.
   * @param reachableToolkits toolkits that the user may use
   */
  filterToolkits(access: EffectiveAccess, reachableToolkits: readonly Toolkit[]): Promise<readonly Toolkit[]> {
    return filterToolkits(this.#store.for(access.organizationId), access, reachableToolkits);
  }

  /**
   * Explains the access of a user to each resource of a kind that is granted or denied to the user, or owned by the
   * user. Other resources are omitted.
   * @throws AppError query-too-expensive as `resolve`, and for a user in too many groups
   */
  async explain(
    organizationId: string,
    userId: string,
    kind: AssignableKind,
    page: Pick<Query, "limit" | "after" | "sizeLimit">,
    { name, hypothesis = {} }: ExplanationFilter = {},
  ): Promise<Pick<Page<AccessExplanation>, "items" | "isCut">> {
    const tenant = this.#store.for(organizationId);
    const access = await this.resolve(organizationId, userId, undefined, hypothesis);
    const paths = await GroupPaths.load(tenant.memberships, userId, hypothesis.groupIds);
    const { items, isCut = false } = await tenant
      .open(explainableCollections[kind])
      .list({ ...page, where: withName(access.toExplainableCondition(kind), name) });
    return { items: await explainResources(tenant, access, paths, kind, items), isCut };
  }

  /**
   * Decides whether a user can use a resource, or a tool of an MCP server, and why.
   * @throws AppError invalid-value naming the field for a resource or tool that does not exist; query-too-expensive as
   *   `explain`
   */
  async decide(
    organizationId: string,
    user: Pick<User, "id" | "active">,
    request: DecisionRequest,
  ): Promise<AccessDecision> {
    const { kind, isAssumedAssigned = false, hypothesis: assumed = {} } = request;
    const tenant = this.#store.for(organizationId);
    const stored = await findResourceForUser(tenant.open(explainableCollections[kind]), user.id, request.resource);
    const tool = request.tool === undefined ? undefined : findTool(stored, request.tool);
    const assigned = { kind, id: stored.id };
    const hypothesis: AccessHypothesis = { ...assumed, ...(isAssumedAssigned && { assigned }) };
    const resource = assumeAssignment(stored, kind, user.id, hypothesis);
    const access = await this.resolve(organizationId, user.id, undefined, hypothesis);
    const paths = await GroupPaths.load(tenant.memberships, user.id, hypothesis.groupIds);
    const [explanation] = await explainResources(tenant, access, paths, kind, [resource]);
    if (!explanation) throw new Error("A resource has no explanation.");
    const token = request.token && (await readDecisionToken(tenant, request.token));
    const steps = decideAccess(access, explanation, { user, kind, resource, tool, token });
    return { resource, tool, steps, isAllowed: steps.every(({ outcome }) => outcome === "passed") };
  }
}

const explainableCollections: Readonly<Record<AssignableKind, CollectionDefinition<ExplainableResource>>> = {
  "mcp-server": mcpServers,
  toolkit: toolkits,
  skill: skills,
  command: commands,
};

const withName = (condition: Condition, name: string | undefined): Condition =>
  name === undefined ? condition : { op: "and", all: [condition, nameOrSlugContains(name)] };

/** @throws AppError invalid-value naming the field */
function findTool({ slug, tools }: Pick<McpServer, "slug"> & Partial<Pick<McpServer, "tools">>, name: string): Tool {
  if (!tools) throw invalidTool("tool must be omitted: only MCP servers have tools.");
  const prefix = `${slug}__`;
  const unprefixed = name.startsWith(prefix) ? name.slice(prefix.length) : name;
  const tool = tools.find((each) => each.name === name) ?? tools.find((each) => each.name === unprefixed);
  if (tool) return tool;
  throw invalidTool(`tool must be the name of a tool of the MCP server ${slug}.`);
}

const invalidTool = (message: string): AppError => new AppError("invalid-value", message, { field: "tool" });

async function readDecisionToken(tenant: Tenant<"read">, token: Token): Promise<TokenInDecision> {
  const ancestors = await readAncestors(tenant.open(tokens), token);
  return { token, areAncestorsActive: ancestors?.every((each) => toTokenStatus(each) === "active") === true };
}
