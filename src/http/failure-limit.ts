import { networkOf } from "../domain/ip-address.ts";
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

  /** @throws AppError rate-limited. @param address what is none is counted together */
  count(address: string): void {
    if (!this.#quota) return;
    const counted = { quota: this.#quota, key: networkOf(address) };
    if (this.#quota.remaining(counted.key).requests === 0) throw rateLimited([counted]);
    this.#quota.take(counted.key);
  }
}
