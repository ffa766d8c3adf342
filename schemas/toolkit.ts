import { z } from "zod";
import { assignment, unassigned } from "./assignment.ts";
import {
  entityFields,
  entityResponseFields,
  ownerResponseFields,
  readOnlyEntityFields,
  readOnlyOwnerFields,
} from "./entity.ts";
import { labelsField, labelsResponse } from "./labels.ts";
import { toolName } from "./mcp-server.ts";
import { description, name, slug, uniqueArray } from "./text.ts";

export const toolkitEntry = z
  .strictObject({
    mcpServer: slug.describe("Slug of the MCP server."),
    tools: z
      .union([z.literal("all"), uniqueArray(toolName, 500)])
      .default("all")
      .describe("Names of the server's tools, or `all`."),
  })
  .meta({ id: "ToolkitEntry" });

const common = {
  name,
  description: description.optional(),
  entries: z
    .array(toolkitEntry)
    .max(100)
    .refine(
      (list) => new Set(list.map((each) => each.mcpServer)).size === list.length,
      "must not contain duplicate servers",
    )
    .default([]),
  skills: uniqueArray(slug, 100).default([]).describe("Slugs of skills."),
  commands: uniqueArray(slug, 100).default([]).describe("Slugs of commands."),
  leastPrivilege: z
    .boolean()
    .default(false)
    .describe("A hint for clients to use only the listed tools. The service stores it and does not enforce it."),
};
const fields = { ...common, assignment: assignment.default(unassigned) };

/** A named selection of tools, skills and commands. It does not grant access to servers. */
export const toolkit = z.object({ ...entityFields, slug, ownerId: z.string().optional(), ...labelsField, ...fields });
export type Toolkit = Readonly<z.output<typeof toolkit>>;

export const toolkitInput = z
  .strictObject({ ...readOnlyEntityFields, ...readOnlyOwnerFields, slug, ...labelsField, ...fields })
  .meta({ id: "ToolkitInput" });
export const toolkitResponse = z
  .object({ ...entityResponseFields, ...ownerResponseFields, slug, ...labelsResponse, ...fields })
  .meta({ id: "Toolkit" });

export const userToolkitResponse = z
  .object({ ...entityResponseFields, ...ownerResponseFields, slug, ...labelsResponse, ...common })
  .meta({ id: "UserToolkit" });
