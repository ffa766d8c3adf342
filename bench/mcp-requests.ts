import type { BenchRequest } from "./load.ts";

/** The protocols that are measured: the newest, and the newest of those whose clients begin with `initialize`. */
export const protocols = ["2026-07-28", "2025-06-18"] as const;
export type Protocol = (typeof protocols)[number];

/** Returns a request to `/mcp`. */
export function mcpRequest(
  protocol: Protocol,
  method: string,
  {
    params = {},
    secret,
    path = "/mcp",
    expectedText = '"result"',
  }: {
    readonly params?: { readonly name?: string; readonly arguments?: object };
    readonly secret?: string;
    readonly path?: string;
    readonly expectedText?: string;
  } = {},
): BenchRequest {
  const isNewest = protocol === "2026-07-28";
  const _meta = {
    "io.modelcontextprotocol/protocolVersion": protocol,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": { name: "bench", version: "1" },
  };
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method, params: { ...params, ...(isNewest && { _meta }) } });
  return {
    ...{ method: "POST", path, body, status: 200, expectedText },
    headers: {
      ...{ "content-type": "application/json", accept: "application/json, text/event-stream" },
      "mcp-protocol-version": protocol,
      ...(isNewest && { "mcp-method": method, ...(params.name !== undefined && { "mcp-name": params.name }) }),
      ...(secret !== undefined && { authorization: `Bearer ${secret}` }),
    },
  };
}
