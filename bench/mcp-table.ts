import type { McpMeasurement } from "./mcp.ts";
import { formatMs, latencyMs, medianCpu, today } from "./statistics.ts";

/** The highest cost of a row in a large catalog, as a multiple of its cost in a small one. */
const growthMax = 1.1;
/** The highest latency that the gateway adds to a call, in milliseconds. */
const addedMaxMs = 1;

/** Renders the results of `/mcp` as a section; none for no results. */
export function renderMcp(results: readonly McpMeasurement[], connections: number, judged: boolean): string[] {
  if (results.length === 0) return [];
  const verdict = (isMet: boolean): string => (judged ? (isMet ? ": met" : ": missed") : "");
  const rows = results.map((each) => {
    const { store, name, tools, protocol, rounds, cpuMsWithLog, floorMultiple, goal, addedMs, fastMcpMs } = each;
    const small = results.find(
      (other) => other.store === store && other.name === name && other.protocol === protocol && other.tools < tools,
    );
    const growth = small && floorMultiple / small.floorMultiple;
    return [
      ...[store, name, protocol, tools.toLocaleString("en")],
      ...[formatMs(medianCpu(rounds)), formatMs(cpuMsWithLog), floorMultiple.toFixed(2)],
      goal === undefined ? "" : `at most ${goal}${verdict(floorMultiple <= goal)}`,
      growth === undefined ? "" : `${growth.toFixed(2)}${verdict(growth <= growthMax)}`,
      ...[formatMs(latencyMs(rounds, 0.5)), formatMs(latencyMs(rounds, 0.99))],
      addedMs === undefined ? "" : `${addedMs.toFixed(2)}${verdict(addedMs <= addedMaxMs)}`,
      fastMcpMs === undefined ? "" : fastMcpMs.toFixed(1),
    ];
  });
  return [
    `## /mcp

${today()}. A gateway in front of one MCP server in another process, with everything enabled, ${connections} connections. The columns are
those of the directories. "Growth" compares a large catalog with the small one; the goal is at most ${growthMax}. "Added" is what the
gateway adds to the median latency of the MCP server, over one connection; the goal is at most ${addedMaxMs} ms. "FastMCP" is the CPU time, in
milliseconds, of the same request to FastMCP's proxy in front of the same MCP server, without authentication and audit.

| store | request | protocol | tools | CPU | with log | x floor | goal | growth | p50 | p99 | added | FastMCP |
| --- | --- | --- | ---: | ---: | ---: | ---: | --- | --- | ---: | ---: | --- | ---: |
${rows.map((cells) => `| ${cells.join(" | ")} |`).join("\n")}
`,
  ];
}
