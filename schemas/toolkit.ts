import { z } from "zod";
import { assignment, unassigned } from "./assignment.ts";
import { entity, repeatedEntity, repeatedOwner, shownEntity, shownOwner } from "./entity.ts";
import { tool } from "./mcp-server.ts";
import { description, name, setOf, slug } from "./text.ts";

export const toolkitEntry = z
  .strictObject({
    mcpServer: slug.describe("slug of the MCP server"),
    tools: z
      .union([z.literal("all"), setOf(tool.shape.name, 500)])
      .default("all")
      .describe("names of its tools, or all of them"),
  })
  .meta({ id: "ToolkitEntry" });

const common = {
  name,
  description: description.optional(),
  entries: z
    .array(toolkitEntry)
    .max(100)
    .refine((list) => new Set(list.map((each) => each.mcpServer)).size === list.length, "must not name a server twice")
    .default([]),
  skills: setOf(slug, 100).default([]).describe("slugs of skills"),
  commands: setOf(slug, 100).default([]).describe("slugs of commands"),
  leastPrivilege: z
    .boolean()
    .default(false)
    .describe("through the toolkit nothing but the tools that it names is used"),
};
const fields = { ...common, assignment: assignment.default(unassigned) };

/** A choice of tools, skills and commands under one name. It gives nobody a server that is not theirs already. */
export const toolkit = z.object({ ...entity, slug, ownerId: z.string().optional(), ...fields });
export type Toolkit = Readonly<z.output<typeof toolkit>>;

export const toolkitInput = z
  .strictObject({ ...repeatedEntity, ...repeatedOwner, slug, ...fields })
  .meta({ id: "ToolkitInput" });
export const toolkitShown = z.object({ ...shownEntity, ...shownOwner, slug, ...fields }).meta({ id: "Toolkit" });

export const toolkitForUser = z.object({ ...shownEntity, ...shownOwner, slug, ...common }).meta({ id: "UserToolkit" });
