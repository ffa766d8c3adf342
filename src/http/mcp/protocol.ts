import {
  createMcpHandler,
  isLegacyRequest,
  type McpHttpHandler,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import type { Request as HttpRequest } from "express";
import type { Log } from "../../log.ts";
import type { McpContext, McpServices } from "./context.ts";
import { claimsVersion, hasProgressToken, type JsonRpcMessage } from "./message.ts";
import { type JsonRpcResult, passResultTo } from "./result-capture.ts";
import { createSdkServer, type ProtocolEra } from "./sdk-server.ts";

/**
 * Serves MCP without sessions, so that any replica serves any request: protocol 2026-07-28 and later, in which each request
 * describes itself, and the older ones, which begin with `initialize`.
 */
export class McpProtocol {
  readonly #services: McpServices;
  readonly #log: Log;
  readonly #version: string;
  /** The requests that the SDK's handler serves. It creates the server of each. */
  readonly #exchanges = new WeakMap<Request, Exchange>();
  readonly #handler: McpHttpHandler;

  /** @param version of the service */
  constructor(services: McpServices, log: Log, version: string) {
    this.#services = services;
    this.#log = log;
    this.#version = version;
    this.#handler = createMcpHandler(
      ({ requestInfo }) => {
        const exchange = requestInfo && this.#exchanges.get(requestInfo);
        if (!exchange) throw new Error("The request has no context.");
        return this.#createServer(exchange, "stateless");
      },
      { legacy: "reject" },
    );
  }

  /**
   * @returns the result of the request; or the SDK's response, which is an error, empty, or a stream of events if the client
   *   requested progress
   */
  serve(req: HttpRequest, message: JsonRpcMessage, context: McpContext): Promise<JsonRpcResult | Response> {
    const request = toWebRequest(req);
    if (hasProgressToken(message)) return this.#respond(request, { message, context });
    return new Promise((resolve, reject) => {
      this.#respond(request, { message, context, onResult: resolve }).then(resolve, reject);
    });
  }

  async #respond(request: Request, exchange: Exchange): Promise<Response> {
    const { message } = exchange;
    if (!claimsVersion(message) && (await isLegacyRequest(request, message)))
      return this.#serveLegacy(request, exchange);
    this.#exchanges.set(request, exchange);
    return this.#handler.fetch(request, { parsedBody: message });
  }

  /**
   * The SDK's own handler serves the older protocols only as streams of events, which one client limits to 1 MiB, and
   * rejects clients that do not accept them.
   */
  async #serveLegacy(request: Request, exchange: Exchange): Promise<Response> {
    const { message, context, onResult } = exchange;
    const server = this.#createServer(exchange, "initialize");
    const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: onResult !== undefined });
    await server.connect(transport);
    const close = (): void => void server.close().catch(() => {});
    context.signal.addEventListener("abort", close, { once: true });
    return transport.handleRequest(request, { parsedBody: message });
  }

  #createServer({ context, onResult }: Exchange, era: ProtocolEra) {
    const server = createSdkServer(context, this.#services, this.#log, { version: this.#version, era });
    if (onResult) passResultTo(server, onResult);
    return server;
  }
}

interface Exchange {
  readonly message: JsonRpcMessage;
  readonly context: McpContext;
  /** Absent if the response is a stream of events. */
  readonly onResult?: (result: JsonRpcResult) => void;
}

/**
 * What the SDK reads of a request: its method and some headers, without the credential, which the SDK must not see. `Accept`
 * is replaced: any client gets what it reads. The body is parsed, and calls have the signal of the context. Creating a
 * complete `Request` takes six times as long.
 */
function toWebRequest({ headers }: HttpRequest): Request {
  const forwarded = new Map<string, string>(standardHeaders);
  for (const name of forwardedHeaders) {
    const value = headers[name];
    if (typeof value === "string") forwarded.set(name, value);
  }
  return { method: "POST", headers: { get: (name: string) => forwarded.get(name) ?? null } } as unknown as Request;
}

const standardHeaders = [
  ["content-type", "application/json"],
  ["accept", "application/json, text/event-stream"],
] as const;
const forwardedHeaders = ["mcp-protocol-version", "mcp-method", "mcp-name"];
