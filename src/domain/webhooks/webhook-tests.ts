import type { AuditEvent } from "../../../schemas/audit-event.ts";
import type { WebhookTestResult } from "../../../schemas/webhook.ts";
import { AppError } from "../../errors.ts";
import type { Store } from "../../store/store.ts";
import { insertAuditEvent, toAuditEvent } from "../audit/record.ts";
import type { Caller } from "../caller.ts";
import type { CredentialCipher } from "../credentials/credential-cipher.ts";
import { nextVersion } from "../entity.ts";
import type { Quota } from "../rate-limit/quota.ts";
import { consumeOrReject } from "../rate-limit/rate-limited.ts";
import { openDeliveries, toDeliveryId } from "./delivery-lease.ts";
import { toWebhookMessage } from "./message.ts";
import { sentIdsMax } from "./pending-events.ts";
import { listValidSecrets, readWebhookSecrets } from "./webhook-secrets.ts";
import type { WebhookSender } from "./webhook-sender.ts";
import { type Webhooks, webhookNotFound } from "./webhooks.ts";

export interface WebhookTestOptions {
  readonly store: Store;
  readonly cipher: CredentialCipher;
  readonly sender: Pick<WebhookSender, "send">;
  readonly webhooks: Webhooks;
  /** Counts the tests of each organization; undefined: they are not limited. */
  readonly quota: Quota | undefined;
}

/** Sends test messages of webhooks. */
export class WebhookTests {
  readonly #store: Store;
  readonly #cipher: CredentialCipher;
  readonly #sender: Pick<WebhookSender, "send">;
  readonly #webhooks: Webhooks;
  readonly #quota: Quota | undefined;

  constructor({ store, cipher, sender, webhooks, quota }: WebhookTestOptions) {
    this.#store = store;
    this.#cipher = cipher;
    this.#sender = sender;
    this.#webhooks = webhooks;
    this.#quota = quota;
  }

  /**
   * Records the audit event `webhook.test` and sends it at once and once, also for a disabled webhook, whatever its
   * actions are. The delivery of other events does not depend on the result.
   * @throws AppError not-found; conflict if the secret cannot be decrypted; rate-limited for an organization with too many
   *   tests, which could otherwise send requests to a server of others as fast as this service accepts them
   */
  async send(caller: Caller, idOrSlug: string): Promise<WebhookTestResult> {
    const { organizationId } = caller;
    const webhook = await this.#webhooks.get(organizationId, idOrSlug);
    if (!webhook) throw webhookNotFound();
    const { id, url } = webhook;
    const secrets = await readWebhookSecrets(this.#store.for(organizationId), this.#cipher, id);
    if (!secrets) {
      const detail = "The secret of the webhook cannot be decrypted. Restore CREDENTIAL_KEY, or rotate the secret.";
      throw new AppError("conflict", detail);
    }
    if (this.#quota) consumeOrReject({ quota: this.#quota, key: organizationId });
    const event = toAuditEvent(organizationId, caller, "success", {
      action: "webhook.test",
      target: { type: "webhook", id },
    });
    await this.#record(event, id);
    const startMs = performance.now();
    const result = await this.#sender.send(url, toWebhookMessage(event), listValidSecrets(secrets, new Date()));
    return {
      ...{ delivered: result.isDelivered, id: event.id },
      ...(result.status !== undefined && { status: result.status }),
      ...(!result.isDelivered && { reason: result.reason }),
      durationMs: Math.round(performance.now() - startMs),
    };
  }

  /** @throws AppError rate-limited */
  /** Stores the event, and that this webhook need not send it again. */
  async #record(event: AuditEvent, webhookId: string): Promise<void> {
    const id = toDeliveryId(webhookId);
    await this.#store.transaction(
      async (transaction) => {
        await insertAuditEvent(transaction, event);
        const writer = openDeliveries(transaction);
        const current = await writer.get(id);
        if (!current) throw webhookNotFound();
        // A disabled webhook has no other reason to drop ids. Those that are dropped could be sent again.
        const sentIds = [...current.sentIds, event.id].slice(-2 * sentIdsMax);
        await writer.replace({ ...current, ...nextVersion(current), sentIds }, current.version);
      },
      { lockKey: id },
    );
  }
}
