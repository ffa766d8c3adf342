import { Counter, Histogram, type Registry } from "prom-client";
import type { LoggedToolCall } from "../domain/mcp/call-log.ts";
import type { UpstreamCircuit } from "../domain/upstream/upstream-limits.ts";
import { pullGauge } from "./pulled.ts";

/** In seconds. */
const buckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];
/** MCP servers with series of their own. */
const serversMax = 200;
/** Of one organization, so that none can take the series of all others. */
const serversPerOrganizationMax = 100;

/** The labels of a server. */
interface ServerLabels {
  /** The id of the organization. */
  readonly organization: string;
  /** The slug of the server. */
  readonly server: string;
}

/**
 * Counts calls of tools by server. The slug of a server is unique in its organization only, so that both are labels. The
 * first servers that are called have series of their own, up to a limit; the others share one.
 */
export class McpMetrics {
  readonly #registry: Registry;
  readonly #calls: Counter<"organization" | "server" | "outcome">;
  readonly #duration: Histogram<"organization" | "server">;
  /** By organization, then by slug. */
  readonly #servers = new Map<string, Map<string, ServerLabels>>();
  #serverCount = 0;

  constructor(registry: Registry) {
    this.#registry = registry;
    this.#calls = new Counter({
      name: "gatehouse_mcp_calls_total",
      help: "Calls of tools, by MCP server and outcome.",
      ...{ labelNames: ["organization", "server", "outcome"], registers: [registry] },
    });
    this.#duration = new Histogram({
      name: "gatehouse_mcp_call_duration_seconds",
      help: "Time of calls of tools that were sent to their MCP server.",
      ...{ labelNames: ["organization", "server"], buckets, registers: [registry] },
    });
  }

  /** Counts a call that has ended. Calls whose tool is not found have no server. */
  record({ caller, isRejected, details: { server, outcome, durationMs } }: LoggedToolCall): void {
    const labels = this.#toLabels(caller.organizationId, server);
    this.#calls.inc({ ...labels, outcome });
    if (!isRejected && durationMs !== undefined) this.#duration.observe({ ...labels }, durationMs / 1000);
  }

  /** Reports the circuit breakers of the servers that have failed and not recovered. */
  watch(readCircuits: () => readonly UpstreamCircuit[]): void {
    pullGauge(this.#registry, {
      name: "gatehouse_mcp_circuit_open",
      help: "1 if calls of the MCP server fail at once after repeated outages, 0 if it has failed and calls are sent.",
      labelNames: ["organization", "server"],
      read: () => this.#toSamples(readCircuits()),
    });
  }

  /** Servers that share a series are open if one of them is. */
  #toSamples(circuits: readonly UpstreamCircuit[]) {
    const samples = new Map<ServerLabels, number>();
    for (const { organizationId, slug, isOpen } of circuits) {
      const labels = this.#toLabels(organizationId, slug);
      samples.set(labels, Math.max(samples.get(labels) ?? 0, isOpen ? 1 : 0));
    }
    return [...samples].map(([labels, value]) => ({ labels: { ...labels }, value }));
  }

  #toLabels(organization: string, server: string | undefined): ServerLabels {
    if (server === undefined) return noServer;
    let servers = this.#servers.get(organization);
    const known = servers?.get(server);
    if (known) return known;
    if (this.#serverCount >= serversMax || (servers?.size ?? 0) >= serversPerOrganizationMax) return otherServers;
    const labels = { organization, server };
    servers ??= new Map();
    servers.set(server, labels);
    this.#servers.set(organization, servers);
    this.#serverCount++;
    return labels;
  }
}

const noServer: ServerLabels = { organization: "none", server: "none" };
const otherServers: ServerLabels = { organization: "other", server: "other" };
