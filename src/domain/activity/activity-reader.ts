import type { ActivityHour } from "../../../schemas/activity-hour.ts";
import { activityHours } from "../../store/collections.ts";
import type { Store } from "../../store/store.ts";
import { hourMs } from "../audit/provisioning-monitor.ts";
import { lowestId } from "../entity.ts";

/** The counts of one hour. */
export interface HourOfActivity extends Pick<ActivityHour, "requests" | "rejections" | "toolCalls"> {
  /** The start of the hour (ISO 8601 in UTC). */
  readonly at: string;
}

/** A request with AUTH_SECRET. */
export interface AuthSecretUse {
  /** ISO 8601 in UTC. */
  readonly at: string;
  readonly ip: string;
}

/** The hours that are stored (`Retention`). */
const storedHours = 14 * 24;

/** Reads what the clients of an organization did by hour. */
export class ActivityReader {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Returns the last use of AUTH_SECRET; undefined if it was not used in the last 14 days. */
  async lastAuthSecretUse(organizationId: string, now = Date.now()): Promise<AuthSecretUse | undefined> {
    const items = await this.#list(organizationId, (Math.floor(now / hourMs) - storedHours + 1) * hourMs, storedHours);
    const { authSecretUse } = items.findLast((hour) => hour.authSecretUse !== undefined) ?? {};
    const [at, ip] = authSecretUse?.split(" ") ?? [];
    return at === undefined || ip === undefined ? undefined : { at, ip };
  }

  /**
   * Returns the last hours, the oldest first, each once and also those without requests. The last one is the current hour.
   * @param hours the number of hours
   * @param now in milliseconds since 1970
   */
  async lastHours(organizationId: string, hours: number, now = Date.now()): Promise<readonly HourOfActivity[]> {
    const first = (Math.floor(now / hourMs) - hours + 1) * hourMs;
    const items = await this.#list(organizationId, first, hours);
    const byTime = new Map(items.map((each) => [Date.parse(each.createdAt), each]));
    return Array.from({ length: hours }, (_, index) => {
      const startedAt = first + index * hourMs;
      const { requests = 0, rejections = 0, toolCalls = 0 } = byTime.get(startedAt) ?? {};
      return { at: new Date(startedAt).toISOString(), requests, rejections, toolCalls };
    });
  }

  /** @param first the start of the first hour, in milliseconds since 1970 */
  async #list(organizationId: string, first: number, limit: number): Promise<readonly ActivityHour[]> {
    const where = { op: "ge", path: "id", value: lowestId("act", new Date(first)) } as const;
    return (await this.#store.for(organizationId).open(activityHours).list({ where, limit })).items;
  }
}
