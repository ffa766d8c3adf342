/** So many requests in so many seconds. */
export interface Limit {
  readonly requests: number;
  readonly seconds: number;
}

/** What is left of a quota, and in how many seconds it is whole again. */
export interface Remaining {
  readonly requests: number;
  readonly seconds: number;
}

/** What this process has counted in one window. */
export interface Window {
  /** When it began, in milliseconds since 1970. */
  readonly start: number;
  readonly taken: ReadonlyMap<string, number>;
}

/** Keys that are counted at once; beyond them the first of the window is forgotten, so that memory stays bounded. */
const keysMax = 100_000;

/**
 * One quota policy: requests counted by key in fixed windows. The windows are aligned to the clock, so that replicas
 * count in the same ones without asking each other.
 */
export class Quota {
  /** As the setting calls it, and as answers do (`RateLimit-Policy`). */
  readonly name: string;
  readonly limit: Limit;
  readonly #now: () => number;
  #start = 0;
  #taken = new Map<string, number>();
  #elsewhere: ReadonlyMap<string, number> = new Map();

  constructor(name: string, limit: Limit, now: () => number = Date.now) {
    this.name = name;
    this.limit = limit;
    this.#now = now;
  }

  remaining(key: string): Remaining {
    const now = this.#turn();
    const taken = (this.#taken.get(key) ?? 0) + (this.#elsewhere.get(key) ?? 0);
    return {
      requests: Math.max(0, this.limit.requests - taken),
      seconds: Math.max(1, Math.ceil((this.#start + this.limit.seconds * 1000 - now) / 1000)),
    };
  }

  /** Counts one request. Who has nothing remaining is not counted: refusing is the caller's part. */
  take(key: string): void {
    this.#turn();
    const taken = this.#taken.get(key);
    this.#taken.set(key, (taken ?? 0) + 1);
    const [first] = this.#taken.keys();
    if (taken === undefined && this.#taken.size > keysMax && first !== undefined) this.#taken.delete(first);
  }

  window(): Window {
    this.#turn();
    return { start: this.#start, taken: this.#taken };
  }

  /** Takes over what the other replicas have counted; of another window than the current one it is nothing. */
  learn({ start, taken }: Window): void {
    this.#turn();
    if (start === this.#start) this.#elsewhere = taken;
  }

  /** Begins a window anew when the clock says so. @returns the clock's time */
  #turn(): number {
    const now = this.#now();
    const start = now - (now % (this.limit.seconds * 1000));
    if (start !== this.#start) {
      this.#start = start;
      this.#taken = new Map();
      this.#elsewhere = new Map();
    }
    return now;
  }
}
