import {
  createMcpHandler,
  isLegacyRequest,
  type McpHttpHandler,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/server";
import type { Request as HttpRequest } from "express";
import type { Log } from "../../log.ts";
import type { McpContext, McpServices } from "./context.ts";
import { hasProgressToken, type JsonRpcMessage } from "./message.ts";
import { createSdkServer, type ProtocolEra } from "./sdk-server.ts";

/**
 * Serves MCP without sessions, so that any replica serves any request: protocol 2026-07-28 and later, in which each request
 * describes itself, and the older ones, which begin with `initialize`.
 */
export class McpProtocol {
  readonly #services: McpServices;
  readonly #log: Log;
  readonly #version: string;
  /** The contexts of the requests that the SDK's handler serves. It creates the server of each. */
  readonly #contexts = new WeakMap<Request, McpContext>();
  readonly #handler: McpHttpHandler;

  /** @param version of the service */
  constructor(services: McpServices, log: Log, version: string) {
    this.#services = services;
    this.#log = log;
    this.#version = version;
    this.#handler = createMcpHandler(
      ({ requestInfo }) => {
        const context = requestInfo && this.#contexts.get(requestInfo);
        if (!context) throw new Error("The request has no context.");
        return this.#createServer(context, "stateless");
      },
      { legacy: "reject" },
    );
  }

  /** @returns the response: JSON, or a stream of events if the client requested progress */
  async serve(req: HttpRequest, message: JsonRpcMessage, context: McpContext): Promise<Response> {
    const request = toWebRequest(req);
    this.#contexts.set(request, context);
    if (!(await isLegacyRequest(request, message))) return this.#handler.fetch(request, { parsedBody: message });
    return this.#serveLegacy(request, message, context);
  }

  /**
   * The SDK's own handler serves the older protocols only as streams of events, which one client limits to 1 MiB, and
   * rejects clients that do not accept them.
   */
  async #serveLegacy(request: Request, message: JsonRpcMessage, context: McpContext): Promise<Response> {
    const server = this.#createServer(context, "initialize");
    const transport = new WebStandardStreamableHTTPServerTransport({
      enableJsonResponse: !hasProgressToken(message),
    });
    await server.connect(transport);
    const close = (): void => void server.close().catch(() => {});
    context.signal.addEventListener("abort", close, { once: true });
    return transport.handleRequest(request, { parsedBody: message });
  }

  #createServer(context: McpContext, era: ProtocolEra) {
    return createSdkServer(context, this.#services, this.#log, { version: this.#version, era });
  }
}

/**
 * The request without its credential, which the SDK must not see. `Accept` is replaced: any client gets what it reads. It
 * has no body and no signal, with which creating it would take six times as long: the body is parsed, and calls have the
 * signal of the context.
 */
function toWebRequest({ headers }: HttpRequest): Request {
  const forwarded = new Headers({
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
  });
  for (const name of forwardedHeaders) {
    const value = headers[name];
    if (typeof value === "string") forwarded.set(name, value);
  }
  return new Request("http://gatehouse/mcp", { method: "POST", headers: forwarded });
}

const forwardedHeaders = ["mcp-protocol-version", "mcp-method", "mcp-name"];
