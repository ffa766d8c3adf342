import type { AuthorizationStart, Connection } from "../../../schemas/connection.ts";
import type { McpServer } from "../../../schemas/mcp-server.ts";
import { connections, mcpServers } from "../../store/collections.ts";
import { pages } from "../../store/paging/pages.ts";
import type { Condition, Page, Position, Query } from "../../store/query.ts";
import type { Store, Tenant } from "../../store/store.ts";
import type { EffectiveAccess } from "../access/effective-access.ts";
import type { Caller } from "../caller.ts";
import { retryOnConflict } from "../conflict.ts";
import type { ExpectedVersion } from "../precondition.ts";
import type { Authorizations } from "./authorizations.ts";
import {
  type ConnectionContent,
  findConnection,
  mcpServerNotFound,
  putConnectionWithin,
  removeConnectionWithin,
  toConnectionKey,
} from "./connection-changes.ts";

/** Finds a server of an organization by slug or id. */
interface McpServerFinder {
  get(organizationId: string, idOrSlug: string): Promise<McpServer | undefined>;
}

/**
 * The connections of users to MCP servers. A user sees only connections to servers that the user may use. Other servers
 * are reported as not found.
 */
export class McpConnections {
  readonly #store: Store;
  readonly #servers: McpServerFinder;
  readonly #authorizations: Authorizations;

  constructor(store: Store, servers: McpServerFinder, authorizations: Authorizations) {
    this.#store = store;
    this.#servers = servers;
    this.#authorizations = authorizations;
  }

  /** Lists connections of the whole organization that match the filter, in id order. */
  async list(organizationId: string, filter: ConnectionFilter, page: Query): Promise<Page<Connection>> {
    const where = await this.#toConditions(organizationId, filter);
    return this.#store
      .for(organizationId)
      .open(connections)
      .list({ ...page, ...(where.length > 0 && { where: { op: "and", all: where } }) });
  }

  get(organizationId: string, id: string): Promise<Connection | undefined> {
    return this.#store.for(organizationId).open(connections).get(id);
  }

  /** @throws AppError not-found; precondition-failed */
  async remove(caller: Caller, id: string, expected: ExpectedVersion): Promise<void> {
    await this.#store.transaction(
      async (transaction) => {
        const current = await transaction.for(caller.organizationId).open(connections).get(id);
        await removeConnectionWithin(transaction, caller, current, expected);
      },
      { lockKey: id },
    );
  }

  /** Lists a user's connections to servers that the user may use, in id order. */
  async listOwn(
    access: EffectiveAccess,
    filter: ConnectionFilter,
    { limit, after }: { readonly limit: number; readonly after?: Position },
  ): Promise<Page<Connection>> {
    const tenant = this.#store.for(access.organizationId);
    const all = [
      { op: "eq", path: "userId", value: access.userId } as const,
      ...(await this.#toConditions(access.organizationId, filter)),
    ];
    const query = { where: { op: "and", all }, limit, ...(after && { after }) } as const;
    const reachable: Connection[] = [];
    for await (const page of pages(tenant.open(connections), query)) {
      reachable.push(...(await filterReachable(tenant, access, page)));
      if (reachable.length >= limit) break;
    }
    return { items: reachable.slice(0, limit) };
  }

  /**
   * @param server slug or id
   * @returns the server, and the user's connection to it; undefined if there is none
   * @throws AppError not-found for a server that does not exist or that the user may not use
   */
  async getOwn(
    access: EffectiveAccess,
    server: string,
  ): Promise<{ readonly server: McpServer; readonly connection: Connection | undefined }> {
    const mcpServer = await this.#requireReachable(access, server);
    const tenant = this.#store.for(access.organizationId);
    return { server: mcpServer, connection: await findConnection(tenant, access.userId, mcpServer.id) };
  }

  /**
   * Creates a user's connection to a server, or replaces its content. Nothing is written if nothing changes.
   * @param state the state of the authorization request that led to the connection
   * @throws AppError not-found as `getOwn`; precondition-failed; invalid-value for a state that was not issued for this
   *   user and server, or has expired
   */
  async put(
    caller: Caller,
    access: EffectiveAccess,
    server: string,
    expected: ExpectedVersion,
    content: ConnectionContent,
    state?: string,
  ): Promise<{ readonly connection: Connection; readonly isNew: boolean }> {
    const { id } = await this.#requireReachable(access, server);
    if (state !== undefined) await this.#authorizations.assertState(state, access, id);
    return retryOnConflict(() =>
      this.#store.transaction(
        (transaction) => putConnectionWithin(transaction, caller, access, id, expected, content),
        {
          lockKey: toConnectionKey(access.userId, id),
        },
      ),
    );
  }

  /** @throws AppError not-found as `getOwn`, and if there is no connection; precondition-failed */
  async removeOwn(caller: Caller, access: EffectiveAccess, server: string, expected: ExpectedVersion): Promise<void> {
    const { id } = await this.#requireReachable(access, server);
    await this.#store.transaction(
      async (transaction) => {
        const current = await findConnection(transaction.for(access.organizationId), access.userId, id);
        await removeConnectionWithin(transaction, caller, current, expected);
      },
      { lockKey: toConnectionKey(access.userId, id) },
    );
  }

  /**
   * Starts an authorization at the OAuth 2.0 authorization server of an MCP server.
   * @throws AppError not-found as `getOwn`; conflict and not-implemented as `Authorizations.start`
   */
  async authorize(caller: Caller, access: EffectiveAccess, server: string): Promise<AuthorizationStart> {
    return this.#authorizations.start(caller, access, await this.#requireReachable(access, server));
  }

  async #requireReachable(access: EffectiveAccess, idOrSlug: string): Promise<McpServer> {
    const server = await this.#servers.get(access.organizationId, idOrSlug);
    if (server && access.canAccess("mcp-server", server)) return server;
    throw mcpServerNotFound();
  }

  async #toConditions(organizationId: string, { user, mcpServer }: ConnectionFilter): Promise<readonly Condition[]> {
    // An unknown name is compared with the ids of servers, so that it matches nothing.
    const server = mcpServer === undefined ? undefined : await this.#servers.get(organizationId, mcpServer);
    const serverId = server?.id ?? mcpServer;
    return [
      ...(user === undefined ? [] : [{ op: "eq", path: "userId", value: user } as const]),
      ...(serverId === undefined ? [] : [{ op: "eq", path: "mcpServerId", value: serverId } as const]),
    ];
  }
}

/** Filters of a list of connections. A connection must match all that are present. */
export interface ConnectionFilter {
  /** User id. */
  readonly user?: string | undefined;
  /** Slug or id of the MCP server. */
  readonly mcpServer?: string | undefined;
}

async function filterReachable(
  tenant: Tenant<"read">,
  access: EffectiveAccess,
  candidates: readonly Connection[],
): Promise<readonly Connection[]> {
  if (candidates.length === 0) return [];
  const where = { op: "in", path: "id", values: candidates.map(({ mcpServerId }) => mcpServerId) } as const;
  const servers = await tenant.open(mcpServers).list({ where, limit: candidates.length });
  const reachable = new Set(servers.items.flatMap((each) => (access.canAccess("mcp-server", each) ? [each.id] : [])));
  return candidates.filter(({ mcpServerId }) => reachable.has(mcpServerId));
}
