import { isIPv6, SocketAddress } from "node:net";
import type { RequestHandler } from "express";
import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";
import { AppError } from "../errors.ts";
import { callerOf } from "./request.ts";

/** So many requests in so many seconds. */
export interface Limit {
  readonly requests: number;
  readonly seconds: number;
}

/** The limits of one door; a missing one does not limit. */
export interface DoorLimits {
  readonly token?: Limit;
  readonly organization?: Limit;
}

/**
 * Counts each request for its token and its organisation, in memory, and tells the caller how much is left (the
 * RateLimit and RateLimit-Policy fields of draft-ietf-httpapi-ratelimit-headers).
 * @throws AppError rate-limited
 */
export function rateLimit(limits: DoorLimits = {}): RequestHandler {
  const policies = (["token", "organization"] as const).flatMap((name) => {
    const limit = limits[name];
    return limit ? [{ name, limit, counter: counterOf(limit) }] : [];
  });
  const policyField = policies.map(({ name, limit }) => `"${name}";q=${limit.requests};w=${limit.seconds}`).join(", ");
  return async (req, res, next) => {
    const { actor, organizationId } = callerOf(req);
    const keys = { token: actor.id ?? `${actor.type} ${organizationId}`, organization: organizationId };
    const left: string[] = [];
    let exhausted: { name: string; seconds: number } | undefined;
    for (const { name, counter } of policies) {
      const { allowed, remaining, seconds } = await take(counter, keys[name]);
      left.push(`"${name}";r=${remaining};t=${seconds}`);
      if (!allowed && seconds > (exhausted?.seconds ?? -1)) exhausted = { name, seconds };
    }
    if (policies.length > 0) {
      res.setHeader("RateLimit-Policy", policyField);
      res.setHeader("RateLimit", left.join(", "));
    }
    if (exhausted) throw tooMany(`This ${exhausted.name} has made too many requests.`, exhausted.seconds);
    next();
  };
}

/** Failed authentications of one address. A valid credential is never refused because of its neighbours. */
export class FailureLimit {
  readonly #counter: RateLimiterMemory | undefined;

  constructor(limit: Limit | undefined) {
    this.#counter = limit && counterOf(limit);
  }

  /** @throws AppError rate-limited */
  async count(address: string): Promise<void> {
    if (!this.#counter) return;
    const { allowed, seconds } = await take(this.#counter, networkOf(address));
    if (!allowed) throw tooMany("Too many failed authentications from this address.", seconds);
  }
}

/** Whoever has one IPv6 address has its whole /64. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const list = new SocketAddress({ address, family: "ipv6" }).address.split("::");
  const [head = [], tail = []] = list.map((part) => part.split(":").filter((group) => group !== ""));
  const zeros = Array.from({ length: list.length > 1 ? 8 - head.length - tail.length : 0 }, () => "0");
  return [...head, ...zeros, ...tail].slice(0, 4).join(":");
}

const counterOf = ({ requests, seconds }: Limit): RateLimiterMemory =>
  new RateLimiterMemory({ points: requests, duration: seconds });

async function take(
  counter: RateLimiterMemory,
  key: string,
): Promise<{ allowed: boolean; remaining: number; seconds: number }> {
  try {
    const taken = await counter.consume(key);
    return { allowed: true, remaining: taken.remainingPoints, seconds: secondsOf(taken) };
  } catch (refused) {
    if (!(refused instanceof RateLimiterRes)) throw refused;
    return { allowed: false, remaining: 0, seconds: secondsOf(refused) };
  }
}

const secondsOf = ({ msBeforeNext }: RateLimiterRes): number => Math.max(1, Math.ceil(msBeforeNext / 1000));

const tooMany = (message: string, seconds: number): AppError =>
  new AppError("rate-limited", `${message} Try again in ${seconds} s.`, { retryAfterSeconds: seconds });
