import { randomInt } from "node:crypto";
import type { AuditEvent } from "../../../schemas/audit-event.ts";
import type { Webhook } from "../../../schemas/webhook.ts";
import { serviceTenant, type WebhookDelivery, webhookDeliveries, webhooks } from "../../store/collections.ts";
import type { Store, Transaction } from "../../store/store.ts";
import { recordAuditEvent, serviceActor } from "../audit/record.ts";
import type { CredentialCipher } from "../credentials/credential-cipher.ts";
import { newUlid, nextVersion } from "../entity.ts";
import { claimDelivery, type DeliveryState, neverAgain, writeProgress } from "./delivery-lease.ts";
import { toWebhookMessage } from "./message.ts";
import { advance, type DeliveryProgress, type PendingPage, readPending } from "./pending-events.ts";
import { listValidSecrets, readWebhookSecrets } from "./webhook-secrets.ts";
import { goneStatus, type SendResult, type WebhookSender } from "./webhook-sender.ts";

export interface DeliveryRunOptions {
  readonly store: Store;
  readonly cipher: CredentialCipher;
  readonly sender: Pick<WebhookSender, "send">;
  /** Returns the time in milliseconds since 1970. */
  readonly now: () => number;
  /** The delay before the second attempt, in milliseconds. Later ones are doubled up to an hour. */
  readonly firstRetryMs: number;
  /** Ends a request in progress, and the run, at shutdown. */
  readonly aborted: AbortSignal;
  /** Whether the run must stop after the current event. */
  readonly isStopping: () => boolean;
}

/** When the webhook should be looked at again, in milliseconds since 1970; `later`: when there is something new. */
export type NextRun = number | "later";

/** The time of one run, after which other webhooks of the organization get their turn, in milliseconds. */
const runMsMax = 5000;
/** The progress is written at least this often while a receiver accepts events, in milliseconds. */
const writeIntervalMs = 1000;
/** When a webhook is looked at again that another process sends for, in milliseconds. */
const busyRetryMs = 1000;
/** The most pages that are read in search of an event to send, before the cursor is written. */
const pagesMax = 50;
const retryMsMax = 3_600_000;
/** A receiver that has failed for five days is disabled. */
const failingMsMax = 5 * 86_400_000;

/**
 * Sends the pending events of one webhook, in their order, and writes the progress. A failure ends the run: the event is
 * sent again later, before the ones that follow it. The webhook and its secrets are read before each event, so that a
 * change applies to the next one.
 */
export class DeliveryRun {
  readonly #options: DeliveryRunOptions;
  readonly #holder = newUlid();
  readonly #id: string;
  readonly #organizationId: string;
  readonly #webhookId: string;
  #progress: DeliveryProgress = { cursor: "", sentIds: [] };
  #hasUnwrittenSuccess = false;
  #writtenAt = 0;

  constructor(
    options: DeliveryRunOptions,
    { id, targetOrganizationId, webhookId }: Pick<WebhookDelivery, "id" | "targetOrganizationId" | "webhookId">,
  ) {
    this.#options = options;
    this.#id = id;
    this.#organizationId = targetOrganizationId;
    this.#webhookId = webhookId;
  }

  /** @throws AppError unavailable; query-too-expensive; and the reason of an abort */
  async run(): Promise<NextRun> {
    const { store, now } = this.#options;
    const delivery = await store.for(serviceTenant).open(webhookDeliveries).get(this.#id);
    if (!delivery) return "later";
    // Nothing is written for a webhook without pending events.
    this.#progress = delivery;
    if (!(await this.#hasWork())) return "later";
    const claimed = await claimDelivery(store, this.#id, this.#holder, now());
    // The process that sends may not see the newest events any more.
    if (claimed === "busy") return now() + busyRetryMs;
    if (!claimed) return "later";
    this.#progress = claimed;
    this.#writtenAt = now();
    try {
      return await this.#sendPending(claimed);
    } catch (error) {
      // What was sent is written even if the next event could not be read or was aborted.
      await this.#write("release").catch(() => false);
      throw error;
    }
  }

  async #hasWork(): Promise<boolean> {
    let readCount = 0;
    for (let pages = 0; pages < pagesMax; pages++) {
      const webhook = await this.#readWebhook();
      if (!webhook?.enabled) return false;
      const page = await this.#readPage(webhook);
      if (page.events.length > 0) return true;
      readCount += page.readCount;
      this.#progress = page.progressAtEnd(this.#progress);
      if (!page.hasMore) break;
    }
    // The cursor of a webhook that selects few events must move, too.
    return readCount > 0;
  }

  async #sendPending(claimed: WebhookDelivery): Promise<NextRun> {
    const { now, isStopping } = this.#options;
    const stopAt = now() + runMsMax;
    let attempts = claimed.failedAttempts;
    for (;;) {
      const webhook = await this.#readWebhook();
      const page = webhook?.enabled ? await this.#readPage(webhook) : undefined;
      for (const event of page?.events ?? []) {
        const target = await this.#readWebhook();
        if (!target?.enabled || isStopping()) return this.#finish("later");
        const result = await this.#send(target, event);
        if (!result.isDelivered) return this.#fail(result, attempts + 1);
        attempts = 0;
        this.#progress = page?.progressAfter(event, this.#progress) ?? this.#progress;
        this.#hasUnwrittenSuccess = true;
        if (now() - this.#writtenAt >= writeIntervalMs && !(await this.#write("keep"))) return "later";
        if (now() >= stopAt) return this.#finish(now());
      }
      if (page) this.#progress = page.progressAtEnd(this.#progress);
      if (!page?.hasMore) return this.#finish("later");
      if (now() >= stopAt || isStopping()) return this.#finish(now());
    }
  }

  #readWebhook(): Promise<Webhook | undefined> {
    return this.#options.store.for(this.#organizationId).open(webhooks).get(this.#webhookId);
  }

  #readPage({ actions }: Webhook, limit?: number): Promise<PendingPage> {
    const { store, now } = this.#options;
    return readPending(store, this.#organizationId, this.#progress, actions, now(), limit);
  }

  async #send({ url }: Webhook, event: AuditEvent): Promise<SendResult> {
    const { store, cipher, sender, aborted, now } = this.#options;
    const secrets = await readWebhookSecrets(store.for(this.#organizationId), cipher, this.#webhookId);
    if (!secrets) return unreadableSecrets;
    return sender.send(url, toWebhookMessage(event), listValidSecrets(secrets, new Date(now())), aborted);
  }

  async #finish(next: NextRun): Promise<NextRun> {
    await this.#write("release");
    return next;
  }

  /** @returns whether the lease is still valid */
  async #write(lease: "keep" | "release"): Promise<boolean> {
    const { store, now } = this.#options;
    this.#writtenAt = now();
    const change = (current: DeliveryState): DeliveryState => this.#withProgress(current);
    const isHolder = await writeProgress(store, this.#id, this.#holder, change, lease, now());
    this.#hasUnwrittenSuccess = false;
    return isHolder;
  }

  #withProgress(current: DeliveryState): DeliveryState {
    const { cursor, sentIds } = this.#progress;
    // A test message may have added its id meanwhile.
    const added = current.sentIds.filter((id) => !sentIds.includes(id));
    const progress = advance({ cursor: current.cursor, sentIds: [...sentIds, ...added] }, cursor);
    if (!this.#hasUnwrittenSuccess) return { ...current, ...progress };
    const { failingSince: _, ...rest } = current;
    return { ...rest, ...progress, lastSuccessAt: this.#toTime(), failedAttempts: 0 };
  }

  /** Records a failure, and disables the webhook if it is the last one. */
  async #fail({ reason, status, retryAfterMs = 0 }: FailedSend, attempts: number): Promise<NextRun> {
    const { store, now, firstRetryMs } = this.#options;
    const at = now();
    const delay = Math.min(firstRetryMs * 2 ** (attempts - 1), retryMsMax);
    // Jitter: webhooks that failed together are not tried together.
    const jitter = 0.75 + randomInt(500) / 1000;
    const nextAt = at + Math.max(delay * jitter, Math.min(retryAfterMs, retryMsMax));
    let isDisabled = false;
    const change = async (current: DeliveryState, transaction: Transaction): Promise<DeliveryState> => {
      const state = this.#withProgress(current);
      const { failingSince = this.#toTime() } = state;
      const isFailing = at - Date.parse(failingSince) >= failingMsMax;
      isDisabled = status === goneStatus || isFailing;
      if (isDisabled) {
        const cause = status === goneStatus ? "gone" : "failing";
        await disableWebhook(transaction, this.#organizationId, this.#webhookId, { reason: cause, failingSince });
      }
      return {
        ...state,
        ...{ failedAttempts: attempts, failingSince },
        lastFailure: { at: this.#toTime(), reason, ...(status !== undefined && { status }) },
        notBefore: isDisabled ? neverAgain : new Date(nextAt).toISOString(),
      };
    };
    const isHolder = await writeProgress(store, this.#id, this.#holder, change, "release", at);
    this.#hasUnwrittenSuccess = false;
    return isHolder && !isDisabled ? nextAt : "later";
  }

  #toTime(): string {
    return new Date(this.#options.now()).toISOString();
  }
}

type FailedSend = Extract<SendResult, { isDelivered: false }>;

const unreadableSecrets = {
  isDelivered: false,
  reason: "The secret cannot be decrypted. Restore CREDENTIAL_KEY, or rotate the secret.",
} as const;

/** Disables a webhook, with an audit event. */
async function disableWebhook(
  transaction: Transaction,
  organizationId: string,
  id: string,
  details: { readonly reason: "gone" | "failing"; readonly failingSince: string },
): Promise<void> {
  const writer = transaction.for(organizationId).open(webhooks);
  const current = await writer.get(id);
  if (!current?.enabled) return;
  const disabled = { ...current, ...nextVersion(current), enabled: false, disabledReason: details.reason };
  await writer.replace(disabled, current.version);
  await recordAuditEvent(transaction, organizationId, serviceActor, {
    ...{ action: "webhook.disable", target: { type: "webhook", id }, details },
  });
}
