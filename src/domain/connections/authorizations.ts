import type { AuthorizationStart } from "../../../schemas/connection.ts";
import type { McpServer } from "../../../schemas/mcp-server.ts";
import { AppError } from "../../errors.ts";
import type { Standing } from "../access/standing.ts";
import { authorizationUrl } from "./authorization-url.ts";
import type { SigningKey } from "./signing-key.ts";
import { isStateOf, issueState, type StateSubject } from "./state.ts";

/**
 * Authorizations at the OAuth 2.0 authorization servers of MCP servers. The client finishes what begins here, and keeps
 * what comes of it: nothing of either is kept in the service.
 */
export class Authorizations {
  readonly #key: SigningKey;

  /** @param key signs the states */
  constructor(key: SigningKey) {
    this.#key = key;
  }

  /** @throws AppError conflict for a server whose auth is another */
  async start(standing: Standing, { id, slug, auth }: McpServer): Promise<AuthorizationStart> {
    if (auth.type !== "oauth2") {
      throw new AppError("conflict", `The MCP server ${slug} has no auth URL: its auth is ${auth.type}, not oauth2.`);
    }
    const { state, expiresAt } = issueState(await this.#key.get(), subjectOf(standing, id));
    const { url, codeVerifier } = authorizationUrl(auth, state);
    return { url, state, codeVerifier, expiresAt: expiresAt.toISOString() };
  }

  /** @throws AppError invalid-value for a state that was not given out for this user and server, or is too old */
  async assertState(state: string, standing: Standing, mcpServerId: string): Promise<void> {
    if (isStateOf(state, await this.#key.get(), subjectOf(standing, mcpServerId))) return;
    const detail = "state was not given out for this user and MCP server, or is too old. Begin with a new auth URL.";
    throw new AppError("invalid-value", detail, { field: "state" });
  }
}

const subjectOf = ({ organizationId, userId }: Standing, mcpServerId: string): StateSubject => ({
  organizationId,
  userId,
  mcpServerId,
});
