import type { McpServer } from "../../../schemas/mcp-server.ts";
import { pages } from "../../store/paging/pages.ts";
import type { Condition, Query, SizeLimit } from "../../store/query.ts";
import type { EffectiveAccess } from "../access/effective-access.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { type ToolSelection, toSelectionConditions } from "./tool-selection.ts";

/** What lists show of a server. Its tools, which can have a million characters, do not stay in memory. */
export type ListedServer = Pick<McpServer, "slug" | "name" | "description">;

/** Lists the MCP servers of one endpoint that a user may use, in the order of their slugs. */
export async function listServers(
  mcpServers: Catalog<McpServer>,
  access: EffectiveAccess,
  selection: ToolSelection,
): Promise<readonly ListedServer[]> {
  const where = toCondition(access, selection);
  const servers: ListedServer[] = [];
  const reader = { list: (query: Query) => mcpServers.list(access.organizationId, query) };
  for await (const page of pages(reader, { where, limit: pageSize, sizeLimit })) {
    for (const { slug, name, description } of page)
      servers.push({ slug, name, ...(description !== undefined && { description }) });
    if (servers.length >= serversMax) break;
  }
  return servers.sort((one, other) => (one.slug < other.slug ? -1 : 1));
}

/** Finds an MCP server of one endpoint by its slug. @returns undefined if the user may not use it, too */
export async function findServer(
  mcpServers: Catalog<McpServer>,
  access: EffectiveAccess,
  selection: ToolSelection,
  slug: string,
): Promise<McpServer | undefined> {
  const where = toCondition(access, selection, { op: "eq", path: "lookup.key", value: slug });
  return (await mcpServers.list(access.organizationId, { where, limit: 1 })).items[0];
}

const toCondition = (access: EffectiveAccess, selection: ToolSelection, ...more: readonly Condition[]): Condition => ({
  op: "and",
  all: [access.toCondition("mcp-server"), ...toSelectionConditions(selection), ...more],
});

/** Servers per read. Each can have a million characters. */
const pageSize = 50;
const sizeLimit: SizeLimit = { lengthMax: 500_000, firstBatch: 2 };
const serversMax = 2000;
