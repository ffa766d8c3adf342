import type { McpServer, Tool } from "../../../schemas/mcp-server.ts";
import type { Policy } from "../../../schemas/policy.ts";
import { hasServerPart } from "../../../schemas/tool-pattern.ts";
import { AppError } from "../../errors.ts";
import { policies } from "../../store/collections.ts";
import { pages } from "../../store/paging/pages.ts";
import type { Condition } from "../../store/query.ts";
import type { Tenant } from "../../store/store.ts";
import type { AssignableKind } from "../catalog/resource.ts";
import { canMatchWithPrefix, matchesPattern } from "./pattern.ts";

/** The enabled policies that apply to one user, indexed for decisions about many resources. */
export class ApplicablePolicies {
  readonly #byKindAndSlug: Readonly<Record<AssignableKind, ReadonlyMap<string, readonly Policy[]>>>;
  /** Policies that deny tools, by the server that they are limited to. */
  readonly #toolDenialsByServer: ReadonlyMap<string, readonly Policy[]>;
  readonly #toolDenialsOnAnyServer: readonly Policy[];
  #comparisonsLeft = comparisonsMax;

  constructor(applicable: readonly Policy[]) {
    const toIndex = (kind: AssignableKind) =>
      groupBySlug(
        applicable.filter((policy) => coversWholeResource(policy, kind)),
        ({ resources }) => resources[resourceFields[kind]],
      );
    this.#byKindAndSlug = {
      "mcp-server": toIndex("mcp-server"),
      toolkit: toIndex("toolkit"),
      skill: toIndex("skill"),
      command: toIndex("command"),
    };
    const denials = applicable.filter(({ effect, resources }) => effect === "deny" && resources.tools.length > 0);
    this.#toolDenialsByServer = groupBySlug(denials, ({ resources }) => resources.mcpServers);
    this.#toolDenialsOnAnyServer = denials.filter(({ resources }) => resources.mcpServers.length === 0);
  }

  /**
   * Returns the policies that allow or deny a resource as a whole. A policy that allows some tools of a server is
   * included: it allows the server for these tools.
   */
  forResource(kind: AssignableKind, slug: string): readonly Policy[] {
    return this.#byKindAndSlug[kind].get(slug) ?? [];
  }

  /**
   * Returns the slugs of all resources that a policy allows or denies as a whole.
   * @param effect absent: both effects
   */
  listSlugs(kind: AssignableKind, effect?: Policy["effect"]): readonly string[] {
    const entries = [...this.#byKindAndSlug[kind]];
    const matching = entries.filter(
      ([, slugPolicies]) => effect === undefined || slugPolicies.some((each) => each.effect === effect),
    );
    return matching.map(([slug]) => slug);
  }

  /** @returns a function that finds the policy that denies a tool of the server, if there is one */
  createToolDenialMatcher({ slug }: Pick<McpServer, "slug">): (tool: Pick<Tool, "name">) => Policy | undefined {
    return this.createToolMatcher(slug, [
      ...(this.#toolDenialsByServer.get(slug) ?? []),
      ...this.#toolDenialsOnAnyServer,
    ]);
  }

  /**
   * @param ordered policies in order of precedence
   * @returns a function that finds the first of these policies with a pattern that matches a tool of the server. It
   *   throws AppError query-too-expensive if the comparisons for one user exceed their limit.
   */
  createToolMatcher<P extends Pick<Policy, "resources">>(
    slug: string,
    ordered: readonly P[],
  ): (tool: Pick<Tool, "name">) => P | undefined {
    const prefix = `${slug}__`;
    const candidates = ordered.flatMap((policy) => {
      const patterns = policy.resources.tools
        .map((pattern) => ({ pattern, hasServer: hasServerPart(pattern) }))
        .filter(({ pattern, hasServer }) => !hasServer || canMatchWithPrefix(prefix, pattern));
      return patterns.length > 0 ? [{ policy, patterns }] : [];
    });
    const spend = (steps: number): void => this.#spend(steps);
    return ({ name }) =>
      candidates.find(({ patterns }) =>
        patterns.some(({ pattern, hasServer }) => matchesPattern(hasServer ? prefix + name : name, pattern, spend)),
      )?.policy;
  }

  #spend(steps: number): void {
    this.#comparisonsLeft -= steps;
    if (this.#comparisonsLeft < 0) throw tooExpensive("compare too many patterns with tool names");
  }
}

/**
 * Reads all enabled policies with a subject in the audience.
 * @param audience `everyone`, and ids of users and groups
 * @param disabledIds policies that are assumed to be disabled
 * @throws AppError query-too-expensive if the policies contain too many names
 */
export async function findApplicablePolicies(
  tenant: Tenant<"read">,
  audience: readonly string[],
  disabledIds: readonly string[] = [],
): Promise<ApplicablePolicies> {
  const where: Condition = {
    op: "and",
    all: [
      { op: "some", path: "lookup.audience", where: { op: "in", path: "id", values: audience } },
      { op: "eq", path: "enabled", value: true },
    ],
  };
  const applicable: Policy[] = [];
  let nameCount = 0;
  for await (const page of pages(tenant.open(policies), { where, limit: pageSize })) {
    for (const { resources } of page) nameCount += Object.values(resources).flat().length;
    if (nameCount > namesMax) throw tooExpensive("contain too many names");
    applicable.push(...page.filter(({ id }) => !disabledIds.includes(id)));
  }
  return new ApplicablePolicies(applicable);
}

const pageSize = 250;
/** Slugs and patterns in the policies of one user: one thousand policies with twenty names each. */
const namesMax = 20_000;
/** Character comparisons per request, which take a few tenths of a second. */
const comparisonsMax = 20_000_000;

const resourceFields = {
  "mcp-server": "mcpServers",
  toolkit: "toolkits",
  skill: "skills",
  command: "commands",
} as const;

/** A policy that denies tools does not deny their servers. */
const coversWholeResource = ({ effect, resources }: Policy, kind: AssignableKind): boolean =>
  kind !== "mcp-server" || effect === "allow" || resources.tools.length === 0;

function groupBySlug(
  applicable: readonly Policy[],
  toSlugs: (policy: Policy) => readonly string[],
): ReadonlyMap<string, readonly Policy[]> {
  const policiesBySlug = new Map<string, Policy[]>();
  for (const policy of applicable) {
    for (const slug of toSlugs(policy)) {
      const withSlug = policiesBySlug.get(slug);
      if (withSlug) withSlug.push(policy);
      else policiesBySlug.set(slug, [policy]);
    }
  }
  return policiesBySlug;
}

function tooExpensive(reason: string): AppError {
  const remedy = "An admin can shorten the policies, or assign them to fewer subjects.";
  return new AppError("query-too-expensive", `The policies that apply to the user ${reason}. ${remedy}`);
}
