import type { RequestLogEntry } from "../../../schemas/audit-event.ts";
import { isFault } from "../../errors.ts";
import type { Entity, Store, Writer } from "../../store/collection.ts";
import { requestLog, serviceTenant } from "../../store/collections.ts";
import type { Gathering } from "../background.ts";
import { newEntity } from "../entity.ts";

/** Without an organisation: the credential belonged to nobody. */
export type LoggedRequest = Omit<RequestLogEntry, keyof Entity> & { readonly organizationId?: string };

/** Entries that wait in memory while the store does not answer; the oldest go first. */
const waitingMax = 10_000;
/** Written in one transaction, which holds the event loop of the embedded store. */
const batchMax = 200;
/** Requests without a usable credential that are noted between two flushes: nobody can fill the log from outside. */
const strangersMax = 100;

/** The log of provisioning requests and of refusals, written in batches off the requests' way. */
export class RequestLog implements Gathering {
  readonly #store: Store;
  #waiting: RequestLogEntry[] = [];
  #strangers = 0;

  constructor(store: Store) {
    this.#store = store;
  }

  note(request: LoggedRequest): void {
    const { organizationId = serviceTenant } = request;
    if (organizationId === serviceTenant && ++this.#strangers > strangersMax) return;
    if (this.#waiting.length >= waitingMax) this.#waiting.shift();
    // Onto a new object: spreading two objects into a third costs four times as much.
    this.#waiting.push(Object.assign(newEntity("req", organizationId), request));
  }

  async flush(): Promise<void> {
    this.#strangers = 0;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, batchMax);
      try {
        await this.#writeBatch(batch);
      } catch (error) {
        this.#waiting = [...batch, ...this.#waiting].slice(-waitingMax);
        throw error;
      }
    }
  }

  /** @throws AppError unavailable */
  async #writeBatch(batch: readonly RequestLogEntry[]): Promise<void> {
    await this.#write(batch).catch(async (error: unknown) => {
      if (isFault(error, "unavailable")) throw error;
      // One that the store does not take must not keep the others of all organisations waiting for ever.
      for (const entry of batch) await this.#write([entry]).catch(rethrowUnavailable);
    });
  }

  async #write(entries: readonly RequestLogEntry[]): Promise<void> {
    await this.#store.transaction(async (change) => {
      const opened = new Map<string, Writer<RequestLogEntry>>();
      for (const entry of entries) {
        const { organizationId } = entry;
        const log = opened.get(organizationId) ?? change.for(organizationId).open(requestLog);
        opened.set(organizationId, log);
        await log.insert(entry);
      }
    });
  }
}

function rethrowUnavailable(error: unknown): void {
  if (isFault(error, "unavailable")) throw error;
}
