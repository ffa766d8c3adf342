import type { IncomingMessage } from "node:http";
import { RejectedAddressError } from "../outbound/address-guard.ts";
import { readBoundedBody } from "../outbound/bounded-body.ts";
import type { GuardedHttp } from "../outbound/guarded-http.ts";
import { isMcpObject } from "../upstream/upstream-calls.ts";
import { readTokenResponse, type TokenSet } from "./token-set.ts";

/** The OAuth 2.0 client that this service is at the authorization server of an MCP server. */
export interface OAuthClient {
  /** The slug of the MCP server, for messages. */
  readonly slug: string;
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly authentication: "basic" | "post";
  readonly secret?: string;
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

const timeoutMs = 10_000;
const responseBytesMax = 64 * 1024;

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
      const response = await this.#send(client, revocationUrl, { token, token_type_hint: hint });
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

  async #request(
    client: OAuthClient,
    form: Readonly<Record<string, string>>,
  ): Promise<{ readonly status: number; readonly body: unknown }> {
    const { slug, tokenUrl } = client;
    let response: IncomingMessage | undefined;
    try {
      response = await this.#send(client, tokenUrl, form);
      const status = response.statusCode ?? 0;
      if (status >= 300 && status < 400) {
        throw failed(slug, `responded with a redirect (${status}), which is not followed`);
      }
      const text = await readBoundedBody(response, responseBytesMax);
      if (text === undefined) throw failed(slug, `returned more than ${responseBytesMax} bytes`);
      const body = parseObject(text);
      if (body === undefined && status === 200) throw failed(slug, "did not return a JSON object");
      return { status, body };
    } catch (error) {
      if (error instanceof TokenEndpointError) throw error;
      if (error instanceof RejectedAddressError) {
        throw failed(slug, "has an address that is not allowed; an operator can allow it with UPSTREAM_ALLOW");
      }
      throw new TokenEndpointError(
        `The token endpoint of the MCP server ${slug} did not respond within ${timeoutMs / 1000} seconds or could not be reached. Try again later.`,
      );
    } finally {
      response?.destroy();
    }
  }

  #send(client: OAuthClient, url: string, form: Readonly<Record<string, string>>): Promise<IncomingMessage> {
    const { clientId, secret, authentication } = client;
    const isBasic = secret !== undefined && authentication === "basic";
    const body = new URLSearchParams({
      ...form,
      ...(!isBasic && { client_id: clientId }),
      ...(!isBasic && secret !== undefined && { client_secret: secret }),
    });
    return this.#http.send(new URL(url), {
      method: "POST",
      headers: {
        accept: "application/json",
        "accept-encoding": "identity",
        "content-type": "application/x-www-form-urlencoded",
        "user-agent": "gatehouse",
        ...(isBasic && { authorization: toBasic(clientId, secret) }),
      },
      body: body.toString(),
      signal: AbortSignal.timeout(timeoutMs),
    });
  }
}

/** Both parts are form-encoded before they are joined (RFC 6749 section 2.3.1). */
function toBasic(clientId: string, secret: string): string {
  const encode = (value: string): string => new URLSearchParams({ v: value }).toString().slice("v=".length);
  return `Basic ${Buffer.from(`${encode(clientId)}:${encode(secret)}`).toString("base64")}`;
}

function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isMcpObject(value) ? value : undefined;
  } catch {
    return undefined;
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
