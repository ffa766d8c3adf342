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

/** Reads what the clients of an organization did by hour. */
export class ActivityReader {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Returns the last hours, the oldest first, each once and also those without requests. The last one is the current hour.
   * @param hours the number of hours
   * @param now in milliseconds since 1970
   */
  async lastHours(organizationId: string, hours: number, now = Date.now()): Promise<readonly HourOfActivity[]> {
    const first = (Math.floor(now / hourMs) - hours + 1) * hourMs;
    const { items } = await this.#store
      .for(organizationId)
      .open(activityHours)
      .list({ where: { op: "ge", path: "id", value: lowestId("act", new Date(first)) }, limit: hours });
    const byTime = new Map(items.map((each) => [Date.parse(each.createdAt), each]));
    return Array.from({ length: hours }, (_, index) => {
      const startedAt = first + index * hourMs;
      const { requests = 0, rejections = 0, toolCalls = 0 } = byTime.get(startedAt) ?? {};
      return { at: new Date(startedAt).toISOString(), requests, rejections, toolCalls };
    });
  }
}
