import type { AuthorizationStart } from "../../../schemas/connection.ts";
import type { McpServer } from "../../../schemas/mcp-server.ts";
import { AppError } from "../../errors.ts";
import type { EffectiveAccess } from "../access/effective-access.ts";
import { buildAuthorizationUrl } from "./authorization-url.ts";
import type { SigningKey } from "./signing-key.ts";
import { issueState, isValidState, type StateSubject } from "./state.ts";

/**
 * Starts authorizations at the OAuth 2.0 authorization servers of MCP servers. The client completes them and stores the
 * resulting tokens. The service stores neither the authorization nor the tokens.
 */
export class Authorizations {
  readonly #key: SigningKey;

  /** @param key the key that signs states */
  constructor(key: SigningKey) {
    this.#key = key;
  }

  /** @throws AppError conflict for a server whose auth type is not oauth2 */
  async start(access: EffectiveAccess, { id, slug, auth }: McpServer): Promise<AuthorizationStart> {
    if (auth.type !== "oauth2") {
      throw new AppError(
        "conflict",
        `The MCP server ${slug} has no auth URL: its auth type is ${auth.type}, not oauth2.`,
      );
    }
    const { state, expiresAt } = issueState(await this.#key.get(), toStateSubject(access, id));
    const { url, codeVerifier } = buildAuthorizationUrl(auth, state);
    return { url, state, codeVerifier, expiresAt: expiresAt.toISOString() };
  }

  /** @throws AppError invalid-value for a state that was not issued for this user and server, or has expired */
  async assertState(state: string, access: EffectiveAccess, mcpServerId: string): Promise<void> {
    if (isValidState(state, await this.#key.get(), toStateSubject(access, mcpServerId))) return;
    const detail = "state was not issued for this user and MCP server, or has expired. Request a new auth URL.";
    throw new AppError("invalid-value", detail, { field: "state" });
  }
}

const toStateSubject = ({ organizationId, userId }: EffectiveAccess, mcpServerId: string): StateSubject => ({
  organizationId,
  userId,
  mcpServerId,
});
