import type { z } from "zod";
import type { Token, tokenResponse } from "../../../../schemas/token.ts";
import type { IssuedToken } from "../../../domain/tokens/idempotency/run-once.ts";
import { toTokenStatus } from "../../../domain/tokens/status.ts";
import type { OperationResponse } from "../kernel/operation.ts";

/** Relative to the API. */
export const tokensPath = "/tokens";

/** The route of the operations on one token. */
export const tokenRoute = {
  path: `${tokensPath}/{id}`,
  tag: "Tokens",
  parameters: { id: "The id of the token." },
} as const;

/** The response with a new token or secret. No other response has the secret. */
export function toIssuedTokenResponse(
  { token, secret, isReplay = false }: IssuedToken,
  status: 200 | 201,
): OperationResponse {
  return {
    ...toTokenResponse(token),
    status,
    isReplay,
    ...(status === 201 && { location: `${tokensPath}/${token.id}` }),
    body: { ...renderToken(token), token: secret },
  };
}

/** The response with one token, without its secret. */
export function toTokenResponse(token: Token): OperationResponse {
  return { status: 200, version: token.version, hasVolatileFields: true, body: renderToken(token) };
}

/** A token in responses. */
export type RenderedToken = z.output<typeof tokenResponse>;

/** Renders a token without its secret, and with its derived fields such as `status`. */
export function renderToken(token: Token): RenderedToken {
  const { id, version, createdAt, updatedAt, name, description, type, origin, scopes = ["all"], prefix } = token;
  const {
    labels = {},
    userId,
    parentId,
    environment,
    mcpServers,
    maxRisk,
    allowedIps = [],
    enabled,
    expiresAt = null,
  } = token;
  const { revokedAt = null, lastUsed, requestCount, failedCount, failures = {}, createdBy } = token;
  const [lastUsedAt = null, lastUsedIp = null] = lastUsed?.split(" ") ?? [];
  return {
    ...{ id, version, createdAt, updatedAt, name, description, labels, type, origin, scopes, prefix },
    ...{ masked: `${prefix}*******`, userId, parentId, environment, mcpServers, maxRisk, allowedIps },
    ...{ status: toTokenStatus(token), enabled, expiresAt, revokedAt, lastUsedAt, lastUsedIp },
    ...{ previousSecretExpiresAt: toPreviousSecretExpiry(token), format: token.format },
    ...{ requestCount, failedCount, failures, createdBy },
  };
}

/** @returns the latest time until which a previous secret is valid; null if none is */
function toPreviousSecretExpiry({ secrets }: Token): string | null {
  const expiries = secrets.flatMap(({ notAfter }) => notAfter ?? []).filter((each) => Date.parse(each) > Date.now());
  return expiries.sort((one, other) => Date.parse(other) - Date.parse(one))[0] ?? null;
}
