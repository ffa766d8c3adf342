import type { McpServer, Tool } from "../../../schemas/mcp-server.ts";
import type { Policy } from "../../../schemas/policy.ts";
import { AppError } from "../../errors.ts";
import { mcpServers } from "../../store/collections.ts";
import { pages } from "../../store/paging/pages.ts";
import type { Condition, SizeLimit } from "../../store/query.ts";
import type { Store } from "../../store/store.ts";
import type { EffectiveAccess } from "../access/effective-access.ts";
import type { ToolQuarantine } from "./tool-definition.ts";
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

/** Why a tool cannot be used. Only the audit log distinguishes the reasons. */
export interface WithheldTool {
  readonly decision: "unknown" | "denied" | "not-granted" | "quarantined";
  readonly server?: McpServer;
  readonly tool?: Tool;
  readonly policy?: Policy;
}

/** Lists and finds the tools of one user. Both decide by the same rules, and both read what is stored now. */
export class UserTools {
  readonly #store: Store;
  readonly #quarantine: ToolQuarantine;

  constructor(store: Store, quarantine: ToolQuarantine) {
    this.#store = store;
    this.#quarantine = quarantine;
  }

  /**
   * Lists the tools in the order of their wire names.
   * @param enough ends the list when it has more than this number of tools
   * @throws AppError query-too-expensive; too-large for more than 20,000 tools
   */
  async list(
    access: EffectiveAccess,
    selection: ToolSelection,
    enough = Number.POSITIVE_INFINITY,
  ): Promise<readonly UserTool[]> {
    const tools = new Map<string, UserTool>();
    const reader = this.#store.for(access.organizationId).open(mcpServers);
    const all = [access.toCondition("mcp-server"), ...toSelectionConditions(selection)];
    for await (const servers of pages(reader, { where: { op: "and", all }, limit: pageSize, sizeLimit })) {
      for (const server of servers)
        for (const each of this.#listServer(access, selection, server))
          if (!tools.has(each.wireName)) tools.set(each.wireName, each);
      if (tools.size > enough) break;
      if (tools.size > toolsMax) throw new AppError("too-large", tooManyTools);
    }
    return [...tools.values()].sort((one, other) => (one.wireName < other.wireName ? -1 : 1));
  }

  /** Finds a tool by its wire name. Its cost does not depend on the number of servers. */
  async find(access: EffectiveAccess, selection: ToolSelection, wireName: string): Promise<UserTool | WithheldTool> {
    let withheld: WithheldTool = { decision: "unknown" };
    for (const server of await this.#findServers(access.organizationId, wireName)) {
      const { toolNames, problems } = this.#quarantine.select(server);
      const name = toolNames.get(wireName);
      const tool = server.tools.find((each) => each.name === name);
      if (!tool) {
        if (problems.size > 0) withheld = { decision: "unknown", server };
        continue;
      }
      const found = this.#decide(access, selection, server, tool, wireName);
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

  #listServer(access: EffectiveAccess, selection: ToolSelection, server: McpServer): readonly UserTool[] {
    const usable = new Map(access.listUsableTools(server).map((tool) => [tool.name, tool]));
    return [...this.#quarantine.select(server).toolNames].flatMap(([wireName, name]) => {
      const tool = usable.get(name);
      return tool && isSelected(selection, server, tool) ? [{ wireName, server, tool }] : [];
    });
  }

  async #findServers(organizationId: string, wireName: string): Promise<readonly McpServer[]> {
    const lookup = parseWireName(wireName);
    if (!lookup) return [];
    const where: Condition =
      "slug" in lookup
        ? { op: "eq", path: "lookup.key", value: lookup.slug }
        : { op: "startsWith", path: "lookup.key", value: lookup.slugPrefix };
    return (await this.#store.for(organizationId).open(mcpServers).list({ where, limit: candidatesMax })).items;
  }
}

/** Servers per read. Each has up to 500 tools. */
const pageSize = 50;
const sizeLimit: SizeLimit = { lengthMax: 4_000_000, firstBatch: 5 };
const toolsMax = 20_000;
/** Servers whose slugs begin with the same 47 characters. */
const candidatesMax = 50;
const tooManyTools = `More than ${toolsMax} tools are within reach. Use the URL of a toolkit or of a server.`;
