import { createHash, randomBytes } from "node:crypto";
import type { OAuth2Auth } from "../oauth/oauth-settings.ts";

/**
 * Builds an authorization request for a code (RFC 6749 section 4.1.1) with PKCE (RFC 7636 section 4). The query of the
 * endpoint is kept, except for the parameters of the request itself. A fragment is removed.
 * @param codeVerifier in base64url; absent: a new one
 * @returns the URL, and the code verifier for the token request
 */
export function buildAuthorizationUrl(
  {
    authorizationUrl: endpoint,
    clientId,
    redirectUri,
    scopes,
    resource,
  }: Pick<OAuth2Auth, "authorizationUrl" | "clientId" | "resource"> & {
    readonly scopes: readonly string[];
    readonly redirectUri: string;
  },
  state: string,
  codeVerifier = randomBytes(32).toString("base64url"),
): { readonly url: string; readonly codeVerifier: string } {
  const url = new URL(endpoint);
  url.hash = "";
  const parameters = {
    response_type: "code",
    client_id: clientId,
    redirect_uri: redirectUri,
    ...(scopes.length > 0 && { scope: scopes.join(" ") }),
    ...(resource !== undefined && { resource }),
    state,
    code_challenge: createHash("sha256").update(codeVerifier).digest("base64url"),
    code_challenge_method: "S256",
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return { url: url.href, codeVerifier };
}
