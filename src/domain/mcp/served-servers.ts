import type { McpServer } from "../../../schemas/mcp-server.ts";
import { waitIfHeld } from "../../own-tick.ts";
import { deepFreeze } from "../../store/cache/deep-freeze.ts";
import { LruCache } from "../../store/cache/lru-cache.ts";
import { mcpServers } from "../../store/collections.ts";
import type { PagedQuery, PageReader } from "../../store/paging/pages.ts";
import type { Page } from "../../store/query.ts";
import type { Store } from "../../store/store.ts";
import { toVersionKey } from "../entity.ts";
import { ServedTool } from "./served-tool.ts";
import type { ToolQuarantine } from "./tool-definition.ts";

/** A version of an MCP server, with its tools as `/mcp` shows them. All requests share it. */
export interface ServedServer {
  readonly id: string;
  readonly server: McpServer;
  /** In the order of their wire names. */
  readonly tools: readonly ServedTool[];
  /** Whether a tool of the server is not served. */
  readonly hasProblems: boolean;
}

/**
 * Reads MCP servers, and keeps what it has parsed. Which servers a user may use is read from the store for each list, with
 * their versions; only the content of a version that was read before is not read again. So a kept server is never older
 * than the list, also where other processes write.
 */
export class ServedServers {
  readonly #store: Store;
  readonly #quarantine: ToolQuarantine;
  readonly #keepsServers: boolean;
  readonly #kept: LruCache<string, KeptServer>;

  /** @param keepsServers false: each list reads and parses everything */
  constructor(store: Store, quarantine: ToolQuarantine, keepsServers = true) {
    this.#store = store;
    this.#quarantine = quarantine;
    this.#keepsServers = keepsServers;
    this.#kept = new LruCache(keptLengthMax, ({ length }) => length);
  }

  /** Opens the servers of an organization. A page ends before a server that is not kept, unless it begins with one. */
  open(organizationId: string): PageReader<ServedServer> {
    return { list: (query) => this.#list(organizationId, query) };
  }

  async #list(organizationId: string, query: PagedQuery): Promise<Page<ServedServer>> {
    const tenant = this.#store.for(organizationId);
    if (this.#keepsServers) {
      const { sizeLimit: _, ...unmeasured } = query;
      const { items: envelopes } = await tenant.openEnvelopes(mcpServers).list(unmeasured);
      const items: ServedServer[] = [];
      for (const envelope of envelopes) {
        const kept = this.#kept.get(toVersionKey(envelope));
        if (!kept) break;
        items.push(kept);
      }
      if (items.length === envelopes.length) return { items };
      if (items.length > 0) return { items, isCut: true };
    }
    const page = await tenant.open(mcpServers).list(query);
    const items: ServedServer[] = [];
    let resumedAt = performance.now();
    for (const server of page.items) {
      resumedAt = await waitIfHeld(resumedAt);
      items.push(await this.#serve(server));
    }
    return { ...page, items };
  }

  async #serve(server: McpServer): Promise<ServedServer> {
    const { toolNames, problems, lengths } = await this.#quarantine.select(server);
    const byName = new Map(server.tools.map((tool) => [tool.name, tool]));
    const tools = [...toolNames].flatMap(([wireName, name]) => {
      const tool = byName.get(name);
      return tool ? [new ServedTool(wireName, server.name, tool, lengths.get(name) ?? 0)] : [];
    });
    tools.sort((one, other) => (one.wireName < other.wireName ? -1 : 1));
    const served: ServedServer = { id: server.id, server, tools, hasProblems: problems.size > 0 };
    if (!this.#keepsServers) return served;
    deepFreeze(server);
    const kept: KeptServer = Object.assign(served, { length: measure(server, lengths) });
    this.#kept.set(toVersionKey(server), kept);
    return kept;
  }
}

interface KeptServer extends ServedServer {
  readonly length: number;
}

/** Characters of the kept servers and of their tools as JSON. In memory, they take about three times as many bytes. */
const keptLengthMax = 24_000_000;

/** Each tool counts twice: with its record, and with the text that it is listed with. */
function measure({ tools: _, ...server }: McpServer, lengths: ReadonlyMap<string, number>): number {
  let length = JSON.stringify(server).length;
  for (const each of lengths.values()) length += 2 * each;
  return length;
}
