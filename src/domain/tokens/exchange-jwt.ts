import { type CryptoKey, errors, type JWSHeaderParameters, type JWTPayload, jwtVerify } from "jose";
import type { AuthExchangeSettings } from "../../../schemas/organization.ts";
import { isFault } from "../../errors.ts";
import type { ExchangeCause } from "../audit/refusals.ts";

const charactersMax = 16 * 1024;
/** How far the identity provider's clock may be from ours, in seconds. */
const clockTolerance = 30;
/** A logout token or another statement of the identity provider is not one about who is there (RFC 8725 section 3.11). */
const types = /^(?:application\/)?(?:jwt|at\+jwt)$/i;

/**
 * Verifies an outside JWT (RFC 7519, RFC 8725) against what the organisation has set. Of its header, `alg` and `kid`
 * choose among the organisation's own algorithms and keys; a key that the JWT itself brings or points at
 * (`jwk`, `jku`, `x5c`, `x5u`) is not looked at, and a critical extension (`crit`) that is not understood refuses it.
 * @param keyOf finds the key that the header names
 * @returns the claims, or the cause why they are not believed
 * @throws AppError unavailable when the keys cannot be read
 */
export async function verifyJwt(
  jwt: string,
  { issuer, audience, algorithms }: AuthExchangeSettings,
  keyOf: (header: JWSHeaderParameters) => Promise<CryptoKey>,
): Promise<{ readonly claims: JWTPayload } | { readonly cause: ExchangeCause }> {
  if (jwt.length > charactersMax) return { cause: "jwt-malformed" };
  try {
    const { payload, protectedHeader } = await jwtVerify(jwt, keyOf, {
      algorithms,
      issuer,
      audience,
      requiredClaims: ["exp"],
      clockTolerance,
    });
    const { typ } = protectedHeader;
    if (typ !== undefined && !types.test(typ)) return { cause: "jwt-type" };
    if ((payload.iat ?? 0) > Date.now() / 1000 + clockTolerance) return { cause: "jwt-not-yet-valid" };
    return { claims: payload };
  } catch (error) {
    if (isFault(error)) throw error;
    return { cause: causeOf(error) };
  }
}

function causeOf(error: unknown): ExchangeCause {
  if (error instanceof errors.JWTExpired) return "jwt-expired";
  if (error instanceof errors.JWTClaimValidationFailed) return claimCauses[error.claim] ?? "jwt-claims";
  if (error instanceof errors.JOSEAlgNotAllowed) return "jwt-algorithm";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "jwt-signature";
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) return "jwt-key";
  return "jwt-malformed";
}

const claimCauses: Readonly<Record<string, ExchangeCause>> = {
  iss: "jwt-issuer",
  aud: "jwt-audience",
  nbf: "jwt-not-yet-valid",
};
