import {
  activityHours,
  auditEvents,
  authorizationRequests,
  consoleSessions,
  consoleSubmissions,
  idempotencyKeys,
  organizations,
  removedOAuthClients,
  requestLog,
  serviceTenant,
} from "../../store/collections.ts";
import { pages } from "../../store/paging/pages.ts";
import type { SizeLimit } from "../../store/query.ts";
import type { Entity } from "../../store/record.ts";
import type { CollectionDefinition, Store } from "../../store/store.ts";
import { type IdPrefix, lowestId } from "../entity.ts";
import type { Flushable } from "../periodic-flush.ts";

interface RetentionRule {
  readonly collection: CollectionDefinition<Entity>;
  readonly prefix: IdPrefix;
  readonly days: number;
}

const requestLogDays = 30;
const activityDays = 14;
const sweepIntervalMs = 3_600_000;
const organizationsPageSize = 100;
/** Entries removed per transaction. A transaction blocks the event loop of the embedded store. */
const batchMax = 100;
const sizeLimit: SizeLimit = { lengthMax: 1024 * 1024, firstBatch: 10 };

/** A sweep through all organizations, which may take several flushes. */
interface Sweep {
  /** The time from which the age of entries is measured, in milliseconds since 1970. */
  readonly startedAt: number;
  /** The organizations up to this id are done. */
  doneUpTo?: string;
}

/** Removes log entries and short-lived records older than their retention period, hourly and for every organization. */
export class Retention implements Flushable {
  readonly #store: Store;
  readonly #rules: readonly RetentionRule[];
  #sweptAt = 0;
  #sweep: Sweep | undefined;

  /** @param auditDays retention period of audit events in days; undefined keeps them indefinitely */
  constructor(store: Store, auditDays?: number) {
    this.#store = store;
    this.#rules = [
      { collection: requestLog, prefix: "req", days: requestLogDays },
      { collection: activityHours, prefix: "act", days: activityDays },
      { collection: authorizationRequests, prefix: "oau", days: 1 },
      { collection: removedOAuthClients, prefix: "roc", days: 1 },
      { collection: consoleSessions, prefix: "ses", days: 1 },
      { collection: consoleSubmissions, prefix: "sub", days: 1 },
      { collection: idempotencyKeys, prefix: "idk", days: 1 },
      ...(auditDays === undefined ? [] : [{ collection: auditEvents, prefix: "aud", days: auditDays } as const]),
    ];
  }

  /**
   * Continues the sweep, or starts one if the last complete one is at least an hour ago.
   * @param isOver whether to stop after the current batch; the next flush continues there
   * @throws AppError unavailable
   */
  async flush(isOver: () => boolean = () => false): Promise<void> {
    const now = Date.now();
    if (!this.#sweep && now - this.#sweptAt < sweepIntervalMs) return;
    this.#sweep ??= { startedAt: now };
    if (!(await this.#continue(this.#sweep, isOver))) return;
    this.#sweptAt = this.#sweep.startedAt;
    this.#sweep = undefined;
  }

  /** @returns whether the sweep is complete, as the private methods below */
  async #continue(sweep: Sweep, isOver: () => boolean): Promise<boolean> {
    const { startedAt, doneUpTo } = sweep;
    const reader = this.#store.for(serviceTenant).open(organizations);
    const after = doneUpTo === undefined ? {} : { after: { id: doneUpTo } };
    for await (const page of pages(reader, { limit: organizationsPageSize, ...after })) {
      for (const { id } of page) {
        if (!(await this.#removeExpired(id, startedAt, isOver))) return false;
        sweep.doneUpTo = id;
        if (isOver()) return false;
      }
    }
    return this.#removeExpired(serviceTenant, startedAt, isOver);
  }

  async #removeExpired(organizationId: string, now: number, isOver: () => boolean): Promise<boolean> {
    for (const { collection, prefix, days } of this.#rules) {
      const beforeId = lowestId(prefix, new Date(now - days * 86_400_000));
      if (!(await this.#removeOlder(organizationId, collection, beforeId, isOver))) return false;
    }
    return true;
  }

  /** Ids sort by creation time, so the old entries are a range at the start of the id index. */
  async #removeOlder(
    organizationId: string,
    collection: RetentionRule["collection"],
    beforeId: string,
    isOver: () => boolean,
  ): Promise<boolean> {
    const reader = this.#store.for(organizationId).open(collection);
    const where = { op: "lt", path: "id", value: beforeId } as const;
    for await (const page of pages(reader, { where, limit: batchMax, sizeLimit })) {
      await this.#store.transaction(async (transaction) => {
        const writer = transaction.for(organizationId).open(collection);
        for (const { id } of page) await writer.remove(id, "any");
      });
      if (isOver()) return false;
    }
    return true;
  }
}
