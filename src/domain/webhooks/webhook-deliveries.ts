import type { AuditEvent } from "../../../schemas/audit-event.ts";
import { hasErrorCode } from "../../errors.ts";
import type { Log } from "../../log.ts";
import { serviceTenant, type WebhookDelivery, webhookDeliveries } from "../../store/collections.ts";
import { chunks, pages } from "../../store/paging/pages.ts";
import type { Condition } from "../../store/query.ts";
import type { Store } from "../../store/store.ts";
import type { CredentialCipher } from "../credentials/credential-cipher.ts";
import { DeliveryRun, type DeliveryRunOptions, type NextRun } from "./delivery-run.ts";
import type { WebhookSender } from "./webhook-sender.ts";

export interface WebhookDeliveriesOptions {
  readonly store: Store;
  readonly cipher: CredentialCipher;
  readonly sender: Pick<WebhookSender, "send">;
  readonly log: Log;
  readonly now?: () => number;
  readonly firstRetryMs?: number;
  /** How often every webhook is looked at, in milliseconds: for the changes of other replicas and of the CLI. */
  readonly pollMs?: number;
}

/** The time from the commit of an event to the start of its delivery, in milliseconds. Further events join it. */
const collectMs = 100;
/** Webhooks that send at the same time: in all, and of one organization, so that slow receivers of one delay no other. */
const runsMax = 32;
const runsPerOrganizationMax = 4;
/** How long a shutdown waits for requests in progress, in milliseconds. */
const closeMsMax = 5000;
const pageSize = 100;
/** The most organizations per query. */
const organizationsMax = 200;

/**
 * Sends audit events to the webhooks of all organizations. The events are read from the stored log, from a cursor per
 * webhook: each is sent at least once, in order, and after a restart. Events of this process are sent at once; those of
 * other processes, and retries, within `pollMs`. A lease lets one process at a time send the events of a webhook.
 */
export class WebhookDeliveries {
  readonly #store: Store;
  readonly #log: Log;
  readonly #options: DeliveryRunOptions;
  readonly #pollMs: number;
  readonly #abort = new AbortController();
  /** Organizations with new events. */
  #changed = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> | undefined;
  #polledAt = 0;
  /** When a webhook is tried again, by the id of its delivery. */
  readonly #retryAt = new Map<string, number>();
  readonly #waiting = new Map<string, WebhookDelivery>();
  readonly #running = new Map<string, { readonly organizationId: string; readonly ended: Promise<void> }>();
  #isClosing = false;

  constructor({ log, pollMs = 15_000, firstRetryMs = 5000, now = Date.now, ...services }: WebhookDeliveriesOptions) {
    this.#store = services.store;
    this.#log = log;
    this.#pollMs = pollMs;
    const aborted = this.#abort.signal;
    this.#options = { ...services, now, firstRetryMs, aborted, isStopping: () => this.#isClosing };
  }

  /** Starts the delivery of events that were just committed. */
  notify(events: readonly Pick<AuditEvent, "organizationId">[]): void {
    for (const { organizationId } of events) this.#changed.add(organizationId);
    if (this.#isClosing) return;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      // The next run of the background job repeats it, and logs an outage.
      this.flush().catch(() => undefined);
    }, collectMs).unref();
  }

  /** Starts the deliveries that are due. @throws AppError unavailable */
  flush(): Promise<void> {
    this.#flushing ??= this.#startDue().finally(() => {
      this.#flushing = undefined;
    });
    return this.#flushing;
  }

  /** Starts the deliveries that are due, and waits until all that are running have ended. */
  async drain(): Promise<void> {
    this.#polledAt = 0;
    await this.flush();
    while (this.#running.size > 0) await Promise.all([...this.#running.values()].map(({ ended }) => ended));
  }

  /** Ends the deliveries after their current request, and aborts requests that take long. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#timer);
    this.#waiting.clear();
    const ended = Promise.all([...this.#running.values()].map((run) => run.ended));
    const timer = setTimeout(() => this.#abort.abort(), closeMsMax);
    await ended;
    clearTimeout(timer);
  }

  async #startDue(): Promise<void> {
    if (this.#isClosing) return;
    const now = this.#options.now();
    const changed = this.#changed;
    this.#changed = new Set();
    try {
      const due: Condition = { op: "le", path: "notBefore", value: new Date(now).toISOString() };
      if (now - this.#polledAt >= this.#pollMs) {
        await this.#enqueue(due);
        this.#polledAt = now;
      } else {
        const ids = [...this.#retryAt].flatMap(([id, at]) => (at <= now ? [id] : []));
        for (const organizationIds of chunks([...changed], organizationsMax)) {
          await this.#enqueue({
            op: "and",
            all: [{ op: "in", path: "targetOrganizationId", values: organizationIds }, due],
          });
        }
        for (const some of chunks(ids, organizationsMax)) await this.#enqueue({ op: "in", path: "id", values: some });
      }
    } catch (error) {
      for (const organizationId of changed) this.#changed.add(organizationId);
      throw error;
    }
    this.#startWaiting();
  }

  async #enqueue(where: Condition): Promise<void> {
    const reader = this.#store.for(serviceTenant).open(webhookDeliveries);
    for await (const page of pages(reader, { where, limit: pageSize })) {
      for (const delivery of page) this.#waiting.set(delivery.id, delivery);
    }
  }

  #startWaiting(): void {
    for (const [id, delivery] of this.#waiting) {
      if (this.#running.size >= runsMax) return;
      const { targetOrganizationId: organizationId } = delivery;
      const runs = [...this.#running.values()].filter((each) => each.organizationId === organizationId);
      // A running one stays here: there may be events that it does not see any more.
      if (this.#running.has(id) || runs.length >= runsPerOrganizationMax) continue;
      this.#waiting.delete(id);
      this.#retryAt.delete(id);
      const ended = this.#run(delivery).finally(() => {
        this.#running.delete(id);
        this.#startWaiting();
      });
      this.#running.set(id, { organizationId, ended });
    }
  }

  /** Runs one delivery. Never throws. */
  async #run(delivery: WebhookDelivery): Promise<void> {
    let next: NextRun = "later";
    try {
      next = await new DeliveryRun(this.#options, delivery).run();
    } catch (cause) {
      if (this.#abort.signal.aborted) return;
      // The poll repeats it. Of an outage, the background job writes one line.
      const { id: deliveryId, targetOrganizationId: organizationId } = delivery;
      if (!hasErrorCode(cause, "unavailable"))
        this.#log.warn("a webhook could not be delivered", { organizationId, deliveryId, cause });
    }
    if (next === "later" || this.#isClosing) return;
    if (next <= this.#options.now()) this.#waiting.set(delivery.id, delivery);
    else this.#retryAt.set(delivery.id, next);
  }
}
