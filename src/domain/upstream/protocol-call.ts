import { inputNotSupported } from "./input-required.ts";
import { type LegacySession, type LegacySessions, notify, sessionHeaders } from "./legacy-sessions.ts";
import { exchange, type RpcReply, type UpstreamEndpoint } from "./rpc-exchange.ts";
import type { McpObject, UpstreamCall, UpstreamProgress } from "./upstream-calls.ts";
import { excerpt, UpstreamError } from "./upstream-error.ts";

/** The era of the protocol that a server speaks: stateless (2026-07-28) or with `initialize` (earlier). */
export type Era = "stateless" | "initialize";

/** One request on its way to the server. */
export interface ProtocolCall {
  readonly method: "tools/call" | "tools/list";
  readonly params: McpObject;
  /** The headers that repeat parameters in the stateless era. */
  readonly paramHeaders: Readonly<Record<string, string>>;
  readonly onProgress?: UpstreamCall["onProgress"];
  readonly elicitation?: UpstreamCall["elicitation"];
  readonly input?: UpstreamCall["input"];
  readonly endpoint: UpstreamEndpoint;
  readonly sessionKey: string;
  readonly nextId: () => number;
  readonly sessions: LegacySessions;
  /** Aborted by the client, by the time limit, and at shutdown. */
  readonly signal: AbortSignal;
}

const statelessVersion = "2026-07-28";

/** @param elicitation what the client of this service can request from its user, which a server may use */
const toEnvelope = (elicitation: ProtocolCall["elicitation"] = []): McpObject => ({
  "io.modelcontextprotocol/protocolVersion": statelessVersion,
  "io.modelcontextprotocol/clientInfo": { name: "gatehouse", version: "1" },
  "io.modelcontextprotocol/clientCapabilities":
    elicitation.length === 0 ? {} : { elicitation: Object.fromEntries(elicitation.map((mode) => [mode, {}])) },
});

/** Finds out which era a server speaks, with a request that changes nothing. @throws UpstreamError */
export async function discoverEra({ endpoint, nextId, signal }: ProtocolCall): Promise<Era> {
  const method = "server/discover";
  const request = { jsonrpc: "2.0", id: nextId(), method, params: { _meta: toEnvelope() } };
  const headers = { "mcp-protocol-version": statelessVersion, "mcp-method": method };
  const reply = await exchange(endpoint, request, { headers, signal }).catch((error: unknown) => {
    // Servers of the earlier era respond in many ways to a method that they do not know.
    if (error instanceof UpstreamError && ["invalid-response", "content-type"].includes(error.reason)) return undefined;
    throw error;
  });
  if (!reply) return "initialize";
  if ([401, 403, 429].includes(reply.status)) assertStatus(endpoint.slug, reply);
  const { supportedVersions } = (reply.message?.["result"] ?? {}) as { supportedVersions?: unknown };
  const isStateless = Array.isArray(supportedVersions) && supportedVersions.includes(statelessVersion);
  return isStateless ? "stateless" : "initialize";
}

/** @returns the result; undefined if the server does not speak this era any more, and has not run a tool */
export async function callStateless(protocolCall: ProtocolCall): Promise<unknown> {
  const { method, paramHeaders, endpoint, nextId, signal } = protocolCall;
  const headers = { "mcp-protocol-version": statelessVersion, "mcp-method": method, ...paramHeaders };
  const id = nextId();
  const params = { ...toParams(protocolCall, id, toEnvelope(protocolCall.elicitation)), ...protocolCall.input };
  const onMessage = relayProgress(protocolCall, id);
  const reply = await exchange(endpoint, { jsonrpc: "2.0", id, method, params }, { headers, signal, onMessage });
  const code = errorCodeOf(reply);
  const isUnknown = code === -32_601 || (code === undefined && !reply.message && [404, 405].includes(reply.status));
  if (code === unsupportedVersion || isUnknown) return undefined;
  if (code === missingCapability) throw inputNotSupported(endpoint.slug);
  return toResult(endpoint.slug, reply);
}

/** Sends the request in the session, and once more in a new one if the server does not know the session. */
export async function callInSession(protocolCall: ProtocolCall): Promise<unknown> {
  const { endpoint, sessions, sessionKey, signal } = protocolCall;
  const assert = (reply: RpcReply): void => assertStatus(endpoint.slug, reply);
  for (let isRetry = false; ; isRetry = true) {
    const session = await orAborted(sessions.get(sessionKey, endpoint, assert), signal);
    const reply = await sendInSession(protocolCall, session);
    if (!isSessionLost(session, reply)) return toResult(endpoint.slug, reply);
    await sessions.drop(sessionKey, session);
    if (isRetry) {
      throw new UpstreamError(
        "session-lost",
        `The MCP server ${endpoint.slug} does not know the session that it has just created.`,
      );
    }
  }
}

async function sendInSession(protocolCall: ProtocolCall, session: LegacySession): Promise<RpcReply> {
  const { method, endpoint, nextId, signal } = protocolCall;
  const id = nextId();
  const relay = relayProgress(protocolCall, id);
  let requests = 0;
  const onMessage = (message: McpObject): void => {
    if (message["id"] === undefined) {
      relay(message);
      return;
    }
    // The server waits for a response. Nothing but a ping was offered to it.
    if (++requests > serverRequestsMax) return;
    const response =
      message["method"] === "ping" ? { result: {} } : { error: { code: -32_601, message: "Method not found" } };
    void notify(session, { id: message["id"], ...response });
  };
  const request = { jsonrpc: "2.0", id, method, params: toParams(protocolCall, id) };
  try {
    return await exchange(endpoint, request, {
      headers: sessionHeaders(session),
      signal,
      onMessage,
    });
  } catch (error) {
    // In this era, a closed connection does not cancel a call.
    if (signal.aborted) void notify(session, { method: "notifications/cancelled", params: { requestId: id } });
    throw error;
  }
}

/** Requests of a server during a call that get a response. Each response is a request to the server. */
const serverRequestsMax = 100;

function isSessionLost({ id }: LegacySession, { status, message }: RpcReply): boolean {
  if (id === undefined) return false;
  const { message: text } = (message?.["error"] ?? {}) as { message?: unknown };
  // The specification requires 404; widely used servers respond with 400 and a text like these.
  return status === 404 || (status === 400 && typeof text === "string" && /session|not initialized/i.test(text));
}

function toParams({ params, onProgress }: ProtocolCall, progressToken: number, meta: McpObject = {}): McpObject {
  const _meta = { ...meta, ...(onProgress && { progressToken }) };
  return { ...params, ...(Object.keys(_meta).length > 0 && { _meta }) };
}

const relayProgress =
  ({ onProgress }: ProtocolCall, token: number) =>
  ({ method, params }: McpObject): void => {
    if (method !== "notifications/progress" || typeof params !== "object" || params === null) return;
    const { progressToken, progress, total, message } = params as McpObject;
    if (progressToken !== token || !Number.isFinite(progress)) return;
    onProgress?.({
      progress: Number(progress),
      ...(Number.isFinite(total) && { total: Number(total) }),
      ...(typeof message === "string" && { message: excerpt(message) }),
    } satisfies UpstreamProgress);
  };

/** The error code of the 2026 era for a version that the server does not support. */
const unsupportedVersion = -32_022;

/** The error code of the 2026 era for a client without a capability that the call needs. */
const missingCapability = -32_021;

const errorCodeOf = ({ message }: RpcReply): unknown => (message?.["error"] as McpObject | undefined)?.["code"];

function toResult(slug: string, reply: RpcReply): unknown {
  const { code, message } = (reply.message?.["error"] ?? {}) as { code?: unknown; message?: unknown };
  assertStatus(slug, reply);
  if (reply.message && code === undefined) return reply.message["result"];
  throw new UpstreamError(
    "rpc-error",
    `The MCP server ${slug} responded with the error ${String(Number(code))}: ${excerpt(String(message))}`,
  );
}

/** @throws UpstreamError for an HTTP error status, unless the body has a JSON-RPC error that explains it */
function assertStatus(slug: string, reply: RpcReply): void {
  const { status } = reply;
  if (status >= 200 && status < 300) return;
  if (status === 401) {
    throw new UpstreamError(
      "unauthorized",
      `The MCP server ${slug} rejected the credential (401). Store a valid one with PUT /api/connections/${slug}/credential. It is sent as it is, so it includes a scheme such as Bearer if the server expects one.`,
    );
  }
  if (status === 403)
    throw new UpstreamError("forbidden", `The MCP server ${slug} does not allow this call with this credential (403).`);
  if (status === 429)
    throw new UpstreamError("rate-limited", `The MCP server ${slug} limits the rate of calls (429). Try again later.`);
  if (status < 500 && typeof errorCodeOf(reply) === "number") return;
  throw new UpstreamError(
    "http-status",
    `The MCP server ${slug} responded with the HTTP status ${status}.`,
    status >= 500,
  );
}

/** Waits for a promise that others wait for too, until the signal is aborted. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
