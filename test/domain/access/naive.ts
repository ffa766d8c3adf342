import type { Assignment } from "../../../schemas/assignment.ts";
import type { Command } from "../../../schemas/command.ts";
import type { McpServer } from "../../../schemas/mcp-server.ts";
import type { Policy } from "../../../schemas/policy.ts";
import type { Skill } from "../../../schemas/skill.ts";
import type { Toolkit } from "../../../schemas/toolkit.ts";
import type { Restriction } from "../../../src/domain/caller.ts";

/** A whole organisation, in memory. */
export interface World {
  readonly users: readonly string[];
  readonly groups: readonly { readonly id: string; readonly members: readonly string[] }[];
  readonly "mcp-server": readonly McpServer[];
  readonly toolkit: readonly Toolkit[];
  readonly skill: readonly Skill[];
  readonly command: readonly Command[];
  readonly policies: readonly Policy[];
}

export type Kind = "mcp-server" | "toolkit" | "skill" | "command";
export type AnyThing = McpServer | Toolkit | Skill | Command;

/**
 * The written rules of access (docs/decisions/0009-access.md) once more, by looking at everything there is: what the
 * real ones are held against.
 */
export class Naive {
  readonly #world: World;
  readonly #userId: string;
  readonly #restriction: Restriction;

  constructor(world: World, userId: string, restriction: Restriction = {}) {
    this.#world = world;
    this.#userId = userId;
    this.#restriction = restriction;
  }

  /** How many groups lie on the shortest way from the user to each group around. */
  distances(): Map<string, number> {
    const found = new Map<string, number>();
    for (let distance = 1; distance <= this.#world.groups.length; distance++) {
      const reached = new Map(found);
      for (const { id, members } of this.#world.groups) {
        const isNext = members.some((member) => (distance === 1 ? member === this.#userId : reached.has(member)));
        if (isNext && !found.has(id)) found.set(id, distance);
      }
    }
    return found;
  }

  reaches(kind: Kind, thing: AnyThing): boolean {
    const owner = ownerOf(thing);
    if (owner !== undefined) return owner === this.#userId;
    if (isOff(thing)) return false;
    if (kind === "mcp-server" && !this.#isUnrestricted(thing as McpServer)) return false;
    if (this.isDenied(kind, thing.slug)) return false;
    return this.isGiven(kind, thing);
  }

  isGiven(kind: Kind, thing: AnyThing): boolean {
    if (this.names(thing.assignment)) return true;
    return this.#policies("allow").some((policy) => slugsIn(policy, kind).includes(thing.slug));
  }

  isDenied(kind: Kind, slug: string): boolean {
    return this.#policies("deny").some((policy) => {
      if (kind === "mcp-server" && policy.resources.tools.length > 0) return false;
      return slugsIn(policy, kind).includes(slug);
    });
  }

  toolsOf(server: McpServer): string[] {
    if (!this.reaches("mcp-server", server)) return [];
    return server.tools
      .filter((tool) => tool.enabled)
      .map((tool) => tool.name)
      .filter((name) => !this.#isToolDenied(server.slug, name) && this.#isToolGiven(server, name));
  }

  /** A toolkit as the user sees it. */
  shown(toolkit: Toolkit): Pick<Toolkit, "entries" | "skills" | "commands"> {
    const entries: Toolkit["entries"] = [];
    for (const { mcpServer, tools } of toolkit.entries) {
      const server = this.#world["mcp-server"].find((each) => each.slug === mcpServer);
      if (!server || !this.reaches("mcp-server", server)) continue;
      const usable = this.toolsOf(server);
      const isAnyWithheld = server.tools.some((tool) => tool.enabled && !usable.includes(tool.name));
      if (tools === "all" && !isAnyWithheld) entries.push({ mcpServer, tools: "all" });
      else {
        const left = tools === "all" ? usable : tools.filter((name) => usable.includes(name));
        if (left.length > 0) entries.push({ mcpServer, tools: left });
      }
    }
    const sees = (kind: "skill" | "command", slug: string): boolean =>
      this.#world[kind].some(
        (thing) =>
          thing.slug === slug &&
          (thing.ownerId === undefined || thing.ownerId === toolkit.ownerId) &&
          this.reaches(kind, thing),
      );
    return {
      entries,
      skills: toolkit.skills.filter((slug) => sees("skill", slug)),
      commands: toolkit.commands.filter((slug) => sees("command", slug)),
    };
  }

  /** What there is to explain of a kind, in the order of the ids. */
  verdicts(kind: Kind): { id: string; verdict: string }[] {
    const found: { id: string; verdict: string }[] = [];
    for (const thing of this.#world[kind]) {
      const owner = ownerOf(thing);
      if (owner !== undefined && owner !== this.#userId) continue;
      if (owner !== undefined) found.push({ id: thing.id, verdict: "allowed" });
      else if (this.isDenied(kind, thing.slug)) found.push({ id: thing.id, verdict: "denied" });
      else if (this.isGiven(kind, thing)) found.push({ id: thing.id, verdict: isOff(thing) ? "inactive" : "allowed" });
    }
    return found.sort((one, other) => (one.id < other.id ? -1 : 1));
  }

  names({ everyone, groups, users }: Assignment): boolean {
    const around = this.distances();
    return everyone || users.includes(this.#userId) || groups.some((id) => around.has(id));
  }

  #policies(effect: Policy["effect"]): Policy[] {
    return this.#world.policies.filter(
      (policy) => policy.enabled && policy.effect === effect && this.names(policy.subjects),
    );
  }

  #isToolDenied(slug: string, tool: string): boolean {
    return this.#policies("deny").some(
      ({ resources }) =>
        (resources.mcpServers.length === 0 || resources.mcpServers.includes(slug)) &&
        resources.tools.some((pattern) => matches(`${slug}__${tool}`, pattern)),
    );
  }

  #isToolGiven(server: McpServer, tool: string): boolean {
    if (this.names(server.assignment)) return true;
    return this.#policies("allow").some(
      ({ resources }) =>
        resources.mcpServers.includes(server.slug) &&
        (resources.tools.length === 0 || resources.tools.some((each) => matches(`${server.slug}__${tool}`, each))),
    );
  }

  #isUnrestricted({ slug, environment }: McpServer): boolean {
    const { environment: only, mcpServers } = this.#restriction;
    if (only !== undefined && environment !== only) return false;
    return mcpServers === undefined || mcpServers.includes(slug);
  }
}

/** By definition: a star is nothing, or one character and the star again. */
export function matches(name: string, pattern: string): boolean {
  if (pattern === "") return name === "";
  const rest = pattern.slice(1);
  if (pattern[0] === "*") return matches(name, rest) || (name !== "" && matches(name.slice(1), pattern));
  return name !== "" && (pattern[0] === "?" || pattern[0] === name[0]) && matches(name.slice(1), rest);
}

const ownerOf = (thing: AnyThing): string | undefined => ("ownerId" in thing ? thing.ownerId : undefined);

const isOff = (thing: AnyThing): boolean =>
  ("status" in thing && thing.status === "draft") || ("active" in thing && !thing.active);

function slugsIn({ resources }: Policy, kind: Kind): readonly string[] {
  if (kind === "mcp-server") return resources.mcpServers;
  if (kind === "toolkit") return resources.toolkits;
  return kind === "skill" ? resources.skills : resources.commands;
}
