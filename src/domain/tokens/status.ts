import type { Token } from "../../../schemas/token.ts";

export type TokenStatus = "active" | "disabled" | "expired" | "revoked";

/** What a token is worth at a moment. What is final comes first. */
export function statusOf(token: Token, now = new Date().toISOString()): TokenStatus {
  if (token.revokedAt !== undefined) return "revoked";
  if (token.expiresAt !== undefined && token.expiresAt <= now) return "expired";
  return token.enabled ? "active" : "disabled";
}
