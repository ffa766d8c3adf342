import { toSubscriberNetwork } from "../../domain/ip-address.ts";
import { Quota, type RateLimit } from "../../domain/rate-limit/quota.ts";
import { consumeOrReject } from "../../domain/rate-limit/rate-limited.ts";

/**
 * Limits the failed authentications of one address, to protect the store and the logs. Each replica has its own counters,
 * because a failed guess must not cause a write. A valid credential is never rejected because other clients behind the
 * same address failed.
 */
export class FailureLimit {
  readonly #quota: Quota | undefined;

  constructor(limit: RateLimit | undefined, now?: () => number) {
    this.#quota = limit && new Quota("failures", limit, now);
  }

  /** The quota of failures; undefined if they are not limited. */
  get quota(): Quota | undefined {
    return this.#quota;
  }

  /**
   * Counts a failure, by network for IPv6.
   * @param address all strings that are no IP address share one counter
   * @throws AppError rate-limited
   */
  count(address: string): void {
    if (this.#quota) consumeOrReject({ quota: this.#quota, key: toSubscriberNetwork(address) });
  }
}
