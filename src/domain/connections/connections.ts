import type { AuthorizationStart, Connection } from "../../../schemas/connection.ts";
import type { McpServer } from "../../../schemas/mcp-server.ts";
import type { Condition, Page, Position, Query, Store, Tenant } from "../../store/collection.ts";
import { connections, mcpServers } from "../../store/collections.ts";
import type { Standing } from "../access/standing.ts";
import type { Caller } from "../caller.ts";
import { lookTwice } from "../conflict.ts";
import type { ExpectedVersion } from "../precondition.ts";
import type { Authorizations } from "./authorizations.ts";
import { type ConnectionContent, connectionTo, keyOf, noServer, putWithin, removeWithin } from "./changes.ts";

/** Finds a server of an organisation by slug or id. */
interface Servers {
  get(organizationId: string, idOrSlug: string): Promise<McpServer | undefined>;
}

/**
 * Which users have connected to which MCP servers. A user meets only connections to servers within reach: the others
 * are answered like servers that are not there.
 */
export class Connections {
  readonly #store: Store;
  readonly #servers: Servers;
  readonly #authorizations: Authorizations;

  constructor(store: Store, servers: Servers, authorizations: Authorizations) {
    this.#store = store;
    this.#servers = servers;
    this.#authorizations = authorizations;
  }

  /** Connections of the whole organisation, of one user or to one server where that is asked, in id order. */
  async list(organizationId: string, asked: ConnectionFilter, page: Query): Promise<Page<Connection>> {
    const where = await this.#conditionOf(organizationId, asked);
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
      async (change) => {
        const current = await change.for(caller.organizationId).open(connections).get(id);
        await removeWithin(change, caller, current, expected);
      },
      { turn: id },
    );
  }

  /** A user's connections to servers within reach, in id order. */
  async listOwn(
    standing: Standing,
    asked: ConnectionFilter,
    { limit, after }: { readonly limit: number; readonly after?: Position },
  ): Promise<Page<Connection>> {
    const tenant = this.#store.for(standing.organizationId);
    const all = [
      { op: "eq", path: "userId", value: standing.userId } as const,
      ...(await this.#conditionOf(standing.organizationId, asked)),
    ];
    const found: Connection[] = [];
    for (let from = after; ; ) {
      const query = { where: { op: "and", all }, limit, ...(from && { after: from }) } as const;
      const { items } = await tenant.open(connections).list(query);
      found.push(...(await withinReach(tenant, standing, items)));
      const last = items.at(-1);
      if (!last || items.length < limit || found.length >= limit) return { items: found.slice(0, limit) };
      from = { id: last.id };
    }
  }

  /**
   * @param server slug or id
   * @returns the server, and the user's connection to it where there is one
   * @throws AppError not-found for a server that is not there or not within reach
   */
  async check(
    standing: Standing,
    server: string,
  ): Promise<{ readonly server: McpServer; readonly connection: Connection | undefined }> {
    const found = await this.#reachable(standing, server);
    const tenant = this.#store.for(standing.organizationId);
    return { server: found, connection: await connectionTo(tenant, standing.userId, found.id) };
  }

  /**
   * Makes a user's connection to a server, or says other things of it. Nothing is written when nothing differs.
   * @param state of the authorization request through which the connection came about
   * @throws AppError not-found as `check`; precondition-failed; invalid-value for a state that was not issued for this
   *   user and server, or is too old
   */
  async put(
    caller: Caller,
    standing: Standing,
    server: string,
    expected: ExpectedVersion,
    content: ConnectionContent,
    state?: string,
  ): Promise<{ readonly connection: Connection; readonly isNew: boolean }> {
    const { id } = await this.#reachable(standing, server);
    if (state !== undefined) await this.#authorizations.assertState(state, standing, id);
    return lookTwice(() =>
      this.#store.transaction((change) => putWithin(change, caller, standing, id, expected, content), {
        turn: keyOf(standing.userId, id),
      }),
    );
  }

  /** @throws AppError not-found as `check`, and where there is no connection; precondition-failed */
  async removeOwn(caller: Caller, standing: Standing, server: string, expected: ExpectedVersion): Promise<void> {
    const { id } = await this.#reachable(standing, server);
    await this.#store.transaction(
      async (change) => {
        const current = await connectionTo(change.for(standing.organizationId), standing.userId, id);
        await removeWithin(change, caller, current, expected);
      },
      { turn: keyOf(standing.userId, id) },
    );
  }

  /**
   * Begins an authorization at the server's OAuth 2.0 authorization server.
   * @throws AppError not-found as `check`; conflict for a server that is not connected to in that way
   */
  async authorize(standing: Standing, server: string): Promise<AuthorizationStart> {
    return this.#authorizations.start(standing, await this.#reachable(standing, server));
  }

  async #reachable(standing: Standing, idOrSlug: string): Promise<McpServer> {
    const server = await this.#servers.get(standing.organizationId, idOrSlug);
    if (server && standing.reaches("mcp-server", server)) return server;
    throw noServer();
  }

  async #conditionOf(organizationId: string, { user, mcpServer }: ConnectionFilter): Promise<readonly Condition[]> {
    // A name that no server has is compared with the ids nevertheless: nothing is found.
    const server = mcpServer === undefined ? undefined : await this.#servers.get(organizationId, mcpServer);
    const serverId = server?.id ?? mcpServer;
    return [
      ...(user === undefined ? [] : [{ op: "eq", path: "userId", value: user } as const]),
      ...(serverId === undefined ? [] : [{ op: "eq", path: "mcpServerId", value: serverId } as const]),
    ];
  }
}

/** What a list of connections is asked by. */
export interface ConnectionFilter {
  /** Id of the user. */
  readonly user?: string | undefined;
  /** Slug or id of the server. */
  readonly mcpServer?: string | undefined;
}

async function withinReach(
  tenant: Tenant<"read">,
  standing: Standing,
  among: readonly Connection[],
): Promise<readonly Connection[]> {
  if (among.length === 0) return [];
  const where = { op: "in", path: "id", values: among.map(({ mcpServerId }) => mcpServerId) } as const;
  const servers = await tenant.open(mcpServers).list({ where, limit: among.length });
  const reachable = new Set(servers.items.flatMap((each) => (standing.reaches("mcp-server", each) ? [each.id] : [])));
  return among.filter(({ mcpServerId }) => reachable.has(mcpServerId));
}
