import { createHash, randomBytes } from "node:crypto";
import type { McpServer } from "../../../schemas/mcp-server.ts";

type OAuth2 = Extract<McpServer["auth"], { readonly type: "oauth2" }>;

/**
 * An authorization request for a code (RFC 6749 section 4.1.1) with PKCE (RFC 7636 section 4). What the endpoint's
 * address has of a query stays, but for the parameters that the request itself has; a fragment does not.
 * @returns the address, and the verifier that the token request needs
 */
export function authorizationUrl(
  { authorizationUrl: endpoint, clientId, redirectUri, scopes }: OAuth2,
  state: string,
): { readonly url: string; readonly codeVerifier: string } {
  const codeVerifier = randomBytes(32).toString("base64url");
  const url = new URL(endpoint);
  url.hash = "";
  const parameters = {
    response_type: "code",
    client_id: clientId,
    redirect_uri: redirectUri,
    ...(scopes.length > 0 && { scope: scopes.join(" ") }),
    state,
    code_challenge: createHash("sha256").update(codeVerifier).digest("base64url"),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return { url: url.href, codeVerifier };
}
