import type { McpServer, Tool } from "../../../schemas/mcp-server.ts";
import type { Policy, PolicyResources } from "../../../schemas/policy.ts";
import { hasErrorCode } from "../../errors.ts";
import type { Condition, Page, Query, SizeLimit } from "../../store/query.ts";
import { refersTo } from "../catalog/references.ts";
import { ApplicablePolicies } from "./applicable-policies.ts";

/** Lists the records of one type of an organization. */
interface CatalogLister<T> {
  list(organizationId: string, query: Query): Promise<Page<T>>;
}

/** The policies that decide about single tools of a server. */
export interface ToolPolicies {
  /** The enabled policies with a pattern that matches a tool, by the name of the tool; only tools with a policy. */
  readonly byTool: ReadonlyMap<string, readonly Policy[]>;
  /** Whether there are more policies than were compared. */
  readonly isPartial: boolean;
}

/** Policies that are compared with the tools of one server. */
const comparedPoliciesMax = 200;
const policySizeLimit: SizeLimit = { lengthMax: 2_000_000, firstBatch: 50 };

/**
 * Finds the enabled policies that allow or deny single tools of a server, for whichever users they are. Reads one page of
 * policies: those that name the server, and those that deny tools of any server.
 */
export async function findToolPolicies(
  policies: CatalogLister<Policy>,
  organizationId: string,
  { slug, tools }: Pick<McpServer, "slug" | "tools">,
): Promise<ToolPolicies> {
  if (tools.length === 0) return { byTool: new Map(), isPartial: false };
  const namesNoServer: Condition = { op: "not", condition: { op: "present", path: "resources.mcpServers" } };
  const all: readonly Condition[] = [
    { op: "eq", path: "enabled", value: true },
    { op: "present", path: "resources.tools" },
    { op: "or", all: [refersTo({ kind: "mcp-server", name: slug }), namesNoServer] },
  ];
  const byTool = new Map<string, readonly Policy[]>();
  try {
    const { items, isCut = false } = await policies.list(organizationId, {
      where: { op: "and", all },
      limit: comparedPoliciesMax + 1,
      sizeLimit: policySizeLimit,
    });
    const compared = items.slice(0, comparedPoliciesMax);
    const matcher = new ApplicablePolicies(compared);
    const matches = compared.map((policy) => ({ policy, find: matcher.createToolMatcher(slug, [policy]) }));
    for (const tool of tools) {
      const deciding = matches.filter(({ find }) => find(tool)).map(({ policy }) => policy);
      if (deciding.length > 0) byTool.set(tool.name, deciding);
    }
    return { byTool, isPartial: isCut || items.length > comparedPoliciesMax };
  } catch (error) {
    if (!hasErrorCode(error, "query-too-expensive")) throw error;
    return { byTool, isPartial: true };
  }
}

/** What the tool patterns of a policy match in the catalog now. */
export interface PatternPreview {
  /** The servers with tools that match, and the tools. */
  readonly servers: readonly { readonly server: McpServer; readonly tools: readonly Tool[] }[];
  /** How many tools match in all compared servers. */
  readonly matchCount: number;
  readonly comparedServers: number;
  /** Whether there are more servers or tools than were compared. */
  readonly isPartial: boolean;
}

const comparedServersMax = 200;
const serverSizeLimit: SizeLimit = { lengthMax: 8 * 1024 * 1024, firstBatch: 10 };
/** Tools in one preview. */
const previewedToolsMax = 100;

/**
 * Compares the tool patterns of a policy with the tools of its servers, or of all servers without a list of them. Reads one
 * page of servers, whatever the size of the catalog.
 * @param resources valid resources of a policy with at least one pattern
 */
export async function previewToolPatterns(
  servers: CatalogLister<McpServer>,
  organizationId: string,
  resources: PolicyResources,
): Promise<PatternPreview> {
  const { items, isCut = false } = await servers.list(organizationId, {
    ...(resources.mcpServers.length > 0 && {
      where: { op: "in", path: "lookup.key", values: resources.mcpServers },
    }),
    limit: comparedServersMax + 1,
    sizeLimit: serverSizeLimit,
  });
  const compared = items.slice(0, comparedServersMax);
  const matcher = new ApplicablePolicies([]);
  const found: { server: McpServer; tools: Tool[] }[] = [];
  let matchCount = 0;
  let isPartial = isCut || items.length > comparedServersMax;
  try {
    for (const server of compared) {
      const find = matcher.createToolMatcher(server.slug, [{ resources }]);
      const tools = server.tools.filter(find);
      const shown = tools.slice(0, Math.max(0, previewedToolsMax - matchCount));
      matchCount += tools.length;
      if (shown.length > 0) found.push({ server, tools: shown });
    }
  } catch (error) {
    if (!hasErrorCode(error, "query-too-expensive")) throw error;
    isPartial = true;
  }
  return { servers: found, matchCount, comparedServers: compared.length, isPartial };
}
