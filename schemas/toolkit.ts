import { z } from "zod";
import { assignment, unassigned } from "./assignment.ts";
import {
  entityFields,
  entityResponseFields,
  ownerResponseFields,
  readOnlyEntityFields,
  readOnlyField,
  readOnlyOwnerFields,
} from "./entity.ts";
import { labelsField, labelsResponse } from "./labels.ts";
import { toolName } from "./mcp-server.ts";
import { description, name, slug, uniqueArray } from "./text.ts";

const toolNames = uniqueArray(toolName, 500);
const server = { mcpServer: slug.describe("Slug of the MCP server.") };

/** An entry as it is stored and as earlier releases read it: with `all` for all tools. */
const storedEntry = z.object({ ...server, tools: z.union([z.literal("all"), toolNames]).default("all") });

/** An entry as the API shows it: without `tools` for all tools, so that the field has one type. */
const toolkitEntry = z
  .strictObject({
    ...server,
    tools: toolNames
      .optional()
      .describe("Names of the server's tools. Absent: all tools, also those that it gets later."),
  })
  .meta({ id: "ToolkitEntry" });

/** Requests may have `all`, as earlier releases returned it. */
const readEntry = z
  .preprocess((value) => {
    const { tools, ...rest } = Object(value) as { readonly tools?: unknown };
    return tools === "all" || tools === null ? rest : value;
  }, toolkitEntry)
  .transform(({ tools = "all" as const, ...rest }) => ({ ...rest, tools }));

/** Returns a stored entry as the API shows it. */
export const toShownEntry = ({ tools, ...rest }: Toolkit["entries"][number]): z.output<typeof toolkitEntry> =>
  tools === "all" ? rest : { ...rest, tools };

/** What may be wrong with a toolkit and is no error. */
const warnings = z
  .array(z.object({ pointer: z.string(), code: z.enum(["unknown-tool"]), detail: z.string() }))
  .optional()
  .describe(
    "In responses to writes in the organization's view: tools that their server does not have now. Absent if there are none.",
  );
export type ToolkitWarning = NonNullable<z.output<typeof warnings>>[number];

const toEntries = <Entry extends z.ZodType<{ readonly mcpServer: string }>>(entry: Entry) => ({
  entries: z
    .array(entry)
    .max(100)
    .refine(
      (list) => new Set(list.map((each) => each.mcpServer)).size === list.length,
      "must not contain duplicate servers",
    )
    .default([]),
});

const common = {
  name,
  description: description.optional(),
  skills: uniqueArray(slug, 100).default([]).describe("Slugs of skills."),
  commands: uniqueArray(slug, 100).default([]).describe("Slugs of commands."),
  leastPrivilege: z
    .boolean()
    .default(false)
    .describe("A hint for clients to use only the listed tools. The service stores it and does not enforce it."),
};
const fields = { ...common, assignment: assignment.default(unassigned) };

/** A named selection of tools, skills and commands. It does not grant access to servers. */
export const toolkit = z.object({
  ...entityFields,
  slug,
  ownerId: z.string().optional(),
  ...labelsField,
  ...toEntries(storedEntry),
  ...fields,
});
export type Toolkit = Readonly<z.output<typeof toolkit>>;

export const toolkitInput = z
  .strictObject({
    ...readOnlyEntityFields,
    ...readOnlyOwnerFields,
    slug,
    ...labelsField,
    ...toEntries(readEntry),
    ...fields,
    warnings: readOnlyField(z.array(z.looseObject({}))),
  })
  .meta({ id: "ToolkitInput" });
export const toolkitResponse = z
  .object({
    ...entityResponseFields,
    ...ownerResponseFields,
    slug,
    ...labelsResponse,
    ...toEntries(toolkitEntry),
    ...fields,
    warnings,
  })
  .meta({ id: "Toolkit" });

export const userToolkitResponse = z
  .object({
    ...entityResponseFields,
    ...ownerResponseFields,
    slug,
    ...labelsResponse,
    ...toEntries(toolkitEntry),
    ...common,
  })
  .meta({ id: "UserToolkit" });
