import type { McpServer } from "../../../schemas/mcp-server.ts";
import { pages } from "../../store/paging/pages.ts";
import type { Condition, Query } from "../../store/query.ts";
import type { EffectiveAccess } from "../access/effective-access.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { type ToolSelection, toSelectionConditions } from "./tool-selection.ts";

/**
 * Lists the MCP servers of one endpoint that a user may use, in the order of their slugs.
 * @param slug only this server
 */
export async function listServers(
  mcpServers: Catalog<McpServer>,
  access: EffectiveAccess,
  selection: ToolSelection,
  slug?: string,
): Promise<readonly McpServer[]> {
  const all: Condition[] = [access.toCondition("mcp-server"), ...toSelectionConditions(selection)];
  if (slug !== undefined) all.push({ op: "eq", path: "lookup.key", value: slug });
  const servers: McpServer[] = [];
  const reader = { list: (query: Query) => mcpServers.list(access.organizationId, query) };
  for await (const page of pages(reader, { where: { op: "and", all }, limit: pageSize })) {
    servers.push(...page);
    if (servers.length >= serversMax) break;
  }
  return servers.sort((one, other) => (one.slug < other.slug ? -1 : 1));
}

const pageSize = 50;
const serversMax = 2000;
