import type { GuardedHttp } from "../outbound/guarded-http.ts";
import {
  type ClientIdentity,
  requestTokenEndpoint,
  sendClientForm,
  type TokenEndpointResponse,
  TokenRequestError,
} from "./token-request.ts";
import { readTokenResponse, type TokenSet } from "./token-set.ts";

/** The OAuth 2.0 client that this service is at the authorization server of an MCP server. */
export interface OAuthClient extends ClientIdentity {
  /** The slug of the MCP server, for messages. */
  readonly slug: string;
  readonly tokenUrl: string;
  readonly resource?: string;
}

/**
 * A request to a token endpoint failed. The message is for the caller: it names the cause and the fix, and contains
 * nothing of the response but an error code.
 */
export class TokenEndpointError extends Error {
  override readonly name = "TokenEndpointError";
  /** Whether the authorization server does not accept the code or refresh token any more (RFC 6749 section 5.2). */
  readonly isInvalidGrant: boolean;

  constructor(message: string, isInvalidGrant = false) {
    super(message);
    this.isInvalidGrant = isInvalidGrant;
  }
}

/** Sends requests to the token and revocation endpoints of authorization servers. */
export class TokenEndpoint {
  readonly #http: GuardedHttp;
  readonly #now: () => number;

  /** @param now in milliseconds since 1970 */
  constructor(http: GuardedHttp, now: () => number = Date.now) {
    this.#http = http;
    this.#now = now;
  }

  /** Exchanges an authorization code (RFC 6749 section 4.1.3, RFC 7636 section 4.5). @throws TokenEndpointError */
  exchangeCode(
    client: OAuthClient,
    { code, codeVerifier, redirectUri }: Readonly<Record<"code" | "codeVerifier" | "redirectUri", string>>,
  ): Promise<TokenSet> {
    const grant = { grant_type: "authorization_code", code, redirect_uri: redirectUri, code_verifier: codeVerifier };
    return this.#requestTokens(client, grant);
  }

  /** Refreshes tokens (RFC 6749 section 6). @throws TokenEndpointError */
  refresh(client: OAuthClient, previous: TokenSet): Promise<TokenSet> {
    const grant = { grant_type: "refresh_token", refresh_token: previous.refreshToken ?? "" };
    return this.#requestTokens(client, grant, previous);
  }

  /**
   * Revokes a token (RFC 7009).
   * @returns whether the request is done, successfully or not; false if it should be repeated later
   */
  async revoke(
    client: OAuthClient,
    revocationUrl: string,
    token: string,
    hint: "access_token" | "refresh_token",
  ): Promise<boolean> {
    try {
      const response = await sendClientForm(this.#http, client, revocationUrl, { token, token_type_hint: hint });
      response.destroy();
      return (response.statusCode ?? 500) < 500 && response.statusCode !== 429;
    } catch {
      return false;
    }
  }

  async #requestTokens(
    client: OAuthClient,
    grant: Readonly<Record<string, string>>,
    previous?: TokenSet,
  ): Promise<TokenSet> {
    const { slug, tokenUrl, resource } = client;
    const now = this.#now();
    const { status, body } = await this.#request(client, { ...grant, ...(resource !== undefined && { resource }) });
    const { error } = (body ?? {}) as { error?: unknown };
    // Some servers respond to errors with the status 200.
    if (status !== 200 || typeof error === "string") throw toError(slug, status, error);
    const tokens = readTokenResponse(body, client, now, previous);
    if (!Array.isArray(tokens)) return tokens as TokenSet;
    throw new TokenEndpointError(
      `The token endpoint of the MCP server ${slug} returned no usable bearer token (${tokens.join(", ")}). An admin must check auth.tokenUrl ${new URL(tokenUrl).origin}.`,
    );
  }

  async #request(client: OAuthClient, form: Readonly<Record<string, string>>): Promise<TokenEndpointResponse> {
    const { slug, tokenUrl } = client;
    try {
      return await requestTokenEndpoint(this.#http, client, tokenUrl, form);
    } catch (error) {
      if (!(error instanceof TokenRequestError)) throw error;
      if (!error.isTemporary) throw failed(slug, error.problem);
      throw new TokenEndpointError(`The token endpoint of the MCP server ${slug} ${error.problem}. Try again later.`);
    }
  }
}

const failed = (slug: string, problem: string): TokenEndpointError =>
  new TokenEndpointError(
    `The token endpoint of the MCP server ${slug} ${problem}. An admin must check auth.tokenUrl of the server.`,
  );

/** The codes of widely used servers for a grant that is not valid. */
const invalidGrantCodes = new Set(["invalid_grant", "bad_verification_code", "bad_refresh_token"]);
const clientErrorCodes = new Set(["invalid_client", "unauthorized_client", "incorrect_client_credentials"]);

function toError(slug: string, status: number, error: unknown): TokenEndpointError {
  const code = typeof error === "string" && /^[a-z_]{1,40}$/.test(error) ? error : undefined;
  if (code !== undefined && invalidGrantCodes.has(code)) {
    const message = `The authorization server of the MCP server ${slug} does not accept the authorization any more (${code}). Connect again.`;
    return new TokenEndpointError(message, true);
  }
  if (code !== undefined && clientErrorCodes.has(code)) {
    return new TokenEndpointError(
      `The authorization server of the MCP server ${slug} rejected the client (${code}). An admin must check auth.clientId, auth.clientAuthentication and the client secret.`,
    );
  }
  return new TokenEndpointError(
    `The token endpoint of the MCP server ${slug} responded with the HTTP status ${status}${code === undefined ? "" : ` and the error ${code}`}. ${status >= 500 ? "Try again later." : "An admin must check the server's auth."}`,
  );
}
