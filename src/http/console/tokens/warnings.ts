import type { RenderedToken } from "../../api/resources/token-response.ts";

const dayMs = 86_400_000;
/** A token that expires within this time needs attention, in milliseconds. */
export const expiringMs = 7 * dayMs;
/** A token that was not used for this time may not be needed any more, in milliseconds. */
export const unusedMs = 30 * dayMs;

/** Returns what an administrator should look at, for an active token. */
export function findWarnings(token: RenderedToken, now = Date.now()): readonly string[] {
  const { status, expiresAt, lastUsedAt, createdAt } = token;
  if (status !== "active") return [];
  const isUnused = now - Date.parse(lastUsedAt ?? createdAt) > unusedMs;
  return [
    ...(expiresAt !== null && Date.parse(expiresAt) - now < expiringMs ? ["Expires within 7 days"] : []),
    ...(isUnused ? ["Unused for 30 days"] : []),
    ...(lastUsedAt === null && !isUnused ? ["Never used"] : []),
  ];
}
