import type { Token } from "../../../schemas/token.ts";
import { statusOf } from "../../domain/tokens/status.ts";
import type { Issued } from "../../domain/tokens/tokens.ts";
import type { Answer } from "../operation.ts";

/** Below the door. */
export const tokensPath = "/tokens";

/** A token with its secret, which is shown this once. */
export function issued({ token, secret }: Issued, status: 200 | 201): Answer {
  return {
    ...answerOf(token),
    status,
    ...(status === 201 && { location: `${tokensPath}/${token.id}` }),
    body: { ...shown(token), token: secret },
  };
}

/** A token without its secret. */
export function answerOf(token: Token): Answer {
  return { status: 200, version: token.version, saysMore: true, body: shown(token) };
}

/** What of a token may be shown, with what its record leaves to be reckoned. */
export function shown(token: Token): object {
  const { id, version, createdAt, updatedAt, name, description, type, origin, scopes = ["all"], prefix } = token;
  const { userId, parentId, environment, mcpServers, allowedIps = [], enabled, expiresAt = null } = token;
  const { revokedAt = null, lastUsed, requestCount, failedCount, failures = {}, createdBy } = token;
  const [lastUsedAt = null, lastUsedIp = null] = lastUsed?.split(" ") ?? [];
  return {
    ...{ id, version, createdAt, updatedAt, name, description, type, origin, scopes, prefix },
    ...{ masked: `${prefix}*******`, userId, parentId, environment, mcpServers, allowedIps },
    ...{ status: statusOf(token), enabled, expiresAt, revokedAt, lastUsedAt, lastUsedIp },
    ...{ requestCount, failedCount, failures, createdBy },
  };
}
