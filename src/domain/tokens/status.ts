import type { Token } from "../../../schemas/token.ts";

/** Whether a token is valid, and if not, why. */
export type TokenStatus = "active" | "disabled" | "expired" | "revoked";

/**
 * Returns the status of a token. A final status takes precedence: revoked, then expired, then disabled,
 * which a token of a disabled organization is too.
 * For a personal token, pass the record as `toEffectiveTokens` returns it.
 * @param now in milliseconds since 1970
 */
export function toTokenStatus(token: Token, now = Date.now()): TokenStatus {
  if (token.revokedAt !== undefined) return "revoked";
  if (token.expiresAt !== undefined && Date.parse(token.expiresAt) <= now) return "expired";
  return token.enabled && !token.organizationDisabled ? "active" : "disabled";
}
