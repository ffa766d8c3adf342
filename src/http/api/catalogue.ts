import { z } from "zod";
import { type Command, commandForUser, commandInput, commandShown } from "../../../schemas/command.ts";
import { type McpServer, mcpServerForUser, mcpServerInput, mcpServerShown } from "../../../schemas/mcp-server.ts";
import { type Policy, policyInput, policyShown } from "../../../schemas/policy.ts";
import { type Skill, skillForUser, skillInput, skillShown } from "../../../schemas/skill.ts";
import { slug } from "../../../schemas/text.ts";
import { type Toolkit, toolkitForUser, toolkitInput, toolkitShown } from "../../../schemas/toolkit.ts";
import { commandKind, mcpServerKind, policyKind, skillKind, toolkitKind } from "../../domain/catalogue/kinds.ts";
import type { Thing } from "../../domain/catalogue/thing.ts";
import type { Operation } from "../operation.ts";
import { readingOperations } from "./catalogue-reading.ts";
import { writingOperations } from "./catalogue-writing.ts";
import { equals } from "./lists.ts";
import { type Shelf, shownToUser } from "./shelf.ts";

const owner = equals("ownerId", z.string().max(100).describe("id of the user whose own they are"));

const mcpServers: Shelf<McpServer> = {
  kind: mcpServerKind,
  path: "/mcp-servers",
  tag: "MCP servers",
  name: "McpServer",
  plural: "McpServers",
  from: (rooms) => rooms.mcpServers,
  input: mcpServerInput,
  shown: mcpServerShown,
  filters: { ...equals("status", z.enum(["draft", "active"])), ...equals("environment", slug) },
  forUser: {
    kind: "mcp-server",
    shown: mcpServerForUser,
    show: async (servers, standing) =>
      servers.map((server) => ({ ...shownToUser(server), tools: standing.toolsOf(server) })),
    isOwnable: false,
  },
};

const toolkits: Shelf<Toolkit> = {
  kind: toolkitKind,
  path: "/toolkits",
  tag: "Toolkits",
  name: "Toolkit",
  plural: "Toolkits",
  from: (rooms) => rooms.toolkits,
  input: toolkitInput,
  shown: toolkitShown,
  filters: owner,
  forUser: {
    kind: "toolkit",
    shown: toolkitForUser,
    show: async (toolkits, standing, { access }) => {
      const given = toolkits.filter((toolkit) => toolkit.ownerId === undefined);
      const inReach = new Map((await access.toolkitsFor(standing, given)).map((toolkit) => [toolkit.id, toolkit]));
      // An own one is shown as its owner wrote it, so that it can be sent back as it is.
      return toolkits.map((toolkit) => shownToUser(inReach.get(toolkit.id) ?? toolkit));
    },
    isOwnable: true,
  },
};

const skills: Shelf<Skill> = {
  kind: skillKind,
  path: "/skills",
  tag: "Skills",
  name: "Skill",
  plural: "Skills",
  from: (rooms) => rooms.skills,
  input: skillInput,
  shown: skillShown,
  filters: owner,
  forUser: { kind: "skill", shown: skillForUser, show: async (skills) => skills.map(shownToUser), isOwnable: true },
};

const commands: Shelf<Command> = {
  kind: commandKind,
  path: "/commands",
  tag: "Commands",
  name: "Command",
  plural: "Commands",
  from: (rooms) => rooms.commands,
  input: commandInput,
  shown: commandShown,
  filters: { ...owner, ...equals("active", z.boolean()) },
  forUser: {
    kind: "command",
    shown: commandForUser,
    show: async (commands) => commands.map(shownToUser),
    isOwnable: true,
  },
};

const policies: Shelf<Policy> = {
  kind: policyKind,
  path: "/policies",
  tag: "Policies",
  name: "Policy",
  plural: "Policies",
  from: (rooms) => rooms.policies,
  input: policyInput,
  shown: policyShown,
  filters: { ...equals("effect", z.enum(["allow", "deny"])), ...equals("enabled", z.boolean()) },
};

const operationsOf = <T extends Thing>(shelf: Shelf<T>): readonly Operation[] => [
  ...readingOperations(shelf),
  ...writingOperations(shelf),
];

/** The catalogue: MCP servers, toolkits, skills, commands, and the policies about them. */
export const catalogueOperations: readonly Operation[] = [
  ...operationsOf(mcpServers),
  ...operationsOf(toolkits),
  ...operationsOf(skills),
  ...operationsOf(commands),
  ...operationsOf(policies),
];
