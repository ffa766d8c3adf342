import { type CryptoKey, errors, type JWSHeaderParameters, type JWTPayload, jwtVerify } from "jose";
import type { AuthExchangeSettings } from "../../../../schemas/organization.ts";
import { hasErrorCode } from "../../../errors.ts";
import type { ExchangeRejectionCause } from "../../audit/rejections.ts";

const jwtLengthMax = 16 * 1024;
/** The accepted difference between the identity provider's clock and this one's, in seconds. */
const clockToleranceSeconds = 30;
/** Rejects logout tokens and other JWTs of the identity provider that do not authenticate a user (RFC 8725 section 3.11). */
const acceptedTypePattern = /^(?:application\/)?(?:jwt|at\+jwt)$/i;

/**
 * Verifies a JWT of an external identity provider (RFC 7519, RFC 8725) against the organization's settings. Its header
 * selects among the organization's algorithms and keys by `alg` and `kid`. A key that the JWT contains or references
 * (`jwk`, `jku`, `x5c`, `x5u`) is ignored, and an unknown critical extension (`crit`) rejects the JWT.
 * @param findKey returns the key that the header names
 * @returns the claims, or the cause of the rejection
 * @throws AppError unavailable if the keys cannot be fetched
 */
export async function verifyJwt(
  jwt: string,
  { issuer, audience, algorithms }: Omit<AuthExchangeSettings, "jwksUri">,
  findKey: (header: JWSHeaderParameters) => Promise<CryptoKey>,
): Promise<{ readonly claims: JWTPayload } | { readonly cause: ExchangeRejectionCause }> {
  if (jwt.length > jwtLengthMax) return { cause: "jwt-malformed" };
  try {
    const { payload, protectedHeader } = await jwtVerify(jwt, findKey, {
      algorithms,
      issuer,
      audience,
      requiredClaims: ["exp"],
      clockTolerance: clockToleranceSeconds,
    });
    const { typ } = protectedHeader;
    if (typ !== undefined && !acceptedTypePattern.test(typ)) return { cause: "jwt-type" };
    if ((payload.iat ?? 0) > Date.now() / 1000 + clockToleranceSeconds) return { cause: "jwt-not-yet-valid" };
    return { claims: payload };
  } catch (error) {
    if (hasErrorCode(error)) throw error;
    return { cause: toExchangeCause(error) };
  }
}

function toExchangeCause(error: unknown): ExchangeRejectionCause {
  if (error instanceof errors.JWTExpired) return "jwt-expired";
  if (error instanceof errors.JWTClaimValidationFailed) return causesByClaim[error.claim] ?? "jwt-claims";
  if (error instanceof errors.JOSEAlgNotAllowed) return "jwt-algorithm";
  if (error instanceof errors.JWSSignatureVerificationFailed) return "jwt-signature";
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) return "jwt-key";
  return "jwt-malformed";
}

const causesByClaim: Readonly<Record<string, ExchangeRejectionCause>> = {
  iss: "jwt-issuer",
  aud: "jwt-audience",
  nbf: "jwt-not-yet-valid",
};
