import { readIpAddress } from "../domain/ip-address.ts";
import { type Limit, Quota } from "../domain/rate/quota.ts";
import { rateLimited } from "./rate-limit.ts";

/**
 * Failed authentications of one address, which protects the store and the logs. Each replica counts for itself, for a
 * stranger's guesses must not become writes. A valid credential is never refused because of its neighbours.
 */
export class FailureLimit {
  readonly #quota: Quota | undefined;

  constructor(limit: Limit | undefined, now?: () => number) {
    this.#quota = limit && new Quota("failures", limit, now);
  }

  /** @throws AppError rate-limited */
  count(address: string): void {
    if (!this.#quota) return;
    const counted = { quota: this.#quota, key: networkOf(address) };
    if (this.#quota.remaining(counted.key).requests === 0) throw rateLimited([counted]);
    this.#quota.take(counted.key);
  }
}

/** Whoever has one IPv6 address has its whole /64. What is no address is counted together. */
function networkOf(text: string): string {
  const address = readIpAddress(text);
  if (!address) return "";
  return address.width === 32 ? String(address.value) : `${address.value >> 64n}/64`;
}
