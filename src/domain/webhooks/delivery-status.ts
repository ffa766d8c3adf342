import type { Webhook, WebhookDeliveryStatus } from "../../../schemas/webhook.ts";
import { hasErrorCode } from "../../errors.ts";
import { serviceTenant, type WebhookDelivery, webhookDeliveries } from "../../store/collections.ts";
import type { Store } from "../../store/store.ts";
import { toDeliveryId } from "./delivery-lease.ts";
import { type DeliveryProgress, readPending } from "./pending-events.ts";

/**
 * Reads what is known of the deliveries of webhooks.
 * @returns the statuses by the id of the webhook
 */
export async function readDeliveryStatuses(
  store: Store,
  webhooks: readonly Webhook[],
): Promise<ReadonlyMap<string, WebhookDeliveryStatus>> {
  const statuses = await Promise.all(
    webhooks.map(async (webhook) => {
      const delivery = await store.for(serviceTenant).open(webhookDeliveries).get(toDeliveryId(webhook.id));
      const pendingSince = delivery ? await findPendingSince(store, webhook, delivery) : null;
      return [webhook.id, { ...toStatus(webhook, delivery), pendingSince }] as const;
    }),
  );
  return new Map(statuses);
}

function toStatus(
  { enabled }: Webhook,
  delivery: WebhookDelivery | undefined,
): Omit<WebhookDeliveryStatus, "pendingSince"> {
  const { lastSuccessAt = null, lastFailure = null, failingSince = null, failedAttempts = 0 } = delivery ?? {};
  const nextAttemptAt = enabled && failedAttempts > 0 ? (delivery?.notBefore ?? null) : null;
  return { lastSuccessAt, lastFailure, failingSince, nextAttemptAt };
}

/** The most pages that are read in search of a pending event. */
const pagesMax = 5;

/** @returns the time of the oldest pending event; null if there is none, or none was found with little work */
async function findPendingSince(
  store: Store,
  { organizationId, actions }: Webhook,
  delivery: DeliveryProgress,
): Promise<string | null> {
  let progress = delivery;
  try {
    for (let pages = 0; pages < pagesMax; pages++) {
      const page = await readPending(store, organizationId, progress, actions, Date.now());
      const [first] = page.events;
      if (first) return first.createdAt;
      if (!page.hasMore) return null;
      progress = page.progressAtEnd(progress);
    }
  } catch (error) {
    if (!hasErrorCode(error, "query-too-expensive")) throw error;
  }
  return null;
}
