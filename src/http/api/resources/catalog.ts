import { z } from "zod";
import { type Command, commandInput, commandResponse, userCommandResponse } from "../../../../schemas/command.ts";
import {
  type McpServer,
  mcpServerInput,
  mcpServerResponse,
  userMcpServerResponse,
} from "../../../../schemas/mcp-server.ts";
import { type Policy, policyInput, policyResponse } from "../../../../schemas/policy.ts";
import { type Skill, skillInput, skillResponse, userSkillResponse } from "../../../../schemas/skill.ts";
import { slug } from "../../../../schemas/text.ts";
import { type Toolkit, toolkitInput, toolkitResponse, userToolkitResponse } from "../../../../schemas/toolkit.ts";
import { nameStartsWith } from "../../../domain/catalog/name-filter.ts";
import type { CatalogResource } from "../../../domain/catalog/resource.ts";
import {
  commandType,
  mcpServerType,
  policyType,
  skillType,
  toolkitType,
} from "../../../domain/catalog/resource-types.ts";
import { catalogHasLabels } from "../../../domain/label-conditions.ts";
import { equalsFilter, labelFilters, nameFilter } from "../kernel/lists.ts";
import type { Operation } from "../kernel/operation.ts";
import { type ResourceDescriptor, renderResourceForUser } from "./catalog-descriptor.ts";
import { readOperations } from "./catalog-read.ts";
import { writeOperations } from "./catalog-write.ts";

const commonFilters = {
  ...equalsFilter("slug", slug.describe("The slug of the resource; of several users, each can own one with it.")),
  ...nameFilter("name", nameStartsWith),
  ...labelFilters(catalogHasLabels),
};
const ownerFilter = equalsFilter("ownerId", z.string().max(100).describe("The id of the user who owns the resources."));

const mcpServers: ResourceDescriptor<McpServer> = {
  resourceType: mcpServerType,
  path: "/mcp-servers",
  tag: "MCP servers",
  name: "McpServer",
  plural: "McpServers",
  nouns: { singular: "an MCP server", plural: "MCP servers" },
  catalogFrom: (services) => services.mcpServers,
  inputSchema: mcpServerInput,
  responseSchema: mcpServerResponse,
  filters: {
    ...commonFilters,
    ...equalsFilter("status", z.enum(["draft", "active"]).describe("The status of the servers.")),
    ...equalsFilter("environment", slug.describe("The environment of the servers.")),
  },
  userView: {
    kind: "mcp-server",
    responseSchema: userMcpServerResponse,
    render: async (servers, effectiveAccess) =>
      servers.map((server) => ({ ...renderResourceForUser(server), tools: effectiveAccess.listUsableTools(server) })),
    isOwnable: false,
  },
};

const toolkits: ResourceDescriptor<Toolkit> = {
  resourceType: toolkitType,
  path: "/toolkits",
  tag: "Toolkits",
  name: "Toolkit",
  plural: "Toolkits",
  nouns: { singular: "a toolkit", plural: "toolkits" },
  catalogFrom: (services) => services.toolkits,
  inputSchema: toolkitInput,
  responseSchema: toolkitResponse,
  filters: { ...commonFilters, ...ownerFilter },
  userView: {
    kind: "toolkit",
    responseSchema: userToolkitResponse,
    render: async (toolkits, effectiveAccess, { access }) => {
      const organizationToolkits = toolkits.filter((toolkit) => toolkit.ownerId === undefined);
      const accessibleById = new Map(
        (await access.filterToolkits(effectiveAccess, organizationToolkits)).map((toolkit) => [toolkit.id, toolkit]),
      );
      // A user-owned toolkit is returned as its owner wrote it, so that it can be sent back unchanged.
      return toolkits.map((toolkit) => renderResourceForUser(accessibleById.get(toolkit.id) ?? toolkit));
    },
    isOwnable: true,
  },
};

const skills: ResourceDescriptor<Skill> = {
  resourceType: skillType,
  path: "/skills",
  tag: "Skills",
  name: "Skill",
  plural: "Skills",
  nouns: { singular: "a skill", plural: "skills" },
  catalogFrom: (services) => services.skills,
  inputSchema: skillInput,
  responseSchema: skillResponse,
  filters: { ...commonFilters, ...ownerFilter },
  includableFields: ["content", "files"],
  userView: {
    kind: "skill",
    responseSchema: userSkillResponse,
    render: async (skills) => skills.map(renderResourceForUser),
    isOwnable: true,
  },
};

const commands: ResourceDescriptor<Command> = {
  resourceType: commandType,
  path: "/commands",
  tag: "Commands",
  name: "Command",
  plural: "Commands",
  nouns: { singular: "a command", plural: "commands" },
  catalogFrom: (services) => services.commands,
  inputSchema: commandInput,
  responseSchema: commandResponse,
  filters: {
    ...commonFilters,
    ...ownerFilter,
    ...equalsFilter("active", z.boolean().describe("Whether the commands are active.")),
  },
  userView: {
    kind: "command",
    responseSchema: userCommandResponse,
    render: async (commands) => commands.map(renderResourceForUser),
    isOwnable: true,
  },
};

const policies: ResourceDescriptor<Policy> = {
  resourceType: policyType,
  path: "/policies",
  tag: "Policies",
  name: "Policy",
  plural: "Policies",
  nouns: { singular: "a policy", plural: "policies" },
  catalogFrom: (services) => services.policies,
  inputSchema: policyInput,
  responseSchema: policyResponse,
  filters: {
    ...commonFilters,
    ...equalsFilter("effect", z.enum(["allow", "deny"]).describe("The effect of the policies.")),
    ...equalsFilter("enabled", z.boolean().describe("Whether the policies are enabled.")),
  },
};

const toOperations = <T extends CatalogResource>(descriptor: ResourceDescriptor<T>): readonly Operation[] => [
  ...readOperations(descriptor),
  ...writeOperations(descriptor),
];

/** The operations of the catalog: MCP servers, toolkits, skills, commands and policies. */
export const catalogOperations: readonly Operation[] = [
  ...toOperations(mcpServers),
  ...toOperations(toolkits),
  ...toOperations(skills),
  ...toOperations(commands),
  ...toOperations(policies),
];
