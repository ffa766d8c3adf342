import type { JWTPayload } from "jose";
import type { ConsoleSignInSettings } from "../../../../schemas/console-sign-in.ts";
import type { SignInRejectionCause } from "../../audit/rejections.ts";
import type { JwksCache } from "../../tokens/exchange/jwks.ts";
import { verifyJwt } from "../../tokens/exchange/jwt.ts";
import { isSameValue } from "./sign-in-attempts.ts";

/** Signatures that a public key verifies. `none` and HMAC are not among them. */
const algorithms = [
  ...(["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] as const),
  ...(["ES256", "ES384", "ES512", "EdDSA"] as const),
];

/** Which ID token is expected. */
export interface ExpectedIdToken {
  readonly organizationId: string;
  readonly settings: ConsoleSignInSettings;
  readonly jwksUri: string;
  readonly nonce: string;
}

/**
 * Verifies an ID token (OpenID Connect Core 1.0 section 3.1.3.7). `at_hash` is not checked, because the access token is
 * not used.
 * @returns the claims, or the cause of the rejection
 * @throws AppError unavailable if the keys cannot be fetched
 */
export async function verifyIdToken(
  idToken: string,
  { organizationId, settings: { issuer, clientId }, jwksUri, nonce }: ExpectedIdToken,
  jwks: JwksCache,
): Promise<{ readonly claims: JWTPayload } | { readonly cause: SignInRejectionCause }> {
  const expected = { issuer, audience: clientId, algorithms };
  const verified = await verifyJwt(idToken, expected, (header) => jwks.findKey(organizationId, jwksUri, header));
  if ("cause" in verified) return verified;
  const { aud, azp, nonce: sentNonce, sub } = verified.claims;
  // With several audiences, or with `azp`, the token must have been issued to this client.
  const isForOthers = Array.isArray(aud) && aud.length > 1 && azp === undefined;
  if (isForOthers || (azp !== undefined && azp !== clientId)) return { cause: "jwt-audience" };
  if (typeof sub !== "string" || sub === "") return { cause: "jwt-claims" };
  if (typeof sentNonce !== "string" || !isSameValue(sentNonce, nonce)) return { cause: "sign-in-nonce" };
  return verified;
}
