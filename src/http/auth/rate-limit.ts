import type { Request, RequestHandler } from "express";
import type { Caller } from "../../domain/caller.ts";
import type { SurfaceQuotas } from "../../domain/rate-limit/policies.ts";
import type { Quota } from "../../domain/rate-limit/quota.ts";
import { type Counter, rateLimited } from "../../domain/rate-limit/rate-limited.ts";
import type { Log } from "../../log.ts";
import { requireCaller } from "../server/request.ts";

/**
 * Creates the step that counts each request against the quotas of its token and its organization, and reports what remains
 * in RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers-11). A request that one quota rejects is
 * counted by none. Each acting user has own counts in both quotas, because one token may act for many users. A request
 * that names no existing user counts for the token or organization alone, so that invented names create no counters.
 * @param selectQuotas the quotas of a request, called after authentication
 * @param log receives one debug line for each decision
 * @throws AppError rate-limited with the names of the exhausted quotas
 */
export function rateLimit(selectQuotas: (req: Request) => SurfaceQuotas, log: Log): RequestHandler {
  return (req, res, next) => {
    const { counters, exhausted } = countRequest(req, selectQuotas(req));
    if (counters.length === 0) return next();
    const fields = counters.map(({ quota, key }) => toRateLimitFields(quota, key));
    log.debug("rate limit checked", {
      requestId: req.requestId,
      result: exhausted.length === 0 ? "accepted" : "rejected",
      remaining: fields,
    });
    res.setHeader("RateLimit-Policy", fields.map(({ policy }) => policy).join(", "));
    res.setHeader("RateLimit", fields.map(({ remaining }) => remaining).join(", "));
    if (exhausted.length > 0) throw rateLimited(exhausted);
    next();
  };
}

/**
 * Counts a request, or one operation of it, unless it is over a limit.
 * @returns the counters that apply, and those of them that have nothing left; if there are any, nothing was counted
 */
export function countRequest(
  req: Request,
  { token, organization }: SurfaceQuotas,
): { readonly counters: readonly Counter[]; readonly exhausted: readonly Counter[] } {
  const caller = requireCaller(req);
  const counters = [
    ...(token ? [{ quota: token, key: toUserKey(toTokenKey(caller), req) }] : []),
    ...(organization ? [{ quota: organization, key: toUserKey(caller.organizationId, req) }] : []),
  ];
  const exhausted = counters.filter(({ quota, key }) => quota.remaining(key).requests === 0);
  if (exhausted.length === 0) for (const { quota, key } of counters) quota.consume(key);
  return { counters, exhausted };
}

/** A derived token shares the counters of its root, so that more access tokens do not mean more requests. */
const toTokenKey = ({ actor, token, organizationId }: Caller): string =>
  token?.rootId ?? actor.id ?? `${actor.type} ${organizationId}`;

const toUserKey = (key: string, { actingUser }: Request): string => (actingUser ? `${key} ${actingUser.id}` : key);

function toRateLimitFields(quota: Quota, key: string): { policy: string; remaining: string } {
  const { name, limit } = quota;
  const { requests, seconds } = quota.remaining(key);
  return {
    policy: `"${name}";q=${limit.requests};w=${limit.seconds}`,
    remaining: `"${name}";r=${requests};t=${seconds}`,
  };
}
