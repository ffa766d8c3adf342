import type { McpServer } from "../../../schemas/mcp-server.ts";
import { hasErrorCode } from "../../errors.ts";
import { LruCache } from "../../store/cache/lru-cache.ts";
import { connectText } from "../oauth/oauth-settings.ts";
import type { GuardedHttp } from "../outbound/guarded-http.ts";
import { toCallResult } from "./call-result.ts";
import { assertHttp, toHeaderName, withoutSecret } from "./credential-header.ts";
import { isInputRequired, toInputRequired } from "./input-required.ts";
import { LegacySessions, toSessionKey } from "./legacy-sessions.ts";
import { toParamHeaders } from "./param-headers.ts";
import { callInSession, callStateless, discoverEra, type Era, type ProtocolCall } from "./protocol-call.ts";
import { messageBytesMax } from "./rpc-exchange.ts";
import { RunningCalls } from "./running-calls.ts";
import type { McpObject, UpstreamCall, UpstreamCalls, UpstreamOutcome } from "./upstream-calls.ts";
import { UpstreamError } from "./upstream-error.ts";
import { type UpstreamCircuit, UpstreamLimits } from "./upstream-limits.ts";

export interface UpstreamServices {
  readonly http: GuardedHttp;
  readonly credentials: {
    /**
     * @param rejected the credential that the server has just rejected
     * @returns undefined if there is none, or none better than the rejected one
     * @throws AppError conflict or upstream-failed, with a message for the caller, if the credential cannot be used
     */
    find(
      organizationId: string,
      server: McpServer,
      userId: string | undefined,
      rejected?: string,
    ): Promise<string | undefined>;
  };
  /** Whether a value contains a credential of this service, which no MCP server may receive. */
  readonly isOwnCredential: (value: string) => boolean;
  /** The URL at which clients reach this service. */
  readonly publicUrl: string;
  /** A monotonic clock in milliseconds. */
  readonly now?: () => number;
}

/** Who sends a request to which server. */
type RequestContext = Pick<UpstreamCall, "organizationId" | "userId" | "server" | "requestAuthorization" | "signal">;

/** How long calls may go on after the start of a shutdown, in milliseconds. The server closes connections after 10 s. */
const shutdownGraceMs = 5000;
/** The pages of a list of tools. */
const pagesMax = 64;
/** The servers whose era is remembered. */
const erasMax = 10_000;

/** Calls tools on MCP servers over HTTP, in both eras of the protocol. */
export class McpUpstreamCalls implements UpstreamCalls {
  readonly #services: UpstreamServices;
  readonly #limits: UpstreamLimits;
  readonly #sessions: LegacySessions;
  readonly #eras = new LruCache<string, Era>(erasMax);
  readonly #running = new RunningCalls();
  #lastId = 0;

  constructor(services: UpstreamServices) {
    const now = services.now ?? (() => performance.now());
    this.#services = services;
    this.#limits = new UpstreamLimits(now);
    this.#sessions = new LegacySessions(() => ++this.#lastId, now);
  }

  async call(call: UpstreamCall): Promise<UpstreamOutcome> {
    try {
      return await this.#call(call);
    } catch (error) {
      if (error instanceof UpstreamError) return { kind: "fault", text: error.message, cause: error.reason };
      if (hasErrorCode(error, "conflict")) return { kind: "fault", text: error.message, cause: "credential-unusable" };
      if (hasErrorCode(error, "upstream-failed"))
        return { kind: "fault", text: error.message, cause: "refresh-failed" };
      throw error;
    }
  }

  /**
   * Lets running calls finish for some time, and then ends them with a text that says so, while their clients can still
   * receive it.
   */
  startShutdown(graceMs = shutdownGraceMs): void {
    setTimeout(() => this.#running.stop(), graceMs).unref();
  }

  async close(): Promise<void> {
    this.#running.stop();
    await this.#sessions.close();
    this.#services.http.close();
  }

  /** Returns the circuit breakers of the servers that have calls in progress, or that have failed and not recovered. */
  circuits(): readonly UpstreamCircuit[] {
    return this.#limits.circuits();
  }

  /**
   * Reads the definitions of all tools of a server, page by page, with the organization's credential.
   * @throws UpstreamError, also for more than 1 MiB of definitions; AppError conflict for an unusable credential
   */
  async listTools(organizationId: string, server: McpServer): Promise<readonly unknown[]> {
    const { signal } = new AbortController();
    const tools: unknown[] = [];
    let length = 0;
    for (let cursor: unknown, page = 0; page < pagesMax; page++) {
      const params = cursor === undefined ? {} : { cursor };
      const context = { organizationId, userId: undefined, server, signal };
      const result = (await this.#send(context, { method: "tools/list", params, paramHeaders: {} })) as McpObject;
      const items = result["tools"];
      if (!Array.isArray(items))
        throw new UpstreamError("invalid-response", `The MCP server ${server.slug} returned no list of tools.`);
      length += JSON.stringify(items).length;
      if (length > messageBytesMax) break;
      tools.push(...items);
      cursor = result["nextCursor"];
      if (typeof cursor !== "string") return tools;
    }
    throw new UpstreamError(
      "too-large",
      `The MCP server ${server.slug} offers more than ${pagesMax} pages or 1 MiB of tools, which is the maximum.`,
    );
  }

  async #call(call: UpstreamCall): Promise<UpstreamOutcome> {
    const { server, tool, onProgress, elicitation = [], input } = call;
    const inputSchema = server.tools.find(({ name }) => name === tool)?.inputSchema;
    const result = await this.#send(call, {
      method: "tools/call",
      params: { name: tool, arguments: call.arguments },
      paramHeaders: { "mcp-name": tool, ...toParamHeaders(inputSchema, call.arguments) },
      ...(onProgress && { onProgress }),
      elicitation,
      ...(input && { input }),
    });
    return isInputRequired(result)
      ? { kind: "input-required", ...toInputRequired(server, result, elicitation) }
      : { kind: "result", result: toCallResult(server.slug, result) };
  }

  /**
   * Sends a request. If the server rejects OAuth tokens, it is sent once more with refreshed ones: a rejected request has
   * not run.
   * @returns the result
   * @throws UpstreamError; AppError conflict or upstream-failed for an unusable credential
   */
  async #send(context: RequestContext, request: UpstreamRequest): Promise<unknown> {
    const { organizationId, server, userId, requestAuthorization } = context;
    assertHttp(server);
    const credential = await this.#findCredential(context);
    try {
      return await this.#sendWith(context, request, credential);
    } catch (error) {
      const isRejected = error instanceof UpstreamError && error.reason === "unauthorized";
      if (!isRejected || requestAuthorization !== undefined || credential === undefined) throw error;
      const renewed = await this.#services.credentials.find(organizationId, server, userId, credential);
      if (renewed === undefined) throw this.#explainRejection(server, error);
      return this.#sendWith(context, request, renewed);
    }
  }

  #explainRejection({ slug, auth }: McpServer, error: UpstreamError): UpstreamError {
    if (auth.type !== "oauth2") return error;
    const connect = connectText(this.#services.publicUrl, slug);
    return new UpstreamError("unauthorized", `The MCP server ${slug} rejected your access token (401). ${connect}`);
  }

  /** Sends a request within the limits of the server. */
  async #sendWith(context: RequestContext, request: UpstreamRequest, credential: string | undefined): Promise<unknown> {
    const { organizationId, server, userId } = context;
    const { slug, url } = server;
    const credentialHeaders = credential === undefined ? {} : { [toHeaderName(server)]: credential };
    const endpoint = { http: this.#services.http, slug, url: new URL(url ?? ""), credentialHeaders };
    const key = JSON.stringify([organizationId, server.id, url]);
    const sessionKey = toSessionKey(key, userId ?? "", JSON.stringify(credentialHeaders));
    const shared = { endpoint, sessionKey, nextId: () => ++this.#lastId, sessions: this.#sessions };
    return this.#limits.run({ key, organizationId, slug }, () =>
      this.#running
        .run(context, (signal) => this.#sendInEra(key, { ...request, ...shared, signal }))
        .catch((error: unknown) => {
          throw withoutSecret(error, credential);
        }),
    );
  }

  /** The credential of the request, or else the stored one of the user or the organization. */
  async #findCredential({ organizationId, server, userId, requestAuthorization }: RequestContext) {
    const { slug, auth } = server;
    if (requestAuthorization !== undefined) {
      if (this.#services.isOwnCredential(requestAuthorization) || !/^[\t\x20-\x7e]{1,8192}$/.test(requestAuthorization))
        throw new UpstreamError(
          "credential-unusable",
          `The header x-upstream-${slug}-authorization must have the credential of the MCP server, not a token of this service, in visible ASCII characters.`,
        );
      return requestAuthorization;
    }
    if (auth.type === "none") return undefined;
    const credential = await this.#services.credentials.find(organizationId, server, userId);
    if (credential !== undefined) return credential;
    const other = `send it in the header x-upstream-${slug}-authorization, or have an admin store one for the organization`;
    if (auth.type === "oauth2") {
      const connect = connectText(this.#services.publicUrl, slug);
      throw new UpstreamError(
        "no-credential",
        `You are not connected to the MCP server ${slug}. ${connect} Or store your own credential: ${other}.`,
      );
    }
    throw new UpstreamError(
      "no-credential",
      `You are not connected to the MCP server ${slug}. Store your credential with PUT ${this.#services.publicUrl}/api/connections/${slug}/credential, or ${other}.`,
    );
  }

  /** The first call of a server finds out its era. A server that has changed its era is called again, once. */
  async #sendInEra(key: string, protocolCall: ProtocolCall): Promise<unknown> {
    const { slug } = protocolCall.endpoint;
    for (let isRetry = false; ; isRetry = true) {
      const era = this.#eras.get(key) ?? (await discoverEra(protocolCall));
      this.#eras.set(key, era);
      const calling = era === "stateless" ? callStateless(protocolCall) : callInSession(protocolCall);
      const result = await calling.catch((error: unknown) => {
        // The server may have changed its era, so the next call finds it out again.
        if (error instanceof UpstreamError && (error.isOutage || error.reason === "http-status"))
          this.#eras.delete(key);
        throw error;
      });
      if (result !== undefined) return result;
      this.#eras.delete(key);
      if (isRetry)
        throw new UpstreamError(
          "invalid-response",
          `The MCP server ${slug} does not support ${protocolCall.method} in its own version.`,
        );
    }
  }
}

type UpstreamRequest = Pick<
  ProtocolCall,
  "method" | "params" | "paramHeaders" | "onProgress" | "elicitation" | "input"
>;
