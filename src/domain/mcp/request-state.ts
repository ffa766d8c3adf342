import { createHmac, timingSafeEqual } from "node:crypto";
import type { McpServer } from "../../../schemas/mcp-server.ts";
import type { SigningKey } from "../connections/signing-key.ts";

/** The call that a state belongs to. */
export interface RequestStateSubject {
  readonly organizationId: string;
  readonly userId: string;
  readonly server: Pick<McpServer, "id" | "url">;
  /** The tool's name at the server. */
  readonly tool: string;
}

/** What a state has. */
export interface RequestStateContent {
  /** Whose request for input it continues: that of the server, or that of this service for a connection. */
  readonly requester: "server" | "service";
  /** The state of the server, which this service does not read. */
  readonly serverState?: string | undefined;
}

/** How long a user may take to respond, in milliseconds. */
const lifetimeMs = 60 * 60_000;
/** In characters. A state of the server has at most half of it. */
const lengthMax = 96 * 1024;

/**
 * Seals the `requestState` of calls that wait for input (MCP 2026-07-28, multi round-trip requests). The service stores
 * none, so any replica continues a call. A state is authenticated (HMAC-SHA256) and bound to the organization, the user,
 * the server with its URL, and the tool: one user's state is of no use to another, or for another tool. Its content can be
 * read by the client, as it could without this service.
 */
export class RequestStates {
  readonly #key: SigningKey;
  readonly #now: () => number;

  /** @param now in milliseconds since 1970 */
  constructor(key: SigningKey, now: () => number = Date.now) {
    this.#key = key;
    this.#now = now;
  }

  /** @throws AppError unavailable */
  async seal(subject: RequestStateSubject, { requester, serverState }: RequestStateContent): Promise<string> {
    const payload = JSON.stringify([
      this.#now() + lifetimeMs,
      requester,
      ...(serverState === undefined ? [] : [serverState]),
    ]);
    const text = Buffer.from(payload, "utf8").toString("base64url");
    return `${text}.${computeMac(await this.#key.get(), subject, text).toString("base64url")}`;
  }

  /** @returns undefined for a state that was not sealed for this subject, or has expired @throws AppError unavailable */
  async open(subject: RequestStateSubject, state: string | undefined): Promise<RequestStateContent | undefined> {
    if (state === undefined || state.length > lengthMax) return undefined;
    const [, text, mac] = stateFormat.exec(state) ?? [];
    if (text === undefined || mac === undefined) return undefined;
    const expected = computeMac(await this.#key.get(), subject, text);
    if (!timingSafeEqual(Buffer.from(mac, "base64url"), expected)) return undefined;
    const [expiresAt, requester, serverState] = JSON.parse(Buffer.from(text, "base64url").toString("utf8")) as [
      number,
      RequestStateContent["requester"],
      string | undefined,
    ];
    return this.#now() < expiresAt ? { requester, serverState } : undefined;
  }
}

/** 43 characters of base64url are 32 bytes. */
const stateFormat = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})$/;

function computeMac(key: Buffer, { organizationId, userId, server, tool }: RequestStateSubject, text: string): Buffer {
  const subject = JSON.stringify([organizationId, userId, server.id, server.url ?? "", tool]);
  return createHmac("sha256", key).update(subject).update("\0").update(text).digest();
}
