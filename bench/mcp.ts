import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type ComparedProxy, startFastMcpProxy } from "./fastmcp.ts";
import { type BenchRequest, runLoad } from "./load.ts";
import { authSecret, type BenchUser, createCatalog, type McpCatalog } from "./mcp-catalog.ts";
import { mcpRequest, type Protocol, protocols } from "./mcp-requests.ts";
import type { Cost, Meter } from "./meter.ts";
import { startService } from "./server.ts";
import { median } from "./statistics.ts";
import { openEmptyStore, type StoreName } from "./stores.ts";

/** The result of one kind of request to `/mcp`. */
export interface McpMeasurement extends Pick<Cost, "rounds" | "cpuMsWithLog" | "floorMultiple"> {
  readonly store: StoreName;
  readonly protocol: Protocol;
  readonly name: string;
  /** Number of tools in the catalog. */
  readonly tools: number;
  /** Highest accepted multiple of the floor. */
  readonly goal?: number;
  /** What the gateway adds to the latency of the MCP server, over one connection, in milliseconds. */
  readonly addedMs?: number;
  /** CPU time of the same request to FastMCP's proxy, in milliseconds. */
  readonly fastMcpMs?: number;
}

interface McpRow {
  readonly name: string;
  readonly requests: number;
  readonly goal?: number;
  readonly request: (protocol: Protocol) => BenchRequest;
  /** The same request to the MCP server itself, and to FastMCP's proxy. */
  readonly direct?: (protocol: Protocol) => BenchRequest;
}

/**
 * Measures lists and calls of `/mcp` in a catalog of 20 tools and in one of 10,020, with both protocols.
 * @param options.repeats how often each row is measured
 * @param options.only measures only the rows with this string in their name
 * @param options.profile a directory for CPU profiles of the service
 */
export async function measureMcp(
  store: StoreName,
  meter: Meter,
  options: {
    readonly repeats: number;
    readonly only?: string | undefined;
    readonly profile?: string | undefined;
    readonly onProgress: (line: string) => void;
  },
): Promise<readonly McpMeasurement[]> {
  const upstream = await startUpstream();
  const testStore = await openEmptyStore(store);
  const service = await startService({ ...testStore.environment, ...environment }, options.profile);
  const proxy = store === "SQLite" ? await startFastMcpProxy(upstream.url) : undefined;
  const results: McpMeasurement[] = [];
  try {
    const catalog = await createCatalog(service.port, upstream.url);
    await measureRows(catalog.smallSize, smallRows(catalog.ada));
    await catalog.grow();
    await measureRows(catalog.largeSize, [...smallRows(catalog.ada), ...largeRows(catalog)]);
    return results;
  } finally {
    await service.stop();
    await proxy?.stop();
    await testStore.dispose();
    upstream.stop();
  }

  async function measureRows(tools: number, rows: readonly McpRow[]): Promise<void> {
    const measured = rows
      .filter(({ name }) => name.includes(options.only ?? ""))
      .flatMap((row) =>
        protocols.map((protocol) => ({
          row,
          protocol,
          requests: row.requests,
          nextRequest: () => row.request(protocol),
        })),
      );
    await meter.warmUp(service, measured);
    for (const { row, protocol, ...load } of measured) {
      const { name, direct, goal } = row;
      const cost = await meter.measure(service, load, authSecret, options.repeats);
      const comparedRequest = results.some((other) => other.name === name && other.protocol === protocol)
        ? undefined
        : direct?.(protocol);
      results.push({
        ...{ store, protocol, name, tools, ...cost },
        ...(goal !== undefined && store === "SQLite" && { goal }),
        ...(comparedRequest && { addedMs: await measureAddedLatency(load.nextRequest(), comparedRequest) }),
        ...(comparedRequest && proxy && { fastMcpMs: await measureProxy(proxy, comparedRequest) }),
      });
      options.onProgress(
        `${store}, ${tools} tools: ${name}, ${protocol}: ${cost.cpuMsWithLog.toFixed(3)} ms, ${cost.floorMultiple.toFixed(2)} x`,
      );
    }
  }

  /** Alternates rounds of the MCP server alone and through the gateway, so that both meet the same machine. */
  async function measureAddedLatency(request: BenchRequest, direct: BenchRequest): Promise<number> {
    const [through, alone]: [number[], number[]] = [[], []];
    for (let round = 0; round < 10; round++) {
      through.push(...(await runLoad(service.port, () => request, 100, 1)));
      alone.push(...(await runLoad(upstream.port, () => direct, 100, 1)));
    }
    return median(through) - median(alone);
  }
}

/** Returns the CPU time of a request to the other gateway, in milliseconds. */
async function measureProxy({ port, readCpuMs }: ComparedProxy, request: BenchRequest): Promise<number> {
  const requests = 100;
  await runLoad(port, () => request, requests);
  const before = await readCpuMs();
  await runLoad(port, () => request, requests);
  return ((await readCpuMs()) - before) / requests;
}

const environment = { AUTH_SECRET: authSecret, UPSTREAM_ALLOW: "127.0.0.0/8" };

/** The MCP server runs in a process of its own, whose CPU time does not count. */
export async function startUpstream(): Promise<{ readonly url: string; readonly port: number; stop(): void }> {
  const child = fork(fileURLToPath(new URL("./mcp-upstream.js", import.meta.url)));
  const [url] = await once(child, "message");
  return { url, port: Number(new URL(url).port), stop: () => child.disconnect() };
}

const smallRows = ({ id, secret }: BenchUser): readonly McpRow[] => [
  {
    ...{ name: "tools/list of 20 tools", requests: 200, goal: 8 },
    request: (protocol) => mcpRequest(protocol, "tools/list", { secret, expectedText: "own__tool_19" }),
  },
  {
    ...{ name: "tools/call of whoami", requests: 200, goal: 7 },
    request: (protocol) => call(protocol, "whoami", `"userId":"${id}"`, secret),
  },
  {
    ...{ name: "tools/call of an MCP server", requests: 200, goal: 10 },
    request: (protocol) => call(protocol, "own__tool_7", toolText, secret),
    direct: (protocol) => call(protocol, "tool_7", toolText),
  },
];

const largeRows = ({ grace, alan }: McpCatalog): readonly McpRow[] => [
  {
    ...{ name: "tools/list of 1,000 tools", requests: 50, goal: 16 },
    request: (protocol) =>
      mcpRequest(protocol, "tools/list", {
        secret: grace.secret,
        path: "/mcp?mode=tools",
        expectedText: "server-19__tool_49",
      }),
  },
  {
    ...{ name: "tools/call by a user of 10,000 tools", requests: 200, goal: 10 },
    request: (protocol) => call(protocol, "server-77__tool_7", toolText, alan.secret),
  },
];

/** What every tool of the MCP server returns. */
const toolText = "has done its work";

const call = (protocol: Protocol, name: string, expectedText: string, secret?: string): BenchRequest =>
  mcpRequest(protocol, "tools/call", {
    params: { name, arguments: {} },
    ...(secret !== undefined && { secret }),
    expectedText,
  });
