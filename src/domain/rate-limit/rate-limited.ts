import { AppError } from "../../errors.ts";
import type { Quota } from "./quota.ts";

/** A quota with the key that it counts. */
export interface Counter {
  readonly quota: Quota;
  readonly key: string;
}

/** Counts a request. @throws AppError rate-limited, without counting it, if no request is left */
export function consumeOrReject(counter: Counter): void {
  const { quota, key } = counter;
  if (quota.remaining(key).requests === 0) throw rateLimited([counter]);
  quota.consume(key);
}

/**
 * Returns the error for a request over its limits, and records the rejection.
 * @param exhausted the quotas with no requests left, each with the key that it counts
 */
export function rateLimited(exhausted: readonly Counter[]): AppError {
  for (const { quota } of exhausted) quota.recordRejection();
  const seconds = Math.max(...exhausted.map(({ quota, key }) => quota.remaining(key).seconds));
  const descriptions = exhausted.map(
    ({ quota: { name, limit } }) => `${name} (${limit.requests} in ${limit.seconds} s)`,
  );
  return new AppError("rate-limited", `Rate limit exceeded: ${descriptions.join(" and ")}. Retry in ${seconds} s.`, {
    retryAfterSeconds: seconds,
    violatedPolicies: exhausted.map(({ quota }) => quota.name),
  });
}
