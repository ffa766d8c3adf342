import type { Assignment } from "../../../schemas/assignment.ts";
import type { McpServer, Tool } from "../../../schemas/mcp-server.ts";
import type { Policy } from "../../../schemas/policy.ts";
import type { Condition } from "../../store/collection.ts";
import type { Restriction } from "../caller.ts";
import type { NamedBySlug, Thing } from "../catalogue/thing.ts";
import type { ApplyingPolicies } from "./applying-policies.ts";

/** What is asked of a thing to decide about it. */
export interface Decidable extends Thing {
  readonly status?: "draft" | "active";
  readonly environment?: string | undefined;
  readonly active?: boolean;
}

/** Whose standing it is, looked up once. */
export interface Subject {
  readonly organizationId: string;
  readonly userId: string;
  /** Whom the user counts as: `everyone`, the user's id, and the ids of all groups around. */
  readonly audience: readonly string[];
  readonly policies: ApplyingPolicies;
  readonly restriction?: Restriction | undefined;
}

/**
 * What one user may use at this moment. The rules, in full in docs/decisions/0009-access.md:
 *
 * - A thing of the organisation is given by an assignment to the audience, or by a policy that allows it.
 * - A policy that denies it beats both. A draft, and a command that is switched off, is nobody's.
 * - What is a user's own is that user's and nobody else's, whatever policies say.
 * - A restriction of the credential leaves fewer servers.
 *
 * They stand here twice, as a condition for lists and as a decision about one thing.
 */
export class Standing {
  readonly organizationId: string;
  readonly userId: string;
  readonly policies: ApplyingPolicies;
  readonly #audience: ReadonlySet<string>;
  readonly #restriction: Restriction;

  constructor({ organizationId, userId, audience, policies, restriction = {} }: Subject) {
    this.organizationId = organizationId;
    this.userId = userId;
    this.policies = policies;
    this.#audience = new Set(audience);
    this.#restriction = restriction;
  }

  /** What exactly the things of a kind meet that the user can reach. */
  condition(kind: NamedBySlug): Condition {
    const all: Condition[] = [this.#forAudienceOr(this.policies.named(kind, "allow"))];
    const denied = this.policies.named(kind, "deny");
    if (denied.length > 0) all.push({ op: "not", condition: withKeys(denied) });
    if (kind === "command") all.push({ op: "or", all: [isActive, { op: "eq", path: "ownerId", value: this.userId }] });
    if (kind === "mcp-server") {
      const { environment, mcpServers } = this.#restriction;
      all.push({ op: "eq", path: "status", value: "active" });
      if (environment !== undefined) all.push({ op: "eq", path: "environment", value: environment });
      if (mcpServers) all.push(withKeys(mcpServers));
    }
    return { op: "and", all };
  }

  /** Whether the user can reach this thing of the organisation. */
  reaches(kind: NamedBySlug, thing: Decidable): boolean {
    if (thing.ownerId !== undefined) return thing.ownerId === this.userId;
    return (
      isSwitchedOn(thing) &&
      (kind !== "mcp-server" || this.#isWithinRestriction(thing)) &&
      this.isGiven(kind, thing) &&
      !this.isDenied(kind, thing)
    );
  }

  /** The tools of a server that the user may use; none of a server that is out of reach. */
  toolsOf(server: McpServer): readonly Tool[] {
    if (!this.reaches("mcp-server", server)) return [];
    const judge = this.toolJudge(server);
    return server.tools.filter((tool) => judge(tool).verdict === "allowed");
  }

  isGiven(kind: NamedBySlug, { assignment, slug }: Thing): boolean {
    return this.isAssigned(assignment) || this.policies.about(kind, slug).some(({ effect }) => effect === "allow");
  }

  isDenied(kind: NamedBySlug, { slug }: Thing): boolean {
    return this.policies.about(kind, slug).some(({ effect }) => effect === "deny");
  }

  isAssigned(assignment: Assignment | undefined): boolean {
    if (!assignment) return false;
    const { everyone, groups, users } = assignment;
    return everyone || groups.some((id) => this.#audience.has(id)) || users.some((id) => this.#audience.has(id));
  }

  /** @returns what says of each tool of a server whether the user may use it, once the server is within reach */
  toolJudge(server: McpServer): (tool: Tool) => ToolVerdict {
    const denial = this.policies.toolDenials(server);
    const allowance = this.#toolAllowances(server);
    return (tool) => {
      const denying = denial(tool);
      if (denying) return { verdict: "denied", policy: denying };
      if (!tool.enabled) return { verdict: "inactive" };
      if (!allowance) return { verdict: "allowed" };
      const policy = allowance(tool);
      return policy ? { verdict: "allowed", policy } : { verdict: "not-given" };
    };
  }

  /** What is given or denied to the user, switched on or not, and what is the user's own. */
  conditionOfConcern(kind: NamedBySlug): Condition {
    return this.#forAudienceOr(this.policies.named(kind));
  }

  /** The policies that give some tools of a server that is not given as a whole; undefined where it is. */
  #toolAllowances(server: McpServer): ReturnType<ApplyingPolicies["firstToMatch"]> | undefined {
    if (this.isAssigned(server.assignment)) return undefined;
    const allowing = this.policies.about("mcp-server", server.slug).filter(({ effect }) => effect === "allow");
    if (allowing.some(({ resources }) => resources.tools.length === 0)) return undefined;
    return this.policies.firstToMatch(server.slug, allowing);
  }

  /** What is for someone of the audience (a user's own things are for the user), or has one of these slugs. */
  #forAudienceOr(slugs: readonly string[]): Condition {
    const values = [...this.#audience];
    const forAudience: Condition = { op: "some", path: "asked.audience", where: { op: "in", path: "id", values } };
    return slugs.length > 0 ? { op: "or", all: [forAudience, withKeys(slugs)] } : forAudience;
  }

  #isWithinRestriction({ slug, environment: of }: Decidable): boolean {
    const { environment, mcpServers } = this.#restriction;
    return (environment === undefined || environment === of) && (!mcpServers || mcpServers.includes(slug));
  }
}

/** Whether a tool may be used, and the policy that says so. */
export type ToolVerdict =
  | { readonly verdict: "allowed"; readonly policy?: Policy }
  | { readonly verdict: "denied"; readonly policy: Policy }
  | { readonly verdict: "inactive" | "not-given"; readonly policy?: never };

/** A draft is nobody's; so is a command that is switched off. */
export const isSwitchedOn = ({ status, active }: Pick<Decidable, "status" | "active">): boolean =>
  status !== "draft" && active !== false;

const isActive: Condition = { op: "eq", path: "active", value: true };

/** The key of what is the organisation's is its slug; that of somebody's own thing never is. */
const withKeys = (values: readonly string[]): Condition => ({ op: "in", path: "asked.key", values });
