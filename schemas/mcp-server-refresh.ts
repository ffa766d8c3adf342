import { z } from "zod";
import { tool } from "./mcp-server.ts";
import { uniqueArray } from "./text.ts";

const toolName = z.string().describe("The tool's name at the server.");
const digest = z.string().describe("Identifies exactly this change. An approval names it.");
const isApplied = z.boolean().describe("Whether the change is in the catalog now. Otherwise it waits for approval.");

export const mcpServerRefreshInput = z
  .strictObject({
    approve: uniqueArray(z.string().regex(/^[A-Za-z0-9_-]{43}$/, "must be the digest of a change"), 1000)
      .default([])
      .describe(
        "The digests of changes to apply. A change that is different by now is not applied. Without effect where the organization's `mcp.approveChanges` is `automatic`.",
      ),
  })
  .meta({ id: "McpServerRefreshInput" });

/** The difference between the tools that an MCP server offers and those in the catalog. */
export const mcpServerRefresh = z
  .object({
    added: z
      .array(z.object({ name: toolName, digest, isApplied, tool }))
      .describe("Tools that the catalog does not have."),
    changed: z
      .array(
        z.object({
          name: toolName,
          digest,
          isApplied,
          fields: z.array(z.enum(["title", "description", "inputSchema", "outputSchema", "annotations"])),
          before: tool,
          after: tool,
        }),
      )
      .describe("Tools with another definition. Their `risk` and `enabled` stay."),
    removed: z
      .array(z.object({ name: toolName, digest, isApplied }))
      .describe("Tools that the server no longer offers."),
    quarantined: z
      .array(z.object({ name: toolName, problem: z.string() }))
      .describe("Tools with a definition that clients would reject. They are never applied."),
    unchanged: z.int().describe("The number of tools that are equal."),
  })
  .meta({ id: "McpServerRefresh" });
export type McpServerRefresh = Readonly<z.output<typeof mcpServerRefresh>>;
