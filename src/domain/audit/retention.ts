import type { CollectionDefinition, Entity, Store } from "../../store/collection.ts";
import { auditEvents, organizations, requestLog, serviceTenant } from "../../store/collections.ts";
import type { Gathering } from "../background.ts";
import { type IdPrefix, lowestId } from "../entity.ts";

interface Kept {
  readonly collection: CollectionDefinition<Entity>;
  readonly prefix: IdPrefix;
  readonly days: number;
}

const requestLogDays = 30;
const sweepEveryMs = 3_600_000;
/** Removed in one transaction, which holds the event loop of the embedded store. */
const batchMax = 100;

/** Removes what is older than it is to be kept, of every organisation, now and then. */
export class Retention implements Gathering {
  readonly #store: Store;
  readonly #kept: readonly Kept[];
  #sweptAt = 0;

  /** @param auditDays how long audit events are kept; undefined: for ever */
  constructor(store: Store, auditDays?: number) {
    this.#store = store;
    this.#kept = [
      { collection: requestLog, prefix: "req", days: requestLogDays },
      ...(auditDays === undefined ? [] : [{ collection: auditEvents, prefix: "aud", days: auditDays } as const]),
    ];
  }

  async flush(): Promise<void> {
    const now = Date.now();
    if (now - this.#sweptAt < sweepEveryMs) return;
    const register = this.#store.for(serviceTenant).open(organizations);
    let last: string | undefined;
    do {
      const page = await register.list({ limit: 100, ...(last !== undefined && { after: { id: last } }) });
      for (const { id } of page.items) await this.#sweep(id, now);
      last = page.items.length === 100 ? page.items.at(-1)?.id : undefined;
    } while (last !== undefined);
    await this.#sweep(serviceTenant, now);
    this.#sweptAt = now;
  }

  async #sweep(organizationId: string, now: number): Promise<void> {
    for (const { collection, prefix, days } of this.#kept) {
      await this.#removeOlder(organizationId, collection, lowestId(prefix, new Date(now - days * 86_400_000)));
    }
  }

  /** Ids sort by creation, so the old entries are a walk along the ids. */
  async #removeOlder(organizationId: string, collection: Kept["collection"], before: string): Promise<void> {
    for (;;) {
      const { items } = await this.#store
        .for(organizationId)
        .open(collection)
        .list({ where: { op: "lt", path: "id", value: before }, limit: batchMax });
      if (items.length === 0) return;
      await this.#store.transaction(async (change) => {
        for (const { id } of items) await change.for(organizationId).open(collection).remove(id, "any");
      });
      if (items.length < batchMax) return;
    }
  }
}
