import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createMcpHandler, type McpHttpHandler, Server, type ServerContext } from "@modelcontextprotocol/server";
import type { McpObject } from "../../../src/domain/upstream/upstream-calls.ts";

/** How a tool of a test server responds. */
export type UpstreamTool = (values: McpObject, context: ServerContext) => Promise<object> | object;

/** A real MCP server on a port of its own, built with the public SDK. */
export interface UpstreamServer {
  readonly url: string;
  /** The calls so far: the tool, and the credential that arrived. */
  readonly calls: { readonly tool: string; readonly authorization: string | undefined }[];
  close(): Promise<void>;
}

/**
 * Starts a server with these tools.
 * @param accepts whether it accepts an Authorization header; others are rejected with 401
 */
export async function startUpstreamServer(
  tools: Readonly<Record<string, UpstreamTool>>,
  accepts: (authorization: string | undefined) => boolean = () => true,
): Promise<UpstreamServer> {
  const calls: UpstreamServer["calls"] = [];
  const handler = createMcpHandler(() => {
    const server = new Server({ name: "upstream", version: "1.0.0" }, { capabilities: { tools: {} } });
    server.setRequestHandler("tools/list", () => ({
      tools: Object.keys(tools).map((name) => ({ name, inputSchema: { type: "object" as const } })),
    }));
    server.setRequestHandler("tools/call", async ({ params: { name, arguments: values = {} } }, context) => {
      calls.push({ tool: name, authorization: context.http?.req?.headers.get("authorization") ?? undefined });
      const result = (await tools[name]?.(values, context)) ?? { content: [], isError: true };
      if ("resultType" in result) return result as never;
      return server.projectCallToolResult(result as never, undefined);
    });
    return server;
  });
  const http = createServer((req, res) => {
    if (accepts(req.headers.authorization)) void serve(handler, req, res);
    else res.writeHead(401, { "www-authenticate": 'Bearer error="invalid_token"' }).end();
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const address = http.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    calls,
    close: async () => {
      await handler.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
}

async function serve(handler: McpHttpHandler, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  const gone = new AbortController();
  res.once("close", () => gone.abort());
  const request = new Request(`http://127.0.0.1${req.url}`, {
    method: req.method ?? "GET",
    headers: Object.entries(req.headers).map(([name, value]): [string, string] => [name, String(value)]),
    ...(req.method === "POST" && { body: Buffer.concat(chunks) }),
    signal: gone.signal,
  });
  const response = await handler.fetch(request);
  res.writeHead(response.status, Object.fromEntries(response.headers));
  if (response.body) for await (const chunk of response.body) res.write(chunk);
  res.end();
}
