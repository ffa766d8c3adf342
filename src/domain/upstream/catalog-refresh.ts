import { isDeepStrictEqual } from "node:util";
import type { McpServer } from "../../../schemas/mcp-server.ts";
import type { McpServerRefresh } from "../../../schemas/mcp-server-refresh.ts";
import { AppError, hasErrorCode } from "../../errors.ts";
import { organizations, serviceTenant } from "../../store/collections.ts";
import type { Store } from "../../store/store.ts";
import type { Caller } from "../caller.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { mcpServerNotFound } from "../connections/connection-changes.ts";
import type { Quota } from "../rate-limit/quota.ts";
import { consumeOrReject } from "../rate-limit/rate-limited.ts";
import { compareTools, readOfferedTools } from "./tool-difference.ts";
import { UpstreamError } from "./upstream-error.ts";

/** Reads the tools that a server offers. */
interface ToolLister {
  /** @throws UpstreamError; AppError conflict for an unusable credential */
  listTools(organizationId: string, server: McpServer): Promise<readonly unknown[]>;
}

/** Tools that were read with other values of these fields may be those of another server. */
const connectionFields = ["transport", "url", "auth"] as const;
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
  readonly #quota: Quota | undefined;
  /** The ids of the servers that are refreshed now. */
  readonly #refreshing = new Set<string>();

  /** @param quota counts the refreshes of each organization; undefined: they are not limited */
  constructor(store: Store, servers: Catalog<McpServer>, upstream: ToolLister, quota: Quota | undefined) {
    this.#store = store;
    this.#servers = servers;
    this.#upstream = upstream;
    this.#quota = quota;
  }

  /**
   * Reads the server's tools, applies the approved changes, and returns the difference. One refresh can send many requests,
   * so that each replica runs one at a time for a server.
   * @param approved digests of changes from an earlier difference
   * @throws AppError not-found; upstream-failed with the cause; limit-reached for more tools than a server can have;
   *   conflict during another refresh, and if the server in the catalog changes; rate-limited for an organization with too
   *   many refreshes
   */
  async refresh(caller: Caller, idOrSlug: string, approved: readonly string[]): Promise<McpServerRefresh> {
    const server = await this.#require(caller.organizationId, idOrSlug);
    if (this.#refreshing.has(server.id)) {
      throw new AppError("conflict", "A refresh of this MCP server is in progress. Try again when it has finished.");
    }
    if (this.#quota) consumeOrReject({ quota: this.#quota, key: caller.organizationId });
    this.#refreshing.add(server.id);
    try {
      return await this.#refresh(caller, server, approved);
    } finally {
      this.#refreshing.delete(server.id);
    }
  }

  async #refresh(caller: Caller, server: McpServer, approved: readonly string[]): Promise<McpServerRefresh> {
    const { organizationId } = caller;
    const offered = await readOfferedTools(await this.#listTools(organizationId, server));
    const organization = await this.#store.for(serviceTenant).open(organizations).get(organizationId);
    const isAutomatic = organization?.mcp?.approveChanges === "automatic";
    const approvedDigests = new Set(approved);
    const isApproved = (digest: string): boolean => isAutomatic || approvedDigests.has(digest);
    for (let attempt = 1; ; attempt++) {
      // The stored tools may have changed while the server responded, and while they are compared.
      const current = await this.#require(organizationId, server.id);
      assertSameConnection(server, current);
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

/** @throws AppError conflict */
function assertSameConnection(server: McpServer, current: McpServer): void {
  const changed = connectionFields.filter((field) => !isDeepStrictEqual(server[field], current[field]));
  if (changed.length === 0) return;
  const detail = `The MCP server has changed (${changed.join(", ")}) while its tools were read. Refresh it again.`;
  throw new AppError("conflict", detail);
}
