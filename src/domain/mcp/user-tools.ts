import type { McpServer, Tool } from "../../../schemas/mcp-server.ts";
import type { Policy } from "../../../schemas/policy.ts";
import { AppError } from "../../errors.ts";
import { waitForOwnTick, waitIfHeld } from "../../own-tick.ts";
import { pages } from "../../store/paging/pages.ts";
import type { Condition, SizeLimit } from "../../store/query.ts";
import type { EffectiveAccess } from "../access/effective-access.ts";
import type { ServedServer, ServedServers } from "./served-servers.ts";
import type { ServedTool } from "./served-tool.ts";
import { isSelected, type ToolSelection, toSelectionConditions } from "./tool-selection.ts";
import { parseWireName } from "./wire-names.ts";

/** A tool that the user may use. */
export interface UserTool {
  readonly wireName: string;
  readonly server: McpServer;
  readonly tool: Tool;
  /** The policy that allows the tool, if an assignment does not. */
  readonly policy?: Policy;
}

/** What a search reads of a tool. */
export interface SearchableTool {
  readonly wireName: string;
  readonly serverName: string;
  readonly title?: string;
  readonly description?: string;
}

/** Which tools a page has. */
export interface ToolPageOptions {
  /** Only tools whose wire names are greater. */
  readonly after: string;
  readonly countMax: number;
  /** Ends the list, without a page, when it has more than this number of tools. */
  readonly enough?: number;
}

/** Why a tool cannot be used. Only the audit log distinguishes the reasons. */
export interface WithheldTool {
  readonly decision: "unknown" | "denied" | "not-granted" | "quarantined";
  readonly server?: McpServer;
  readonly tool?: Tool;
  readonly policy?: Policy;
}

/** Lists and finds the tools of one user. Both decide by the same rules, and both read what is stored now. */
export class UserTools {
  readonly #servers: ServedServers;

  constructor(servers: ServedServers) {
    this.#servers = servers;
  }

  /**
   * Lists one page of the tools in the order of their wire names. It ends at a million characters as well, so that neither
   * the list nor its response fills the memory.
   * @returns undefined if there are more tools than `enough`
   * @throws AppError query-too-expensive; too-large for more than 20,000 tools
   */
  async listPage(
    access: EffectiveAccess,
    selection: ToolSelection,
    { after, countMax, enough = Number.POSITIVE_INFINITY }: ToolPageOptions,
  ): Promise<{ readonly tools: readonly ServedTool[]; readonly hasMore: boolean } | undefined> {
    let page: ServedTool[] = [];
    let length = 0;
    let hasMore = false;
    let total = 0;
    const cut = (): void => {
      const uncut = page;
      page = cutPage(uncut, countMax);
      hasMore ||= page.length < uncut.length;
      length = page.reduce((sum, tool) => sum + tool.length, 0);
    };
    for await (const tools of this.#listServers(access, selection)) {
      total += tools.length;
      if (total > enough) return undefined;
      for (const tool of tools) {
        if (tool.wireName <= after) continue;
        page.push(tool);
        length += tool.length;
      }
      // Sorting them after each server would cost more than all else.
      if (page.length > 2 * countMax || length > 2 * pageLengthMax) cut();
    }
    cut();
    return { tools: page, hasMore };
  }

  /**
   * Lists what a search reads of the tools, in the order of their wire names.
   * @throws AppError query-too-expensive; too-large for more than 20,000 tools
   */
  async listSearchable(access: EffectiveAccess, selection: ToolSelection): Promise<readonly SearchableTool[]> {
    const found: SearchableTool[] = [];
    for await (const tools of this.#listServers(access, selection)) found.push(...tools.map(toSearchable));
    return found.sort(byWireName);
  }

  /** Lists the tools of one server after the other. A wire name is listed once. */
  async *#listServers(access: EffectiveAccess, selection: ToolSelection): AsyncGenerator<readonly ServedTool[]> {
    const listed = new Set<string>();
    const reader = this.#servers.open(access.organizationId);
    const all = [access.toCondition("mcp-server"), ...toSelectionConditions(selection)];
    for await (const servers of pages(reader, { where: { op: "and", all }, limit: pageSize, sizeLimit })) {
      // Concurrent lists would otherwise go on in one tick.
      if (servers.reduce((count, { tools }) => count + tools.length, 0) > manyTools) await waitForOwnTick();
      let resumedAt = performance.now();
      for (const served of servers) {
        resumedAt = await waitIfHeld(resumedAt);
        const tools = listServer(access, selection, served).filter(({ wireName }) => !listed.has(wireName));
        for (const { wireName } of tools) listed.add(wireName);
        if (listed.size > toolsMax) throw new AppError("too-large", tooManyTools);
        yield tools;
      }
    }
  }

  /** Finds a tool by its wire name. Its cost does not depend on the number of servers. */
  async find(access: EffectiveAccess, selection: ToolSelection, wireName: string): Promise<UserTool | WithheldTool> {
    let withheld: WithheldTool = { decision: "unknown" };
    for (const { server, tools, hasProblems } of await this.#findServers(access.organizationId, wireName)) {
      const served = tools.find((each) => each.wireName === wireName);
      if (!served) {
        if (hasProblems) withheld = { decision: "unknown", server };
        continue;
      }
      const found = this.#decide(access, selection, server, served.tool, wireName);
      if ("wireName" in found) return found;
      withheld = found;
    }
    return withheld;
  }

  #decide(
    access: EffectiveAccess,
    selection: ToolSelection,
    server: McpServer,
    tool: Tool,
    wireName: string,
  ): UserTool | WithheldTool {
    if (access.isDenied("mcp-server", server)) {
      const policy = access.policies.forResource("mcp-server", server.slug).find(({ effect }) => effect === "deny");
      return { decision: "denied", server, tool, ...(policy && { policy }) };
    }
    if (!access.canAccess("mcp-server", server) || !isSelected(selection, server, tool))
      return { decision: "not-granted", server, tool };
    const { verdict, policy } = access.createToolEvaluator(server)(tool);
    if (verdict === "allowed") return { wireName, server, tool, ...(policy && { policy }) };
    return { decision: verdict === "denied" ? "denied" : "not-granted", server, tool, ...(policy && { policy }) };
  }

  async #findServers(organizationId: string, wireName: string): Promise<readonly ServedServer[]> {
    const lookup = parseWireName(wireName);
    if (!lookup) return [];
    const where: Condition =
      "slug" in lookup
        ? { op: "eq", path: "lookup.key", value: lookup.slug }
        : { op: "startsWith", path: "lookup.key", value: lookup.slugPrefix };
    const found: ServedServer[] = [];
    for await (const page of pages(this.#servers.open(organizationId), { where, limit: candidatesMax })) {
      found.push(...page);
      if (found.length >= candidatesMax) break;
    }
    return found;
  }
}

/** Servers per read. Each has up to 500 tools. */
const pageSize = 50;
/** Tools whose checks take milliseconds. */
const manyTools = 100;
const sizeLimit: SizeLimit = { lengthMax: 500_000, firstBatch: 2 };
/** Characters of the tools in one page. Longer pages take more than some milliseconds in each step of a response. */
const pageLengthMax = 1_000_000;
const toolsMax = 20_000;
/** Servers whose slugs begin with the same 47 characters. */
const candidatesMax = 50;
const tooManyTools = `More than ${toolsMax} tools are within reach. Use the URL of a toolkit or of a server.`;

/** Returns the tools of a server that the user may use and that are selected. */
function listServer(
  access: EffectiveAccess,
  selection: ToolSelection,
  { server, tools }: ServedServer,
): readonly ServedTool[] {
  const usable = new Set(access.listUsableTools(server));
  return tools.filter(({ tool }) => usable.has(tool) && isSelected(selection, server, tool));
}

/** Returns the first tools: so many that they fit a page, and one or more. */
function cutPage(tools: ServedTool[], countMax: number): ServedTool[] {
  const page: ServedTool[] = [];
  let length = 0;
  for (const tool of tools.sort(byWireName)) {
    length += tool.length;
    if (page.length === countMax || (length > pageLengthMax && page.length > 0)) break;
    page.push(tool);
  }
  return page;
}

const byWireName = (one: Pick<UserTool, "wireName">, other: Pick<UserTool, "wireName">): number =>
  one.wireName < other.wireName ? -1 : 1;

/** Characters of a description that are searched: 20,000 tools must not hold the event loop. */
const searchedLengthMax = 500;

const toSearchable = ({ wireName, serverName, tool: { title, description } }: ServedTool): SearchableTool => ({
  wireName,
  serverName,
  ...(title !== undefined && { title }),
  ...(description !== undefined && { description: copyStart(description, searchedLengthMax) }),
});

/** A slice of a string keeps the whole string in memory; a copy does not. */
const copyStart = (text: string, length: number): string =>
  text.length <= length ? text : Buffer.from(text.slice(0, length), "utf16le").toString("utf16le");
