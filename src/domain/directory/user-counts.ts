import { LruCache } from "../../store/cache/lru-cache.ts";
import type { Users } from "./users.ts";

/** The number of users of an organization. Both numbers are of the same time. */
export interface UserCount {
  readonly all: number;
  readonly inactive: number;
}

interface Counting {
  /** In milliseconds since 1970. */
  readonly startedAt: number;
  readonly count: Promise<UserCount>;
}

/** How long a count is used, in milliseconds. */
const ageMaxMs = 60_000;
const organizationsMax = 1000;

/**
 * Counts the users of organizations for pages that show numbers. No index has the inactive ones, because an index on two
 * values would mislead the choice of indexes for lists and cost time with each write: the count reads all users, 0.2
 * seconds of CPU time for 100,000. So it is done once a minute at most, and concurrent calls share it.
 */
export class UserCounts {
  readonly #users: Pick<Users, "count">;
  readonly #now: () => number;
  readonly #counts = new LruCache<string, Counting>(organizationsMax);

  /** @param now returns the time in milliseconds since 1970 */
  constructor(users: Pick<Users, "count">, now: () => number = Date.now) {
    this.#users = users;
    this.#now = now;
  }

  /** Returns numbers that are at most a minute old. @throws AppError query-too-expensive; unavailable */
  read(organizationId: string): Promise<UserCount> {
    const cached = this.#counts.get(organizationId);
    if (cached && this.#now() - cached.startedAt < ageMaxMs) return cached.count;
    const count = this.#count(organizationId);
    const counting = { startedAt: this.#now(), count };
    this.#counts.set(organizationId, counting);
    // A failure is not kept: the next call counts again.
    count.catch(() => {
      if (this.#counts.get(organizationId) === counting) this.#counts.delete(organizationId);
    });
    return count;
  }

  async #count(organizationId: string): Promise<UserCount> {
    const [all, inactive] = await Promise.all([
      this.#users.count(organizationId),
      this.#users.count(organizationId, { op: "eq", path: "active", value: false }),
    ]);
    return { all, inactive };
  }
}
