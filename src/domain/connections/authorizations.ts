import type { AuthorizationStart } from "../../../schemas/connection.ts";
import type { McpServer } from "../../../schemas/mcp-server.ts";
import { AppError } from "../../errors.ts";
import type { EffectiveAccess } from "../access/effective-access.ts";
import type { Caller } from "../caller.ts";
import type { AuthorizationRequests } from "../oauth/authorization-requests.ts";
import { toRedirectUri } from "../oauth/oauth-settings.ts";
import { buildAuthorizationUrl } from "./authorization-url.ts";
import type { SigningKey } from "./signing-key.ts";
import { invalidState, issueState, isValidState, type StateSubject } from "./state.ts";

export interface AuthorizationOptions {
  /** The key that signs states. */
  readonly key: SigningKey;
  readonly requests: AuthorizationRequests;
  /** The URL at which clients reach this service. */
  readonly publicUrl: string;
  /** In milliseconds since 1970. */
  readonly now?: () => number;
}

/**
 * Starts authorizations at the OAuth 2.0 authorization servers of MCP servers. The service completes them
 * (`OAuthConnections`), or the client does, if the server has a redirect URI of the client: then the client may store the
 * tokens itself, and verify the state with the PUT of the connection.
 */
export class Authorizations {
  readonly #options: AuthorizationOptions;
  readonly #now: () => number;

  constructor(options: AuthorizationOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /**
   * @throws AppError conflict for a server whose auth type is not oauth2; not-implemented if this service must store the
   *   tokens and has no key
   */
  async start(caller: Caller, access: EffectiveAccess, server: McpServer): Promise<AuthorizationStart> {
    const { id, slug, auth } = server;
    const { key, requests, publicUrl } = this.#options;
    if (auth.type !== "oauth2") {
      throw new AppError(
        "conflict",
        `The MCP server ${slug} has no auth URL: its auth type is ${auth.type}, not oauth2.`,
      );
    }
    if (auth.redirectUri === undefined) requests.assertCanComplete(server);
    const { state, expiresAt } = issueState(await key.get(), toStateSubject(access, id), this.#now());
    const redirectUri = toRedirectUri(auth, publicUrl);
    const { url, codeVerifier } = buildAuthorizationUrl({ ...auth, redirectUri }, state);
    if (requests.canComplete(server)) {
      await requests.add(caller, access, { ...server, auth }, { state, codeVerifier, expiresAt });
    }
    const start = { url, state, expiresAt: expiresAt.toISOString() };
    return auth.redirectUri === undefined ? start : { ...start, codeVerifier };
  }

  /**
   * Starts an authorization that needs nothing but a browser.
   * @returns the page at which the user connects; undefined if the server has none, or a client must receive the response
   */
  async startInBrowser(caller: Caller, access: EffectiveAccess, server: McpServer): Promise<string | undefined> {
    if (server.auth.type !== "oauth2" || server.auth.redirectUri !== undefined) return undefined;
    if (!this.#options.requests.canComplete(server)) return undefined;
    return (await this.start(caller, access, server)).url;
  }

  /** @throws AppError invalid-value for a state that was not issued for this user and server, or has expired */
  async assertState(state: string, access: EffectiveAccess, mcpServerId: string): Promise<void> {
    const key = await this.#options.key.get();
    if (!isValidState(state, key, toStateSubject(access, mcpServerId), this.#now())) throw invalidState();
  }
}

const toStateSubject = ({ organizationId, userId }: EffectiveAccess, mcpServerId: string): StateSubject => ({
  organizationId,
  userId,
  mcpServerId,
});
