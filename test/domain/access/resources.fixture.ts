import type { Assignment } from "../../../schemas/assignment.ts";
import type { Command } from "../../../schemas/command.ts";
import type { McpServer, Tool } from "../../../schemas/mcp-server.ts";
import type { Policy, PolicyResources } from "../../../schemas/policy.ts";
import type { Skill } from "../../../schemas/skill.ts";
import type { Token } from "../../../schemas/token.ts";
import type { Toolkit } from "../../../schemas/toolkit.ts";
import type { OrganizationData } from "./access-oracle.fixture.ts";

const entity = { organizationId: "", version: 1, createdAt: "", updatedAt: "" };
const entityFields = (prefix: string, slug: string) => ({ ...entity, id: `${prefix}_${slug}`, slug, name: slug });

export const assignTo = (more: Partial<Assignment>): Assignment => ({
  everyone: false,
  groups: [],
  users: [],
  ...more,
});
export const unassigned = assignTo({});
export const everyone = assignTo({ everyone: true });

/** An active server for everyone, except for `more`. The other builders work alike. */
export const server = (slug: string, more: Partial<McpServer> = {}): McpServer => ({
  ...entityFields("srv", slug),
  ...{ status: "active", transport: "http", url: "https://mcp.example", auth: { type: "none" } },
  ...{ tools: [], assignment: everyone },
  ...more,
});

export const tool = (name: string, enabled = true): Tool => ({ name, risk: "write", enabled });

export const toolkit = (slug: string, more: Partial<Toolkit> = {}): Toolkit => ({
  ...entityFields("tkt", `${more.ownerId ?? ""}${slug}`),
  ...{ slug, name: slug, entries: [], skills: [], commands: [], leastPrivilege: false, assignment: everyone },
  ...more,
});

export const skill = (slug: string, more: Partial<Skill> = {}): Skill => ({
  ...entityFields("skl", `${more.ownerId ?? ""}${slug}`),
  ...{ slug, name: slug, content: "", assignment: everyone },
  ...more,
});

export const command = (slug: string, more: Partial<Command> = {}): Command => ({
  ...entityFields("cmd", `${more.ownerId ?? ""}${slug}`),
  ...{ slug, name: slug, template: "x", arguments: [], active: true, assignment: everyone },
  ...more,
});

/** An enabled policy for everyone, except for `more`. */
export const policy = (
  effect: Policy["effect"],
  resources: Partial<PolicyResources>,
  more: Partial<Policy> = {},
): Policy => ({
  ...entityFields("pol", more.slug ?? effect),
  ...{ effect, enabled: true, subjects: everyone },
  resources: { mcpServers: [], tools: [], toolkits: [], skills: [], commands: [], ...resources },
  ...more,
});

/** An organization with these resources only. */
export const buildOrganization = (parts: Partial<OrganizationData>): OrganizationData => ({
  ...{ users: [], groups: [], policies: [], "mcp-server": [], toolkit: [], skill: [], command: [] },
  ...parts,
});

/** An active token of all connect scopes that is not personal, except for `more`. */
export const buildDecisionToken = (more: Partial<Token> = {}): Token => ({
  ...entity,
  ...{
    id: "tok_x",
    name: "x",
    type: "agent",
    scopes: ["connect:write"],
    prefix: "wxt_",
    secrets: [],
    origin: "issued",
  },
  ...{ enabled: true, createdBy: { type: "operator" }, requestCount: 0, failedCount: 0 },
  ...more,
});
