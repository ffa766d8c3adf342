import { hash } from "node:crypto";
import { exchange, type RpcReply, type UpstreamEndpoint } from "./rpc-exchange.ts";
import type { McpObject } from "./upstream-calls.ts";
import { UpstreamError } from "./upstream-error.ts";

/** A session of the `initialize` era (MCP 2025-11-25 and earlier). */
export interface LegacySession {
  /** Undefined for a server without sessions. */
  readonly id: string | undefined;
  readonly protocolVersion: string;
  readonly endpoint: UpstreamEndpoint;
  lastUsedAt: number;
}

const supportedVersions = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"] as const;
const idleMs = 5 * 60_000;
const sessionsMax = 10_000;
const initializeMs = 30_000;
/** The time for messages whose result does not matter: the end of a session or of a call. */
const farewellMs = 2000;

/** Checks the HTTP status of a reply. @throws UpstreamError */
export type AssertStatus = (reply: RpcReply) => void;

/**
 * The sessions with servers of the `initialize` era. Each belongs to one organization, server, URL, user and credential,
 * so no user ever uses another's. They end after five minutes without a call.
 */
export class LegacySessions {
  readonly #sessions = new Map<string, Promise<LegacySession>>();
  readonly #nextId: () => number;
  readonly #now: () => number;
  readonly #sweeper: NodeJS.Timeout;
  readonly #closing = new AbortController();

  /** @param now a monotonic clock in milliseconds */
  constructor(nextId: () => number, now: () => number) {
    this.#nextId = nextId;
    this.#now = now;
    this.#sweeper = setInterval(() => void this.endIdle(), 30_000).unref();
  }

  /** Returns the session of a key, and initializes it if there is none. Concurrent calls share one. @throws UpstreamError */
  async get(key: string, endpoint: UpstreamEndpoint, assertStatus: AssertStatus): Promise<LegacySession> {
    const existing = this.#sessions.get(key);
    const opening = existing ?? this.#initialize(endpoint, assertStatus);
    if (!existing) {
      this.#sessions.set(key, opening);
      opening.catch(() => this.#forget(key, opening));
      this.#evict();
    }
    const session = await opening;
    session.lastUsedAt = this.#now();
    return session;
  }

  /** Forgets a session that the server does not know any more. */
  async drop(key: string, session: LegacySession): Promise<void> {
    const current = this.#sessions.get(key);
    if (current && (await current.catch(() => undefined)) === session) this.#forget(key, current);
  }

  /** Ends the sessions without a call for five minutes. */
  async endIdle(): Promise<void> {
    for (const [key, opening] of this.#sessions) {
      const session = await opening.catch(() => undefined);
      if (!session || this.#now() - session.lastUsedAt < idleMs) continue;
      this.#forget(key, opening);
      await this.#end(session);
    }
  }

  /** Ends all sessions. One that is being initialized is not waited for. */
  async close(): Promise<void> {
    clearInterval(this.#sweeper);
    this.#closing.abort();
    const openings = [...this.#sessions.values()];
    this.#sessions.clear();
    await Promise.all(openings.map(async (each) => each.then((session) => this.#end(session)).catch(() => undefined)));
  }

  #forget(key: string, opening: Promise<LegacySession>): void {
    if (this.#sessions.get(key) === opening) this.#sessions.delete(key);
  }

  /** Removes the oldest sessions beyond the limit. The server ends them by itself. */
  #evict(): void {
    for (const key of this.#sessions.keys()) {
      if (this.#sessions.size <= sessionsMax) return;
      this.#sessions.delete(key);
    }
  }

  /** Has a time limit of its own: a caller that leaves does not take the session from others that wait for it. */
  async #initialize(endpoint: UpstreamEndpoint, assertStatus: AssertStatus): Promise<LegacySession> {
    const { slug } = endpoint;
    const timeout = AbortSignal.timeout(initializeMs);
    const signal = AbortSignal.any([timeout, this.#closing.signal]);
    const params = {
      protocolVersion: supportedVersions[0],
      capabilities: {},
      clientInfo: { name: "gatehouse", version: "1" },
    };
    const request = { jsonrpc: "2.0", id: this.#nextId(), method: "initialize", params };
    const reply = await exchange(endpoint, request, { signal }).catch((error: unknown) => {
      if (!timeout.aborted) throw error;
      throw new UpstreamError("timeout", `The MCP server ${slug} did not initialize a session in 30 seconds.`);
    });
    assertStatus(reply);
    const { protocolVersion } = (reply.message?.["result"] ?? {}) as { protocolVersion?: unknown };
    const version = supportedVersions.find((each) => each === protocolVersion);
    if (version === undefined)
      throw new UpstreamError(
        "invalid-response",
        `The MCP server ${slug} offers no protocol version that is supported.`,
      );
    const { sessionId } = reply;
    if (sessionId !== undefined && !/^[\x21-\x7e]{1,1024}$/.test(sessionId))
      throw new UpstreamError(
        "invalid-response",
        `The MCP server ${slug} sent a session id that is not 1 to 1,024 visible ASCII characters.`,
      );
    const session = { id: sessionId, protocolVersion: version, endpoint, lastUsedAt: this.#now() };
    await notify(session, { method: "notifications/initialized" }, signal);
    return session;
  }

  async #end({ id, endpoint, protocolVersion }: LegacySession): Promise<void> {
    if (id === undefined) return;
    const headers = { ...endpoint.credentialHeaders, "mcp-session-id": id, "mcp-protocol-version": protocolVersion };
    const request = { method: "DELETE", headers, signal: AbortSignal.timeout(farewellMs) } as const;
    await endpoint.http.send(endpoint.url, request).then(
      (response) => void response.destroy(),
      () => undefined,
    );
  }
}

/** Returns the headers of a message in a session. */
export const sessionHeaders = ({ id, protocolVersion }: LegacySession): Readonly<Record<string, string>> => ({
  "mcp-protocol-version": protocolVersion,
  ...(id !== undefined && { "mcp-session-id": id }),
});

/** Sends a message without a response of interest, and waits until it is delivered or the signal is aborted. Never throws. */
export async function notify(
  session: LegacySession,
  message: McpObject,
  signal = AbortSignal.timeout(farewellMs),
): Promise<void> {
  const options = { headers: sessionHeaders(session), signal };
  await exchange(session.endpoint, { jsonrpc: "2.0", ...message }, options).catch(() => undefined);
}

/** Returns the key of a session: a hash, so that no credential stays in memory as a key. */
export const toSessionKey = (...parts: readonly string[]): string => hash("sha256", JSON.stringify(parts), "base64url");
