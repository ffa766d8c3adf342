import type { RequestLogEntry } from "../../../../schemas/audit-event.ts";

/** How often the page reloads, in seconds. */
export const refreshSeconds = 3;
/** After this time the page does not reload any more, so that a forgotten one does not keep its session alive. */
export const watchMinutes = 15;
/** A connection test sends several requests. The page waits for this long after the last one, in milliseconds. */
const quietMs = 10_000;

/** What has arrived since the page was opened. */
export interface Arrivals {
  readonly hasArrived: boolean;
  /** The number of logged requests among the last ones. */
  readonly logged: number;
  /** In milliseconds since 1970; absent if nothing has arrived. */
  readonly lastAt?: number;
}

/**
 * Finds what has arrived since a time. The request log has no accepted requests of other APIs than SCIM; these are seen by
 * the last use of the token.
 * @param lastUsedAt ISO 8601
 * @param since in milliseconds since 1970
 */
export function findArrivals(
  entries: readonly Pick<RequestLogEntry, "createdAt">[],
  lastUsedAt: string | null,
  since: number,
): Arrivals {
  const logged = entries.map(({ createdAt }) => Date.parse(createdAt)).filter((time) => time >= since);
  const lastUsed = lastUsedAt === null ? Number.NEGATIVE_INFINITY : Date.parse(lastUsedAt);
  const times = lastUsed >= since ? [...logged, lastUsed] : logged;
  if (times.length === 0) return { hasArrived: false, logged: 0 };
  return { hasArrived: true, logged: logged.length, lastAt: Math.max(...times) };
}

/** Whether the page reloads again. @param now in milliseconds since 1970, as `since` */
export function isRefreshed({ lastAt }: Arrivals, since: number, now: number): boolean {
  const isQuiet = lastAt !== undefined && now - lastAt >= quietMs;
  return now - since < watchMinutes * 60_000 && !isQuiet;
}
