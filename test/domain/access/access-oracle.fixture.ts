import type { Assignment } from "../../../schemas/assignment.ts";
import type { Command } from "../../../schemas/command.ts";
import type { McpServer, ToolRisk } from "../../../schemas/mcp-server.ts";
import type { Policy } from "../../../schemas/policy.ts";
import type { Skill } from "../../../schemas/skill.ts";
import type { Toolkit } from "../../../schemas/toolkit.ts";
import type { Restriction } from "../../../src/domain/caller.ts";

/** All data of an organization in memory. */
export interface OrganizationData {
  readonly users: readonly string[];
  readonly groups: readonly { readonly id: string; readonly members: readonly string[] }[];
  readonly "mcp-server": readonly McpServer[];
  readonly toolkit: readonly Toolkit[];
  readonly skill: readonly Skill[];
  readonly command: readonly Command[];
  readonly policies: readonly Policy[];
}

export type ResourceKind = "mcp-server" | "toolkit" | "skill" | "command";
export type AnyResource = McpServer | Toolkit | Skill | Command;

/**
 * A naive implementation of the access rules (docs/decisions/0009-access.md) that looks at all data. The tests compare the
 * real implementation with it.
 */
export class AccessOracle {
  readonly #organization: OrganizationData;
  readonly #userId: string;
  readonly #restriction: Restriction;

  constructor(organization: OrganizationData, userId: string, restriction: Restriction = {}) {
    this.#organization = organization;
    this.#userId = userId;
    this.#restriction = restriction;
  }

  /** Returns the length of the shortest membership path from the user to each group, by group id. */
  distances(): Map<string, number> {
    const distanceById = new Map<string, number>();
    for (let distance = 1; distance <= this.#organization.groups.length; distance++) {
      const reached = new Map(distanceById);
      for (const { id, members } of this.#organization.groups) {
        const isNext = members.some((member) => (distance === 1 ? member === this.#userId : reached.has(member)));
        if (isNext && !distanceById.has(id)) distanceById.set(id, distance);
      }
    }
    return distanceById;
  }

  canAccess(kind: ResourceKind, resource: AnyResource): boolean {
    const owner = ownerOf(resource);
    if (owner !== undefined) return owner === this.#userId;
    if (isDisabled(resource)) return false;
    if (kind === "mcp-server" && !this.#isUnrestricted(resource as McpServer)) return false;
    if (this.isDenied(kind, resource.slug)) return false;
    return this.isGranted(kind, resource);
  }

  isGranted(kind: ResourceKind, resource: AnyResource): boolean {
    if (this.includesUser(resource.assignment)) return true;
    return this.#policies("allow").some((policy) => slugsIn(policy, kind).includes(resource.slug));
  }

  isDenied(kind: ResourceKind, slug: string): boolean {
    return this.#policies("deny").some((policy) => {
      if (kind === "mcp-server" && policy.resources.tools.length > 0) return false;
      return slugsIn(policy, kind).includes(slug);
    });
  }

  listToolNames(server: McpServer): string[] {
    if (!this.canAccess("mcp-server", server)) return [];
    return server.tools
      .filter((tool) => tool.enabled && this.#isWithinRisk(tool.risk))
      .map((tool) => tool.name)
      .filter((name) => !this.#isToolDenied(server.slug, name) && this.#isToolGranted(server, name));
  }

  /** Returns the content of a toolkit that the user may see. */
  filterToolkit(toolkit: Toolkit): Pick<Toolkit, "entries" | "skills" | "commands"> {
    const entries: Toolkit["entries"] = [];
    for (const { mcpServer, tools } of toolkit.entries) {
      const server = this.#organization["mcp-server"].find((each) => each.slug === mcpServer);
      if (!server || !this.canAccess("mcp-server", server)) continue;
      const usable = this.listToolNames(server);
      const isAnyWithheld = server.tools.some((tool) => tool.enabled && !usable.includes(tool.name));
      if (tools === "all" && !isAnyWithheld) entries.push({ mcpServer, tools: "all" });
      else {
        const usableTools = tools === "all" ? usable : tools.filter((name) => usable.includes(name));
        if (usableTools.length > 0) entries.push({ mcpServer, tools: usableTools });
      }
    }
    const isVisible = (kind: "skill" | "command", slug: string): boolean =>
      this.#organization[kind].some(
        (resource) =>
          resource.slug === slug &&
          (resource.ownerId === undefined || resource.ownerId === toolkit.ownerId) &&
          this.canAccess(kind, resource),
      );
    return {
      entries,
      skills: toolkit.skills.filter((slug) => isVisible("skill", slug)),
      commands: toolkit.commands.filter((slug) => isVisible("command", slug)),
    };
  }

  /** Returns the verdicts about the resources of a kind that an explanation includes, in id order. */
  verdicts(kind: ResourceKind): { id: string; verdict: string }[] {
    const verdicts: { id: string; verdict: string }[] = [];
    for (const resource of this.#organization[kind]) {
      const owner = ownerOf(resource);
      if (owner !== undefined && owner !== this.#userId) continue;
      if (owner !== undefined) verdicts.push({ id: resource.id, verdict: "allowed" });
      else if (this.isDenied(kind, resource.slug)) verdicts.push({ id: resource.id, verdict: "denied" });
      else if (this.isGranted(kind, resource))
        verdicts.push({ id: resource.id, verdict: isDisabled(resource) ? "inactive" : "allowed" });
    }
    return verdicts.sort((one, other) => (one.id < other.id ? -1 : 1));
  }

  includesUser({ everyone, groups, users }: Assignment): boolean {
    const distances = this.distances();
    return everyone || users.includes(this.#userId) || groups.some((id) => distances.has(id));
  }

  #policies(effect: Policy["effect"]): Policy[] {
    return this.#organization.policies.filter(
      (policy) => policy.enabled && policy.effect === effect && this.includesUser(policy.subjects),
    );
  }

  #isToolDenied(slug: string, tool: string): boolean {
    return this.#policies("deny").some(
      ({ resources }) =>
        (resources.mcpServers.length === 0 || resources.mcpServers.includes(slug)) &&
        resources.tools.some((pattern) => matchesTool(slug, tool, pattern)),
    );
  }

  #isToolGranted(server: McpServer, tool: string): boolean {
    if (this.includesUser(server.assignment)) return true;
    return this.#policies("allow").some(
      ({ resources }) =>
        resources.mcpServers.includes(server.slug) &&
        (resources.tools.length === 0 || resources.tools.some((each) => matchesTool(server.slug, tool, each))),
    );
  }

  #isWithinRisk(risk: ToolRisk): boolean {
    switch (this.#restriction.maxRisk) {
      case "read":
        return risk === "read";
      case "write":
        return risk !== "destructive";
      default:
        return true;
    }
  }

  #isUnrestricted({ slug, environment }: McpServer): boolean {
    const { environment: only, mcpServers } = this.#restriction;
    if (only !== undefined && environment !== only) return false;
    return mcpServers === undefined || mcpServers.includes(slug);
  }
}

/** A pattern with `__` names the server too. */
const matchesTool = (slug: string, tool: string, pattern: string): boolean =>
  matches(pattern.includes("__") ? `${slug}__${tool}` : tool, pattern);

/** Matches by definition: a star matches nothing, or one character and the star again. */
export function matches(name: string, pattern: string): boolean {
  if (pattern === "") return name === "";
  const rest = pattern.slice(1);
  if (pattern[0] === "*") return matches(name, rest) || (name !== "" && matches(name.slice(1), pattern));
  return name !== "" && (pattern[0] === "?" || pattern[0] === name[0]) && matches(name.slice(1), rest);
}

const ownerOf = (resource: AnyResource): string | undefined => ("ownerId" in resource ? resource.ownerId : undefined);

const isDisabled = (resource: AnyResource): boolean =>
  ("status" in resource && resource.status === "draft") || ("active" in resource && !resource.active);

function slugsIn({ resources }: Policy, kind: ResourceKind): readonly string[] {
  if (kind === "mcp-server") return resources.mcpServers;
  if (kind === "toolkit") return resources.toolkits;
  return kind === "skill" ? resources.skills : resources.commands;
}
