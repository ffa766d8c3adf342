import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { AuditAction } from "../../../schemas/audit-action.ts";
import type { WebhookContent } from "../../../schemas/webhook.ts";
import { insertAuditEvent, operatorActor, toAuditEvent } from "../../../src/domain/audit/record.ts";
import type { Caller } from "../../../src/domain/caller.ts";
import { CredentialCipher } from "../../../src/domain/credentials/credential-cipher.ts";
import { newId } from "../../../src/domain/entity.ts";
import { Organizations } from "../../../src/domain/organizations.ts";
import { AddressGuard } from "../../../src/domain/outbound/address-guard.ts";
import { GuardedHttp } from "../../../src/domain/outbound/guarded-http.ts";
import { openDeliveries, toDeliveryId } from "../../../src/domain/webhooks/delivery-lease.ts";
import { WebhookDeliveries, type WebhookDeliveriesOptions } from "../../../src/domain/webhooks/webhook-deliveries.ts";
import { WebhookSender } from "../../../src/domain/webhooks/webhook-sender.ts";
import { Webhooks } from "../../../src/domain/webhooks/webhooks.ts";
import { createLog } from "../../../src/log.ts";
import { collections } from "../../../src/store/collections.ts";
import type { Store } from "../../../src/store/store.ts";
import type { OpenTestStore, TestStore } from "../../store/test-store.fixture.ts";
import { trackSecret } from "../../support/secrets.ts";
import { startWebhookReceiver, type WebhookReceiver } from "../../support/webhook-receiver.ts";

/** Two organizations, a receiver, and webhooks over a real store. */
export interface WebhookTestContext {
  readonly testStore: TestStore;
  readonly receiver: WebhookReceiver;
  readonly webhooks: Webhooks;
  readonly cipher: CredentialCipher;
  readonly caller: Caller;
  readonly otherCaller: Caller;
  /** Creates a webhook for the receiver. @returns its id and secret */
  createWebhook(content?: Partial<WebhookContent>, caller?: Caller): Promise<{ id: string; secret: string }>;
  /** Records an audit event. @returns its id */
  record(action: AuditAction, options?: { caller?: Caller; at?: Date }): Promise<string>;
  /** Creates the sender of one process. It is closed with the context. */
  startDeliveries(options?: Partial<WebhookDeliveriesOptions> & { readonly timeoutMs?: number }): WebhookDeliveries;
  dispose(): Promise<void>;
}

/** An address guard that allows the receiver. */
export const loopbackGuard = new AddressGuard({ allowedRanges: ["127.0.0.1"] });

export async function openWebhooks(open: OpenTestStore): Promise<WebhookTestContext> {
  const testStore = await open({ collections });
  const { store } = testStore;
  const receiver = await startWebhookReceiver();
  const organizations = new Organizations(store);
  const toCaller = async (slug: string): Promise<Caller> => {
    const { id: organizationId } = await organizations.create(operatorActor, { slug });
    return { ...operatorActor, organizationId, scopes: new Set(["all"]) };
  };
  const [caller, otherCaller] = [await toCaller("default"), await toCaller("other")];
  const cipher = new CredentialCipher([randomBytes(32)]);
  const webhooks = new Webhooks(store, cipher, loopbackGuard);
  const started: { close(): Promise<void> }[] = [];
  let recordedAt = 0;
  /** Ids of the same millisecond have no order among each other. */
  const nextMillisecond = async (): Promise<void> => {
    while (Date.now() <= recordedAt) await delay(1);
  };
  return {
    ...{ testStore, receiver, webhooks, cipher, caller, otherCaller },
    createWebhook: async (content, from = caller) => {
      const { url } = receiver;
      const defaults = { slug: "siem", url, actions: ["user.*"], enabled: true };
      await nextMillisecond();
      const { webhook, secret = "" } = await webhooks.create(from, { ...defaults, ...content });
      return { id: webhook.id, secret: trackSecret(secret) };
    },
    record: async (action, { caller: by = caller, at } = {}) => {
      await nextMillisecond();
      recordedAt = Date.now();
      const time = at ?? new Date(recordedAt);
      const event = toAuditEvent(by.organizationId, by, "success", { action, target: { type: "user", id: "usr_1" } });
      const id = newId("aud", time);
      await store.transaction((tx) => insertAuditEvent(tx, { ...event, id, createdAt: time.toISOString() }));
      return id;
    },
    startDeliveries: ({ timeoutMs, ...options } = {}) => {
      const http = new GuardedHttp(loopbackGuard, { keepAlive: true });
      const sender = new WebhookSender(http, timeoutMs);
      const log = createLog("error");
      const deliveries = new WebhookDeliveries({ store, cipher, sender, log, firstRetryMs: 1, ...options });
      started.push({
        close: async () => {
          await deliveries.close();
          http.close();
        },
      });
      return deliveries;
    },
    dispose: async () => {
      await Promise.all(started.map((each) => each.close()));
      await receiver.close();
      await testStore.dispose();
    },
  };
}

/** Sends what is pending, and retries until a condition holds. */
export async function drainUntil(
  deliveries: WebhookDeliveries,
  isDone: () => boolean | Promise<boolean>,
): Promise<void> {
  while (!(await isDone())) {
    await deliveries.drain();
    await delay(2);
  }
}

/** Changes a stored delivery, past the rules of the domain. */
export async function patchDelivery(store: Store, webhookId: string, change: object): Promise<void> {
  await store.transaction(async (tx) => {
    const current = await openDeliveries(tx).get(toDeliveryId(webhookId));
    if (current) await openDeliveries(tx).replace({ ...current, ...change }, "any");
  });
}
