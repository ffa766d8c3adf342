import type { Assignment } from "../../../schemas/assignment.ts";
import type { McpServer, Tool } from "../../../schemas/mcp-server.ts";
import type { Policy } from "../../../schemas/policy.ts";
import type { Condition } from "../../store/query.ts";
import type { Restriction } from "../caller.ts";
import type { AssignableKind, CatalogResource } from "../catalog/resource.ts";
import type { ApplicablePolicies } from "./applicable-policies.ts";
import { isInEnvironment, isListedServer } from "./restriction.ts";
import { isRiskWithin } from "./tool-risk.ts";

/** The fields of a resource that decide about access to it. */
export interface AccessControlledResource extends CatalogResource {
  readonly status?: "draft" | "active";
  readonly environment?: string | undefined;
  readonly active?: boolean;
}

/** A user with the groups and policies that apply, looked up once per request. */
export interface AccessSubject {
  readonly organizationId: string;
  readonly userId: string;
  /** `everyone`, the user's id, and the ids of all groups that contain the user directly or through other groups. */
  readonly audience: readonly string[];
  readonly policies: ApplicablePolicies;
  readonly restriction?: Restriction | undefined;
}

/**
 * What one user may use now. docs/decisions/0009-access.md has the complete rules. In short:
 *
 * - A resource of the organization is granted by an assignment to the audience, or by a policy that allows it.
 * - A policy that denies it takes precedence over both. Drafts and disabled commands are available to no user.
 * - A user-owned resource is available only to its owner, whatever the policies are.
 * - A restriction of the credential reduces the servers and tools further.
 *
 * The class implements the rules in two forms: as a condition for lists, and as a decision about one resource.
 */
export class EffectiveAccess {
  readonly organizationId: string;
  readonly userId: string;
  readonly policies: ApplicablePolicies;
  readonly #audience: ReadonlySet<string>;
  readonly #restriction: Restriction;

  constructor({ organizationId, userId, audience, policies, restriction = {} }: AccessSubject) {
    this.organizationId = organizationId;
    this.userId = userId;
    this.policies = policies;
    this.#audience = new Set(audience);
    this.#restriction = restriction;
  }

  /** Returns a condition that matches exactly the resources of a kind that the user may use. */
  toCondition(kind: AssignableKind): Condition {
    const all: Condition[] = [this.#toAudienceOrSlugsCondition(this.policies.listSlugs(kind, "allow"))];
    const deniedSlugs = this.policies.listSlugs(kind, "deny");
    if (deniedSlugs.length > 0) all.push({ op: "not", condition: toKeysCondition(deniedSlugs) });
    if (kind === "command")
      all.push({ op: "or", all: [activeCondition, { op: "eq", path: "ownerId", value: this.userId }] });
    if (kind === "mcp-server") {
      const { environment, mcpServers } = this.#restriction;
      all.push({ op: "eq", path: "status", value: "active" });
      if (environment !== undefined) all.push({ op: "eq", path: "environment", value: environment });
      if (mcpServers) all.push(toKeysCondition(mcpServers));
    }
    return { op: "and", all };
  }

  /** Whether the user may use this resource. */
  canAccess(kind: AssignableKind, resource: AccessControlledResource): boolean {
    if (resource.ownerId !== undefined) return resource.ownerId === this.userId;
    return (
      isEnabled(resource) &&
      (kind !== "mcp-server" || this.#isWithinRestriction(resource)) &&
      this.isGranted(kind, resource) &&
      !this.isDenied(kind, resource)
    );
  }

  /** Returns the tools of a server that the user may use; none if the user may not use the server. */
  listUsableTools(server: McpServer): readonly Tool[] {
    if (!this.canAccess("mcp-server", server)) return [];
    const evaluate = this.createToolEvaluator(server);
    return server.tools.filter((tool) => evaluate(tool).verdict === "allowed");
  }

  /** Whether an assignment or a policy grants the resource. A granted resource may also be denied. */
  isGranted(kind: AssignableKind, { assignment, slug }: CatalogResource): boolean {
    return (
      this.isAssigned(assignment) || this.policies.forResource(kind, slug).some(({ effect }) => effect === "allow")
    );
  }

  /** Whether a policy denies the resource as a whole. */
  isDenied(kind: AssignableKind, { slug }: CatalogResource): boolean {
    return this.policies.forResource(kind, slug).some(({ effect }) => effect === "deny");
  }

  /** Whether the assignment names a member of the user's audience. */
  isAssigned(assignment: Assignment | undefined): boolean {
    if (!assignment) return false;
    const { everyone, groups, users } = assignment;
    return everyone || groups.some((id) => this.#audience.has(id)) || users.some((id) => this.#audience.has(id));
  }

  /** @returns a function that decides about each tool of a server, provided that the user may use the server */
  createToolEvaluator(server: McpServer): (tool: Tool) => ToolVerdict {
    const findDenial = this.policies.createToolDenialMatcher(server);
    const findAllowance = this.#createToolAllowanceMatcher(server);
    const { maxRisk } = this.#restriction;
    return (tool) => {
      const denyingPolicy = findDenial(tool);
      if (denyingPolicy) return { verdict: "denied", policy: denyingPolicy };
      if (!tool.enabled) return { verdict: "inactive" };
      if (maxRisk !== undefined && !isRiskWithin(tool.risk, maxRisk)) return { verdict: "not-given" };
      if (!findAllowance) return { verdict: "allowed" };
      const policy = findAllowance(tool);
      return policy ? { verdict: "allowed", policy } : { verdict: "not-given" };
    };
  }

  /** Returns a condition for resources that are granted or denied to the user, enabled or not, or owned by the user. */
  toExplainableCondition(kind: AssignableKind): Condition {
    return this.#toAudienceOrSlugsCondition(this.policies.listSlugs(kind));
  }

  /**
   * @returns a matcher of the policies that grant some tools of the server; undefined if the whole server is granted
   */
  #createToolAllowanceMatcher(server: McpServer): ((tool: Tool) => Policy | undefined) | undefined {
    if (this.isAssigned(server.assignment)) return undefined;
    const allowPolicies = this.policies
      .forResource("mcp-server", server.slug)
      .filter(({ effect }) => effect === "allow");
    if (allowPolicies.some(({ resources }) => resources.tools.length === 0)) return undefined;
    return this.policies.createToolMatcher(server.slug, allowPolicies);
  }

  /** The audience of a user-owned resource is its owner. */
  #toAudienceOrSlugsCondition(slugs: readonly string[]): Condition {
    const values = [...this.#audience];
    const forAudience: Condition = { op: "some", path: "lookup.audience", where: { op: "in", path: "id", values } };
    return slugs.length > 0 ? { op: "or", all: [forAudience, toKeysCondition(slugs)] } : forAudience;
  }

  #isWithinRestriction(server: AccessControlledResource): boolean {
    return isInEnvironment(this.#restriction, server) && isListedServer(this.#restriction, server);
  }
}

/** Whether a user may use a tool, and the policy that decides it. */
export type ToolVerdict =
  | { readonly verdict: "allowed"; readonly policy?: Policy }
  | { readonly verdict: "denied"; readonly policy: Policy }
  | { readonly verdict: "inactive" | "not-given"; readonly policy?: never };

/** Whether a resource is neither a draft nor a disabled command. */
export const isEnabled = ({ status, active }: Pick<AccessControlledResource, "status" | "active">): boolean =>
  status !== "draft" && active !== false;

const activeCondition: Condition = { op: "eq", path: "active", value: true };

/** The lookup key of an organization's resource is its slug. The key of a user-owned resource never equals a slug. */
const toKeysCondition = (values: readonly string[]): Condition => ({ op: "in", path: "lookup.key", values });
