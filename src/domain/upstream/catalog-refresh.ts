import type { McpServer } from "../../../schemas/mcp-server.ts";
import type { McpServerRefresh } from "../../../schemas/mcp-server-refresh.ts";
import { AppError } from "../../errors.ts";
import { organizations, serviceTenant } from "../../store/collections.ts";
import type { Store } from "../../store/store.ts";
import type { Caller } from "../caller.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { mcpServerNotFound } from "../connections/connection-changes.ts";
import { compareTools, type ToolDifference } from "./tool-difference.ts";
import { UpstreamError } from "./upstream-error.ts";

/** Reads the tools that a server offers. */
interface ToolLister {
  /** @throws UpstreamError; AppError conflict for an unusable credential */
  listTools(organizationId: string, server: McpServer): Promise<readonly unknown[]>;
}

const toolsMax = 500;

/**
 * Brings the tools of an MCP server in the catalog up to date. Changes wait for the approval of an admin, unless the
 * organization's setting is `automatic`: a server could otherwise change what a tool claims to do after it was approved.
 */
export class CatalogRefresh {
  readonly #store: Store;
  readonly #servers: Catalog<McpServer>;
  readonly #upstream: ToolLister;

  constructor(store: Store, servers: Catalog<McpServer>, upstream: ToolLister) {
    this.#store = store;
    this.#servers = servers;
    this.#upstream = upstream;
  }

  /**
   * Reads the server's tools, applies the approved changes, and returns the difference.
   * @param approved digests of changes from an earlier difference
   * @throws AppError not-found; upstream-failed with the cause; limit-reached for more tools than a server can have
   */
  async refresh(caller: Caller, idOrSlug: string, approved: readonly string[]): Promise<McpServerRefresh> {
    const { organizationId } = caller;
    const server = await this.#servers.get(organizationId, idOrSlug);
    if (!server) throw mcpServerNotFound();
    const offered = await this.#listTools(organizationId, server);
    const organization = await this.#store.for(serviceTenant).open(organizations).get(organizationId);
    const isAutomatic = organization?.mcp?.approveChanges === "automatic";
    const approvedDigests = new Set(approved);
    const compare = (current: Pick<McpServer, "tools">): ToolDifference =>
      compareTools(current.tools, offered, (digest) => isAutomatic || approvedDigests.has(digest));
    let difference = compare(server);
    await this.#servers.update(caller, server.id, {}, (content) => {
      // Compared with the stored tools again, which may have changed while the server responded.
      difference = compare(content);
      if (difference.tools.length > toolsMax) {
        throw new AppError("limit-reached", `An MCP server can have ${toolsMax} tools. Approve fewer changes.`);
      }
      return { ...content, tools: [...difference.tools] };
    });
    const { tools: _, ...report } = difference;
    return report;
  }

  async #listTools(organizationId: string, server: McpServer): Promise<readonly unknown[]> {
    try {
      return await this.#upstream.listTools(organizationId, server);
    } catch (error) {
      if (error instanceof UpstreamError) throw new AppError("upstream-failed", error.message, {}, error);
      throw error;
    }
  }
}
