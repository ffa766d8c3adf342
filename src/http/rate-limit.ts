import type { Request, RequestHandler } from "express";
import type { Caller } from "../domain/caller.ts";
import type { DoorQuotas } from "../domain/rate/door-quotas.ts";
import type { Quota } from "../domain/rate/quota.ts";
import { AppError } from "../errors.ts";
import { callerOf } from "./request.ts";

/**
 * Counts each request for its token and its organisation, and tells the caller how much is left (the RateLimit and
 * RateLimit-Policy fields of draft-ietf-httpapi-ratelimit-headers-11). What is refused by one limit is counted by none.
 * @param quotasOf what a request is counted in, once it is known who calls
 * @throws AppError rate-limited naming the limits that are used up
 */
export function rateLimit(quotasOf: (req: Request) => DoorQuotas): RequestHandler {
  return (req, res, next) => {
    const caller = callerOf(req);
    const { token, organization } = quotasOf(req);
    const counted = [
      ...(token ? [{ quota: token, key: tokenKeyOf(caller) }] : []),
      ...(organization ? [{ quota: organization, key: caller.organizationId }] : []),
    ];
    if (counted.length === 0) return next();
    const usedUp = counted.filter(({ quota, key }) => quota.remaining(key).requests === 0);
    if (usedUp.length === 0) for (const { quota, key } of counted) quota.take(key);
    const fields = counted.map(({ quota, key }) => fieldsOf(quota, key));
    res.setHeader("RateLimit-Policy", fields.map(({ policy }) => policy).join(", "));
    res.setHeader("RateLimit", fields.map(({ remaining }) => remaining).join(", "));
    if (usedUp.length > 0) throw rateLimited(usedUp);
    next();
  };
}

/** @param usedUp the quotas without anything left, each with the key that is refused */
export function rateLimited(usedUp: readonly { readonly quota: Quota; readonly key: string }[]): AppError {
  const seconds = Math.max(...usedUp.map(({ quota, key }) => quota.remaining(key).seconds));
  const limits = usedUp.map(({ quota: { name, limit } }) => `${name} (${limit.requests} in ${limit.seconds} s)`);
  return new AppError(
    "rate-limited",
    `Too many requests for the limit ${limits.join(" and the limit ")}. Try again in ${seconds} s.`,
    { retryAfterSeconds: seconds, violatedPolicies: usedUp.map(({ quota }) => quota.name) },
  );
}

const tokenKeyOf = ({ actor, organizationId }: Caller): string => actor.id ?? `${actor.type} ${organizationId}`;

function fieldsOf(quota: Quota, key: string): { policy: string; remaining: string } {
  const { name, limit } = quota;
  const { requests, seconds } = quota.remaining(key);
  return {
    policy: `"${name}";q=${limit.requests};w=${limit.seconds}`,
    remaining: `"${name}";r=${requests};t=${seconds}`,
  };
}
