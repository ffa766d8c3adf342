import { activityHours } from "../../store/collections.ts";
import type { Store, Transaction } from "../../store/store.ts";
import { hourMs } from "../audit/provisioning-monitor.ts";
import { type Buffered, BufferedWriter, type BufferState } from "../buffered-writer.ts";
import { retryOnConflict } from "../conflict.ts";
import { lowestId, newEntity } from "../entity.ts";

/** What is counted of one organization in one hour. */
interface ActivityCounts {
  requests: number;
  rejections: number;
  toolCalls: number;
}

interface HourOfOrganization {
  readonly organizationId: string;
  /** In milliseconds since 1970. */
  readonly startedAt: number;
  readonly counts: ActivityCounts;
  /** Time and address of the last use of AUTH_SECRET. */
  readonly authSecretUse?: string | undefined;
}

/** The hours that one transaction updates. */
const batchSize = 50;
/**
 * Counts requests and calls of tools by organization and hour, for the overview of the console. A request only adds to a
 * number in memory. Replicas add to the same record.
 */
export class ActivityCounter implements Buffered {
  readonly #store: Store;
  readonly #now: () => number;
  /** The counts of the current hour since the last flush, by organization. */
  #counts = new Map<string, ActivityCounts>();
  readonly #authSecretUses = new Map<string, string>();
  #hour = 0;
  readonly #buffer = new BufferedWriter<string, HourOfOrganization>({
    batchSize,
    merge: (earlier, later) => ({
      ...later,
      counts: addCounts(earlier.counts, later.counts),
      authSecretUse: later.authSecretUse ?? earlier.authSecretUse,
    }),
    write: (batch) =>
      // The first replica of an hour inserts the record, and the second insert conflicts.
      retryOnConflict(() =>
        this.#store.transaction(async (transaction) => {
          for (const [, hour] of batch) await addToRecord(transaction, hour);
        }),
      ),
  });

  /** @param now returns the time in milliseconds since 1970 */
  constructor(store: Store, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
  }

  recordRequest(organizationId: string, isRejected: boolean): void {
    const counts = this.#current(organizationId);
    counts.requests++;
    if (isRejected) counts.rejections++;
  }

  recordToolCall(organizationId: string): void {
    this.#current(organizationId).toolCalls++;
  }

  /** Records that a request with AUTH_SECRET was accepted. @param ip the client's address */
  recordAuthSecretUse(organizationId: string, ip: string): void {
    this.#current(organizationId);
    this.#authSecretUses.set(organizationId, `${new Date(this.#now()).toISOString()} ${ip}`);
  }

  /** Its size is the number of records that the next flush writes at most. */
  get bufferState(): BufferState {
    return { size: this.#counts.size + this.#buffer.size, droppedCount: this.#buffer.droppedCount };
  }

  /** @throws AppError unavailable; the counts stay buffered */
  flush(): Promise<void> {
    this.#moveToBuffer();
    return this.#buffer.flush();
  }

  #current(organizationId: string): ActivityCounts {
    const hour = Math.floor(this.#now() / hourMs);
    if (hour !== this.#hour) {
      this.#moveToBuffer();
      this.#hour = hour;
    }
    let counts = this.#counts.get(organizationId);
    if (!counts) {
      counts = { requests: 0, rejections: 0, toolCalls: 0 };
      this.#counts.set(organizationId, counts);
    }
    return counts;
  }

  #moveToBuffer(): void {
    const startedAt = this.#hour * hourMs;
    for (const [organizationId, counts] of this.#counts) {
      const authSecretUse = this.#authSecretUses.get(organizationId);
      this.#buffer.record(`${organizationId} ${this.#hour}`, { organizationId, startedAt, counts, authSecretUse });
    }
    this.#counts = new Map();
    this.#authSecretUses.clear();
  }
}

const addCounts = (one: ActivityCounts, other: ActivityCounts): ActivityCounts => ({
  requests: one.requests + other.requests,
  rejections: one.rejections + other.rejections,
  toolCalls: one.toolCalls + other.toolCalls,
});

async function addToRecord(
  transaction: Transaction,
  { organizationId, startedAt, counts, authSecretUse }: HourOfOrganization,
): Promise<void> {
  const collection = transaction.for(organizationId).open(activityHours);
  const id = toActivityId(organizationId, startedAt);
  const lastUse = authSecretUse === undefined ? {} : { authSecretUse };
  if (await collection.increment(id, { ...counts }, lastUse)) return;
  await collection.insert({ ...newEntity("act", organizationId, new Date(startedAt)), id, ...counts, ...lastUse });
}

/** The id contains the hour, so that ids sort by time, and the end of the organization's id. */
const toActivityId = (organizationId: string, startedAt: number): string =>
  `${lowestId("act", new Date(startedAt))}${organizationId.slice(-16)}`;
