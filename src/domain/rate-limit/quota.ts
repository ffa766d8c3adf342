/** The number of requests allowed per window, and the length of the window in seconds. */
export interface RateLimit {
  readonly requests: number;
  readonly seconds: number;
}

/** The number of requests left in the current window, and the seconds until the window ends. */
export interface RemainingQuota {
  readonly requests: number;
  readonly seconds: number;
}

/** The counts of one window, by key. */
export interface RateLimitWindow {
  /** The start of the window in milliseconds since 1970. */
  readonly start: number;
  readonly counts: ReadonlyMap<string, number>;
}

/** The most keys per window; beyond it the oldest is evicted, so that memory stays bounded. */
const keysMax = 100_000;

/**
 * Counts requests by key in fixed windows. The windows are aligned to the clock, so that all replicas use the same
 * windows without coordination.
 */
export class Quota {
  /** The name of the policy in the setting RATE_LIMIT and in the `RateLimit-Policy` header. */
  readonly name: string;
  readonly limit: RateLimit;
  readonly #now: () => number;
  #start = 0;
  #counts = new Map<string, number>();
  #remoteCounts: ReadonlyMap<string, number> = new Map();
  #rejectedCount = 0;

  constructor(name: string, limit: RateLimit, now: () => number = Date.now) {
    this.name = name;
    this.limit = limit;
    this.#now = now;
  }

  /** Returns what is left for a key, with the counts of other replicas taken into account. */
  remaining(key: string): RemainingQuota {
    const now = this.#rollWindow();
    const used = (this.#counts.get(key) ?? 0) + (this.#remoteCounts.get(key) ?? 0);
    return {
      requests: Math.max(0, this.limit.requests - used),
      seconds: Math.max(1, Math.ceil((this.#start + this.limit.seconds * 1000 - now) / 1000)),
    };
  }

  /** Counts one request. The caller checks `remaining` first and does not count a request that it rejects. */
  consume(key: string): void {
    this.#rollWindow();
    const count = this.#counts.get(key);
    this.#counts.set(key, (count ?? 0) + 1);
    const [oldest] = this.#counts.keys();
    if (count === undefined && this.#counts.size > keysMax && oldest !== undefined) this.#counts.delete(oldest);
  }

  /** The number of requests that this process has rejected because of this limit. */
  get rejectedCount(): number {
    return this.#rejectedCount;
  }

  /** Records that a request was rejected. It counts against no limit. */
  recordRejection(): void {
    this.#rejectedCount++;
  }

  /** Returns the current window with the counts of this process. */
  window(): RateLimitWindow {
    this.#rollWindow();
    return { start: this.#start, counts: this.#counts };
  }

  /** Replaces the counts of the other replicas. Counts of a window other than the current one are ignored. */
  mergeRemote({ start, counts }: RateLimitWindow): void {
    this.#rollWindow();
    if (start === this.#start) this.#remoteCounts = counts;
  }

  /** Starts a new window if the current one has ended. @returns the time in milliseconds since 1970 */
  #rollWindow(): number {
    const now = this.#now();
    const start = now - (now % (this.limit.seconds * 1000));
    if (start !== this.#start) {
      this.#start = start;
      this.#counts = new Map();
      this.#remoteCounts = new Map();
    }
    return now;
  }
}
