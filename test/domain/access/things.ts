import type { Assignment } from "../../../schemas/assignment.ts";
import type { Command } from "../../../schemas/command.ts";
import type { McpServer, Tool } from "../../../schemas/mcp-server.ts";
import type { Policy, PolicyResources } from "../../../schemas/policy.ts";
import type { Skill } from "../../../schemas/skill.ts";
import type { Toolkit } from "../../../schemas/toolkit.ts";
import type { World } from "./naive.ts";

const entity = { organizationId: "", version: 1, createdAt: "", updatedAt: "" };
const named = (prefix: string, slug: string) => ({ ...entity, id: `${prefix}_${slug}`, slug, name: slug });

export const to = (more: Partial<Assignment>): Assignment => ({ everyone: false, groups: [], users: [], ...more });
export const nobody = to({});
export const everyone = to({ everyone: true });

/** An active one for everyone, unless said otherwise; so are the others. */
export const server = (slug: string, more: Partial<McpServer> = {}): McpServer => ({
  ...named("srv", slug),
  ...{ status: "active", transport: "http", url: "https://mcp.example", auth: { type: "none" } },
  ...{ tools: [], assignment: everyone },
  ...more,
});

export const tool = (name: string, enabled = true): Tool => ({ name, risk: "write", enabled });

export const toolkit = (slug: string, more: Partial<Toolkit> = {}): Toolkit => ({
  ...named("tkt", `${more.ownerId ?? ""}${slug}`),
  ...{ slug, name: slug, entries: [], skills: [], commands: [], leastPrivilege: false, assignment: everyone },
  ...more,
});

export const skill = (slug: string, more: Partial<Skill> = {}): Skill => ({
  ...named("skl", `${more.ownerId ?? ""}${slug}`),
  ...{ slug, name: slug, content: "", assignment: everyone },
  ...more,
});

export const command = (slug: string, more: Partial<Command> = {}): Command => ({
  ...named("cmd", `${more.ownerId ?? ""}${slug}`),
  ...{ slug, name: slug, template: "x", arguments: [], active: true, assignment: everyone },
  ...more,
});

/** About everyone, unless said otherwise. */
export const policy = (
  effect: Policy["effect"],
  resources: Partial<PolicyResources>,
  more: Partial<Policy> = {},
): Policy => ({
  ...named("pol", more.slug ?? effect),
  ...{ effect, enabled: true, subjects: everyone },
  resources: { mcpServers: [], tools: [], toolkits: [], skills: [], commands: [], ...resources },
  ...more,
});

/** An organisation with these things and nothing else. */
export const worldOf = (parts: Partial<World>): World => ({
  ...{ users: [], groups: [], policies: [], "mcp-server": [], toolkit: [], skill: [], command: [] },
  ...parts,
});
