import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type McpServer, mcpServerInput } from "../../../schemas/mcp-server.ts";
import { newEntity } from "../../../src/domain/entity.ts";
import { AddressGuard, type AddressPolicy } from "../../../src/domain/outbound/address-guard.ts";
import { GuardedHttp } from "../../../src/domain/outbound/guarded-http.ts";
import { McpUpstreamCalls, type UpstreamServices } from "../../../src/domain/upstream/mcp-upstream-calls.ts";
import type { UpstreamCall, UpstreamOutcome } from "../../../src/domain/upstream/upstream-calls.ts";

/** A JSON-RPC message that a test server received, with the request that carried it. */
export interface ReceivedMessage {
  readonly method: string;
  readonly id?: number;
  readonly params: { readonly [key: string]: unknown; readonly _meta?: Readonly<Record<string, unknown>> };
  readonly headers: IncomingMessage["headers"];
  readonly httpMethod: string;
}

type Respond = (message: ReceivedMessage, res: ServerResponse, req: IncomingMessage) => void;

/** An HTTP server on 127.0.0.1 that responds to JSON-RPC messages as a test decides. */
export interface TestUpstream {
  readonly url: string;
  readonly received: ReceivedMessage[];
  /** The methods of the received messages in order. */
  methods(): readonly string[];
  close(): Promise<void>;
}

export async function startUpstream(respond: Respond): Promise<TestUpstream> {
  const received: ReceivedMessage[] = [];
  const server: Server = createServer((req, res) => {
    const chunks: Buffer[] = [];
    req.on("data", (chunk: Buffer) => chunks.push(chunk));
    req.on("end", () => {
      const body = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString()) : {};
      const message = { ...body, headers: req.headers, httpMethod: req.method };
      received.push(message);
      respond(message, res, req);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/mcp`,
    received,
    methods: () => received.map(({ method, httpMethod }) => method ?? httpMethod),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Responds with JSON. */
export function sendJson(res: ServerResponse, body: object, status = 200, headers: Record<string, string> = {}): void {
  res.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

/** Responds with a JSON-RPC result. */
export const sendResult = (res: ServerResponse, { id }: ReceivedMessage, result: object, headers = {}): void =>
  sendJson(res, { jsonrpc: "2.0", id, result }, 200, headers);

export const textResult = (text: string): object => ({ content: [{ type: "text", text }] });

/** A responder that speaks the 2026 era: it offers its version, and leaves tool calls to the test. */
export const stateless =
  (callTool: Respond): Respond =>
  (message, res, req) => {
    if (message.method !== "server/discover") return callTool(message, res, req);
    sendResult(res, message, { supportedVersions: ["2026-07-28"], capabilities: { tools: {} } });
  };

/** Builds the record of an MCP server. */
export function serverAt(url: string, more: object = {}): McpServer {
  const { id: _, ...content } = mcpServerInput.parse({
    ...{ slug: "jira", name: "Jira", transport: "http", status: "active", url, ...more },
  });
  return { ...content, ...newEntity("srv", "org_a") };
}

/** Calls with defaults; credentials are by user id, and that of the organization by the empty string. */
export interface TestCalls {
  readonly calls: McpUpstreamCalls;
  call(server: McpServer, more?: Partial<UpstreamCall>): Promise<UpstreamOutcome>;
  close(): Promise<void>;
}

export function createCalls({
  credentials = {},
  policy,
  ca,
  ...services
}: {
  readonly credentials?: Readonly<Record<string, string>>;
  readonly policy?: AddressPolicy;
  readonly ca?: string;
} & Partial<Pick<UpstreamServices, "now" | "isOwnCredential">> = {}): TestCalls {
  const guard = new AddressGuard(policy ?? { allowedRanges: ["127.0.0.1"] });
  const calls = new McpUpstreamCalls({
    http: new GuardedHttp(guard, { keepAlive: true, ...(ca !== undefined && { ca }) }),
    credentials: { find: async (_organization, _server, userId) => credentials[userId ?? ""] ?? credentials[""] },
    isOwnCredential: () => false,
    publicUrl: "https://gatehouse.example",
    ...services,
  });
  return {
    calls,
    call: (server, more = {}) =>
      calls.call({
        ...{ organizationId: server.organizationId, userId: "usr_ada", server, tool: "echo", arguments: {} },
        signal: new AbortController().signal,
        ...more,
      }),
    close: () => calls.close(),
  };
}

/** @returns the text of a call that has no result */
export function faultOf(outcome: UpstreamOutcome): Extract<UpstreamOutcome, { readonly kind: "fault" }> {
  if (outcome.kind === "fault") return outcome;
  throw new Error(`the call has a result: ${JSON.stringify(outcome).slice(0, 200)}`);
}

/** @returns the result of a call */
export function resultOf(outcome: UpstreamOutcome): Readonly<Record<string, unknown>> {
  if (outcome.kind === "result") return outcome.result;
  throw new Error(`the call has no result: ${JSON.stringify(outcome)}`);
}
