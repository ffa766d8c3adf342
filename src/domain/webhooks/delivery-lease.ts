import { serviceTenant, type WebhookDelivery, webhookDeliveries } from "../../store/collections.ts";
import type { Store, Transaction, Writer } from "../../store/store.ts";
import { newEntity, nextVersion } from "../entity.ts";

/**
 * How long a process may send the events of a webhook without writing its progress, in milliseconds. It is longer than
 * one request and the write of its result take.
 */
export const leaseMs = 60_000;

/** A delivery without the process that works on it. */
export type DeliveryState = Omit<WebhookDelivery, "lease">;

/** The time of the next attempt of a webhook that is disabled. */
export const neverAgain = "9999-12-31T23:59:59.999Z";

/** Returns the id of the delivery of a webhook. */
export const toDeliveryId = (webhookId: string): string => `whd_${webhookId}`;

/** Opens the deliveries of all organizations. */
export const openDeliveries = (transaction: Transaction): Writer<WebhookDelivery> =>
  transaction.for(serviceTenant).open(webhookDeliveries);

/** Creates the delivery of a new webhook: it sends what happens from now on. @param cursor the id of an audit event */
export function newDelivery(organizationId: string, webhookId: string, cursor: string): WebhookDelivery {
  const entity = newEntity("whd", serviceTenant);
  return {
    ...{ ...entity, id: toDeliveryId(webhookId), targetOrganizationId: organizationId, webhookId },
    ...{ cursor, sentIds: [], notBefore: entity.createdAt, failedAttempts: 0 },
  };
}

/**
 * Claims the right to send the events of a webhook, so that no other process sends them at the same time.
 * @param holder identifies the run
 * @param now in milliseconds since 1970
 * @returns the delivery as it is stored; `busy` if another process holds the lease; undefined if it is not due
 * @throws AppError unavailable
 */
export function claimDelivery(
  store: Store,
  id: string,
  holder: string,
  now: number,
): Promise<WebhookDelivery | "busy" | undefined> {
  return store.transaction(
    async (transaction) => {
      const writer = openDeliveries(transaction);
      const current = await writer.get(id);
      if (!current || Date.parse(current.notBefore) > now) return undefined;
      if (current.lease && Date.parse(current.lease.until) > now) return "busy";
      const claimed = { ...current, ...nextVersion(current), lease: { holder, until: toTime(now + leaseMs) } };
      await writer.replace(claimed, current.version);
      return claimed;
    },
    { lockKey: id },
  );
}

/**
 * Changes a delivery, if the lease is still that of this run. A run that has lost its lease, because it was suspended for
 * long, changes nothing.
 * @param change returns the new state, and what to do with the lease; may run more than once
 * @returns whether the lease was still valid
 * @throws AppError unavailable
 */
export function writeProgress(
  store: Store,
  id: string,
  holder: string,
  change: (current: DeliveryState, transaction: Transaction) => Promise<DeliveryState> | DeliveryState,
  lease: "keep" | "release",
  now: number,
): Promise<boolean> {
  return store.transaction(
    async (transaction) => {
      const writer = openDeliveries(transaction);
      const current = await writer.get(id);
      if (current?.lease?.holder !== holder) return false;
      const { lease: _, ...state } = current;
      const next = { ...(await change(state, transaction)), ...nextVersion(current) };
      const kept = lease === "keep" && { lease: { holder, until: toTime(now + leaseMs) } };
      await writer.replace({ ...next, ...kept }, current.version);
      return true;
    },
    { lockKey: id },
  );
}

const toTime = (time: number): string => new Date(time).toISOString();
