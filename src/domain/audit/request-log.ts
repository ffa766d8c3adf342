import type { RequestLogEntry } from "../../../schemas/audit-event.ts";
import { hasErrorCode } from "../../errors.ts";
import { requestLog, serviceTenant } from "../../store/collections.ts";
import type { Entity } from "../../store/record.ts";
import type { Store, Writer } from "../../store/store.ts";
import { type Buffered, BufferedWriter, type BufferState } from "../buffered-writer.ts";
import { newEntity } from "../entity.ts";
import { Quota } from "../rate-limit/quota.ts";
import { findSoleOrganization } from "../sole-organization.ts";

/** One request to log. Without `organizationId`, the credential belonged to no organization. */
export type RequestLogInput = Omit<RequestLogEntry, keyof Entity> & { readonly organizationId?: string };

/** The maximum number of entries in memory while the store is unavailable. When it is reached, the oldest are dropped. */
const maxEntries = 10_000;
/** The maximum number of entries per transaction, which blocks the event loop of the embedded store. */
const batchSize = 200;
/**
 * The maximum number of requests with rejected credentials that are logged between two flushes and in an hour, so that
 * callers without access cannot fill the log. They apply to the tokens of one organization, and to all credentials that
 * belong to no organization.
 */
const rejectedMax = 100;
const rejectedHourlyMax = { requests: 1000, seconds: 3600 };

/** The log of provisioning requests and of rejected requests. Buffered: no request waits for a write. */
export class RequestLog implements Buffered {
  readonly #store: Store;
  /** Requests with rejected credentials since the last flush, by organization. */
  readonly #rejectedCounts = new Map<string, number>();
  readonly #rejectedHourly: Quota;
  /** By entry id: entries are never merged. */
  readonly #buffer = new BufferedWriter<string, RequestLogEntry>({
    batchSize,
    maxEntries,
    merge: (_, later) => later,
    write: async (batch) => this.#writeBatch(await this.#assignOrganization(batch.map(([, entry]) => entry))),
  });

  /** @param now returns the time in milliseconds since 1970 */
  constructor(store: Store, now: () => number = Date.now) {
    this.#store = store;
    this.#rejectedHourly = new Quota("logged-rejections", rejectedHourlyMax, now);
  }

  /** Buffers an entry. It is written by the next `flush`. */
  record(request: RequestLogInput): void {
    const { organizationId = serviceTenant } = request;
    const isRejectedCredential = request.cause !== undefined || organizationId === serviceTenant;
    if (isRejectedCredential && !this.#admit(organizationId)) return;
    // Assigned to a new object, because spreading two objects into a third takes four times as long.
    const entry = Object.assign(newEntity("req", organizationId), request);
    this.#buffer.record(entry.id, entry);
  }

  /** Counts a request with a rejected credential. @returns whether it is within the limits */
  #admit(organizationId: string): boolean {
    const count = (this.#rejectedCounts.get(organizationId) ?? 0) + 1;
    if (count > rejectedMax || this.#rejectedHourly.remaining(organizationId).requests === 0) return false;
    this.#rejectedCounts.set(organizationId, count);
    this.#rejectedHourly.consume(organizationId);
    return true;
  }

  get bufferState(): BufferState {
    return this.#buffer;
  }

  /** Writes the buffered entries. Entries that could not be written stay buffered. @throws AppError unavailable */
  async flush(): Promise<void> {
    this.#rejectedCounts.clear();
    // Until the buffer is empty: under load more entries arrive between two flushes than memory may hold.
    while (this.#buffer.size > 0) await this.#buffer.flush();
  }

  /** Assigns entries without an organization to the only one of the installation, if there is only one. */
  async #assignOrganization(batch: readonly RequestLogEntry[]): Promise<readonly RequestLogEntry[]> {
    if (!batch.some(({ organizationId }) => organizationId === serviceTenant)) return batch;
    const soleOrganizationId = await findSoleOrganization(this.#store);
    if (soleOrganizationId === undefined) return batch;
    return batch.map((entry) =>
      entry.organizationId === serviceTenant ? { ...entry, organizationId: soleOrganizationId } : entry,
    );
  }

  /** @throws AppError unavailable */
  async #writeBatch(batch: readonly RequestLogEntry[]): Promise<void> {
    await this.#write(batch).catch(async (error: unknown) => {
      if (hasErrorCode(error, "unavailable")) throw error;
      // An entry that the store rejects must not block the entries of all organizations indefinitely.
      for (const entry of batch) await this.#write([entry]).catch(rethrowUnavailable);
    });
  }

  async #write(entries: readonly RequestLogEntry[]): Promise<void> {
    await this.#store.transaction(async (transaction) => {
      const writers = new Map<string, Writer<RequestLogEntry>>();
      for (const entry of entries) {
        const { organizationId } = entry;
        const writer = writers.get(organizationId) ?? transaction.for(organizationId).open(requestLog);
        writers.set(organizationId, writer);
        await writer.insert(entry);
      }
    });
  }
}

function rethrowUnavailable(error: unknown): void {
  if (hasErrorCode(error, "unavailable")) throw error;
}
