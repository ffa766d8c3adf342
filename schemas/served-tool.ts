import { z } from "zod";

/** How `/mcp` serves a tool of an MCP server. */
export const servedTool = z
  .object({
    name: z.string().describe("The name of the tool on its server."),
    mcpName: z.string().optional().describe("The name of the tool in `/mcp`. Absent: the tool is not served."),
    problem: z
      .string()
      .optional()
      .describe("Why the tool is not served: clients would drop the whole list. It names the invalid field."),
  })
  .meta({ id: "ServedTool" });

export const servedTools = z.object({ data: z.array(servedTool) }).meta({ id: "ServedTools" });
