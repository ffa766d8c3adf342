import type { McpServer } from "../../../schemas/mcp-server.ts";
import type { Toolkit, ToolkitWarning } from "../../../schemas/toolkit.ts";
import { chunks, pages } from "../../store/paging/pages.ts";
import type { SizeLimit } from "../../store/query.ts";
import type { Catalog } from "./catalog.ts";

/** Servers have all of their tools, so few are read at a time. */
const chunkMax = 10;
const sizeLimit: SizeLimit = { lengthMax: 1_000_000, firstBatch: 2 };
/** Bounds the size of a response. */
const warningsMax = 20;

/**
 * Finds the tools that a toolkit names and that their servers do not have. They are no error: a server can get or lose
 * tools at any time.
 * @returns at most 20 warnings, in the order of the entries
 */
export async function findUnknownTools(
  servers: Pick<Catalog<McpServer>, "list">,
  { organizationId, entries }: Toolkit,
): Promise<readonly ToolkitWarning[]> {
  const slugs = entries.flatMap(({ mcpServer, tools }) => (tools === "all" || tools.length === 0 ? [] : [mcpServer]));
  const toolsBySlug = new Map<string, ReadonlySet<string>>();
  const reader = { list: (query: Parameters<typeof servers.list>[1]) => servers.list(organizationId, query) };
  for (const values of chunks(slugs, chunkMax)) {
    const where = { op: "in", path: "lookup.key", values } as const;
    for await (const page of pages(reader, { where, limit: chunkMax, sizeLimit }))
      for (const { slug, tools } of page) toolsBySlug.set(slug, new Set(tools.map(({ name }) => name)));
  }
  const warnings = entries.flatMap(({ mcpServer, tools }, entryIndex) => {
    const known = toolsBySlug.get(mcpServer);
    if (tools === "all" || !known) return [];
    return tools.flatMap((tool, index): ToolkitWarning[] => {
      if (known.has(tool)) return [];
      const pointer = `/entries/${entryIndex}/tools/${index}`;
      return [{ pointer, code: "unknown-tool", detail: `The MCP server ${mcpServer} has no tool ${tool} now.` }];
    });
  });
  return warnings.slice(0, warningsMax);
}
