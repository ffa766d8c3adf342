import type { McpServer } from "../../../schemas/mcp-server.ts";
import type { McpServerRefresh } from "../../../schemas/mcp-server-refresh.ts";
import { AppError, hasErrorCode } from "../../errors.ts";
import { organizations, serviceTenant } from "../../store/collections.ts";
import type { Store } from "../../store/store.ts";
import type { Caller } from "../caller.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { mcpServerNotFound } from "../connections/connection-changes.ts";
import { compareTools, readOfferedTools } from "./tool-difference.ts";
import { UpstreamError } from "./upstream-error.ts";

/** Reads the tools that a server offers. */
interface ToolLister {
  /** @throws UpstreamError; AppError conflict for an unusable credential */
  listTools(organizationId: string, server: McpServer): Promise<readonly unknown[]>;
}

const toolsMax = 500;
/** How often the tools are compared, if the server in the catalog changes at the same time. */
const attemptsMax = 5;

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
   * @throws AppError not-found; upstream-failed with the cause; limit-reached for more tools than a server can have;
   *   conflict if the server in the catalog changes again and again
   */
  async refresh(caller: Caller, idOrSlug: string, approved: readonly string[]): Promise<McpServerRefresh> {
    const { organizationId } = caller;
    const server = await this.#require(organizationId, idOrSlug);
    const offered = await readOfferedTools(await this.#listTools(organizationId, server));
    const organization = await this.#store.for(serviceTenant).open(organizations).get(organizationId);
    const isAutomatic = organization?.mcp?.approveChanges === "automatic";
    const approvedDigests = new Set(approved);
    const isApproved = (digest: string): boolean => isAutomatic || approvedDigests.has(digest);
    for (let attempt = 1; ; attempt++) {
      // The stored tools may have changed while the server responded, and while they are compared.
      const current = await this.#require(organizationId, server.id);
      const { tools, ...report } = await compareTools(current.tools, offered, isApproved);
      if (tools.length > toolsMax) {
        throw new AppError("limit-reached", `An MCP server can have ${toolsMax} tools. Approve fewer changes.`);
      }
      try {
        const expected = { ifMatch: [current.version] };
        await this.#servers.update(caller, server.id, expected, (content) => ({ ...content, tools: [...tools] }));
        return report;
      } catch (error) {
        if (!hasErrorCode(error, "precondition-failed")) throw error;
        if (attempt === attemptsMax) {
          throw new AppError("conflict", "The MCP server is changed by other requests. Try again.", {}, error);
        }
      }
    }
  }

  async #require(organizationId: string, idOrSlug: string): Promise<McpServer> {
    const server = await this.#servers.get(organizationId, idOrSlug);
    if (!server) throw mcpServerNotFound();
    return server;
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
