import { isDeepStrictEqual } from "node:util";
import { slug } from "../../../schemas/text.ts";
import type { Webhook, WebhookContent, WebhookDeliveryStatus } from "../../../schemas/webhook.ts";
import { AppError } from "../../errors.ts";
import { organizations, serviceTenant, webhooks } from "../../store/collections.ts";
import type { Page, Query } from "../../store/query.ts";
import type { Store, Tenant, Transaction } from "../../store/store.ts";
import { recordAuditEvent } from "../audit/record.ts";
import type { Caller } from "../caller.ts";
import { mapConflictToField, retryOnConflict } from "../conflict.ts";
import type { CredentialCipher } from "../credentials/credential-cipher.ts";
import { lowestId, newEntity, nextVersion } from "../entity.ts";
import type { AddressGuard } from "../outbound/address-guard.ts";
import { assertAllowedUrl } from "../outbound/allowed-url.ts";
import { assertSameSlug, assertVersion, type ExpectedVersion } from "../precondition.ts";
import { neverAgain, newDelivery, openDeliveries, toDeliveryId } from "./delivery-lease.ts";
import { readDeliveryStatuses } from "./delivery-status.ts";
import {
  createWebhookSecret,
  readWebhookSecrets,
  removeWebhookSecrets,
  writeWebhookSecrets,
} from "./webhook-secrets.ts";

/** A webhook and, if it was just created or rotated, its secret. */
export interface IssuedWebhook {
  readonly webhook: Webhook;
  readonly secret?: string;
}

/** Each event is sent once per webhook. */
const webhooksMax = 20;

/** The webhooks of organizations: where their audit events are sent. */
export class Webhooks {
  readonly #store: Store;
  readonly #cipher: CredentialCipher;
  readonly #guard: AddressGuard;

  constructor(store: Store, cipher: CredentialCipher, guard: AddressGuard) {
    this.#store = store;
    this.#cipher = cipher;
    this.#guard = guard;
  }

  /** @returns undefined if the organization has no such webhook, even if another organization has it */
  get(organizationId: string, idOrSlug: string): Promise<Webhook | undefined> {
    return findWebhook(this.#store.for(organizationId), idOrSlug);
  }

  /** Lists webhooks in the order of their creation. */
  list(organizationId: string, query: Query): Promise<Page<Webhook>> {
    return this.#store.for(organizationId).open(webhooks).list(query);
  }

  /** Reads what is known of the deliveries of webhooks. @returns it by the id of the webhook */
  describe(list: readonly Webhook[]): Promise<ReadonlyMap<string, WebhookDeliveryStatus>> {
    return readDeliveryStatuses(this.#store, list);
  }

  /**
   * Creates a webhook. It sends the events from now on.
   * @throws AppError conflict if the slug is taken; invalid-value for a URL that is not allowed; limit-reached;
   *   not-implemented without CREDENTIAL_KEY
   */
  create(caller: Caller, content: WebhookContent): Promise<IssuedWebhook> {
    return this.#change(caller, (transaction) => this.#createWithin(transaction, caller, content)).catch(
      mapConflictToField("slug", "The slug is already used by another webhook."),
    );
  }

  /** Creates the webhook with this slug, or replaces its content. @throws AppError precondition-failed; as `create` */
  put(
    caller: Caller,
    expected: ExpectedVersion,
    content: WebhookContent,
  ): Promise<IssuedWebhook & { readonly isNew: boolean }> {
    return retryOnConflict(() =>
      this.#change(caller, async (transaction) => {
        const current = await findWebhook(transaction.for(caller.organizationId), content.slug);
        if (current) {
          const webhook = await this.#replaceWithin(transaction, caller, current, expected, content);
          return { webhook, isNew: false };
        }
        if (expected.ifMatch) {
          throw new AppError("precondition-failed", "The webhook does not exist yet. Omit If-Match to create it.");
        }
        return { ...(await this.#createWithin(transaction, caller, content)), isNew: true };
      }),
    );
  }

  /**
   * Changes the content of a webhook. Nothing is written if nothing changes.
   * @param revise computes the new content; may run more than once
   * @throws AppError not-found; precondition-failed; invalid-value as `create`; and what `revise` throws
   */
  update(
    caller: Caller,
    idOrSlug: string,
    expected: ExpectedVersion,
    revise: (current: WebhookContent) => WebhookContent,
  ): Promise<Webhook> {
    return this.#change(caller, async (transaction) => {
      const current = await requireWebhook(transaction.for(caller.organizationId), idOrSlug);
      return this.#replaceWithin(transaction, caller, current, expected, revise(toWebhookContent(current)));
    });
  }

  /** Removes a webhook with its secrets. What it has not sent is not sent any more. @throws as `update` */
  async remove(caller: Caller, idOrSlug: string, expected: ExpectedVersion): Promise<void> {
    await this.#change(caller, async (transaction) => {
      const tenant = transaction.for(caller.organizationId);
      const current = await requireWebhook(tenant, idOrSlug);
      assertVersion(current.version, expected);
      await tenant.open(webhooks).remove(current.id, current.version);
      await removeWebhookSecrets(tenant, current.id);
      await openDeliveries(transaction).remove(toDeliveryId(current.id), "any");
      await recordAuditEvent(transaction, caller.organizationId, caller, {
        action: "webhook.delete",
        target: toTarget(current),
        before: toWebhookContent(current),
      });
    });
  }

  /**
   * Replaces the secret. Until the grace period is over, messages have a signature with the previous one as well.
   * @throws AppError not-found; precondition-failed; not-implemented without CREDENTIAL_KEY
   */
  rotate(
    caller: Caller,
    idOrSlug: string,
    expected: ExpectedVersion,
    gracePeriodSeconds: number,
  ): Promise<Required<IssuedWebhook>> {
    return this.#change(caller, async (transaction) => {
      const tenant = transaction.for(caller.organizationId);
      const { previousSecretExpiresAt: _, ...current } = await requireWebhook(tenant, idOrSlug);
      assertVersion(current.version, expected);
      const previous = await readWebhookSecrets(tenant, this.#cipher, current.id);
      const secret = createWebhookSecret();
      const expiresAt = new Date(Date.now() + gracePeriodSeconds * 1000).toISOString();
      const hasPrevious = previous !== undefined && gracePeriodSeconds > 0;
      const secrets = { current: secret, ...(hasPrevious && { previous: { secret: previous.current, expiresAt } }) };
      await writeWebhookSecrets(tenant, this.#cipher, current.id, secrets);
      const webhook: Webhook = {
        ...{ ...current, ...nextVersion(current) },
        ...(hasPrevious && { previousSecretExpiresAt: expiresAt }),
      };
      await tenant.open(webhooks).replace(webhook, current.version);
      await recordAuditEvent(transaction, caller.organizationId, caller, {
        action: "webhook.rotate",
        target: toTarget(current),
        details: { gracePeriodSeconds },
      });
      return { webhook, secret };
    });
  }

  async #createWithin(
    transaction: Transaction,
    caller: Caller,
    content: WebhookContent,
  ): Promise<Required<IssuedWebhook>> {
    const { organizationId } = caller;
    assertAllowedUrl(this.#guard, content.url, "url");
    const tenant = transaction.for(organizationId);
    // Two concurrent creations conflict, so that each sees the number of webhooks.
    await transaction.for(serviceTenant).open(organizations).increment(organizationId, { lockVersion: 1 });
    if ((await tenant.open(webhooks).count()) >= webhooksMax) {
      throw new AppError("limit-reached", `An organization can have ${webhooksMax} webhooks. Delete one first.`);
    }
    // The event of its own creation is the first one that it sends.
    const cursor = lowestId("aud", new Date());
    const webhook: Webhook = { ...newEntity("whk", organizationId), ...content };
    const secret = createWebhookSecret();
    await tenant.open(webhooks).insert(webhook);
    await writeWebhookSecrets(tenant, this.#cipher, webhook.id, { current: secret });
    const delivery = newDelivery(organizationId, webhook.id, cursor);
    await openDeliveries(transaction).insert(content.enabled ? delivery : { ...delivery, notBefore: neverAgain });
    await recordAuditEvent(transaction, organizationId, caller, {
      action: "webhook.create",
      target: toTarget(webhook),
      after: toWebhookContent(webhook),
    });
    return { webhook, secret };
  }

  async #replaceWithin(
    transaction: Transaction,
    caller: Caller,
    current: Webhook,
    expected: ExpectedVersion,
    content: WebhookContent,
  ): Promise<Webhook> {
    assertVersion(current.version, expected);
    const before = toWebhookContent(current);
    assertSameSlug(current, content);
    if (isDeepStrictEqual(before, content)) return current;
    const isOtherUrl = content.url !== current.url;
    if (isOtherUrl) assertAllowedUrl(this.#guard, content.url, "url");
    const { disabledReason, description: _, ...rest } = current;
    const webhook: Webhook = {
      ...{ ...rest, ...content, ...nextVersion(current) },
      ...(disabledReason !== undefined && !content.enabled && { disabledReason }),
    };
    await transaction.for(caller.organizationId).open(webhooks).replace(webhook, current.version);
    if (isOtherUrl || content.enabled !== current.enabled) await restartDelivery(transaction, webhook);
    await recordAuditEvent(transaction, caller.organizationId, caller, {
      ...{ action: "webhook.update", target: toTarget(current), before, after: content },
    });
    return webhook;
  }

  #change<R>({ organizationId }: Caller, change: (transaction: Transaction) => Promise<R>): Promise<R> {
    return this.#store.transaction(change, { lockKey: `webhooks ${organizationId}` });
  }
}

/**
 * Starts again after a failure or while disabled: at once, and without the lease of a process that still uses the former
 * settings. What that process has sent within the last second can be sent again.
 */
async function restartDelivery(transaction: Transaction, { id, enabled }: Webhook): Promise<void> {
  const writer = openDeliveries(transaction);
  const current = await writer.get(toDeliveryId(id));
  if (!current) return;
  const { lease: _, failingSince: _f, ...rest } = current;
  const notBefore = enabled ? new Date().toISOString() : neverAgain;
  await writer.replace({ ...rest, ...nextVersion(current), failedAttempts: 0, notBefore }, current.version);
}

const toTarget = ({ id }: Pick<Webhook, "id">) => ({ type: "webhook", id });

/** Returns only the fields of a webhook that clients may set. */
export function toWebhookContent({ slug, url, description, actions, enabled }: WebhookContent): WebhookContent {
  return { slug, url, ...(description !== undefined && { description }), actions, enabled };
}

/** Finds a webhook by its id or slug. Slugs contain no underscore, so an id is never mistaken for one. */
async function findWebhook(tenant: Pick<Tenant<"read">, "open">, idOrSlug: string): Promise<Webhook | undefined> {
  const reader = tenant.open(webhooks);
  if (idOrSlug.startsWith("whk_")) return reader.get(idOrSlug);
  if (!slug.safeParse(idOrSlug).success) return undefined;
  return (await reader.list({ where: { op: "eq", path: "slug", value: idOrSlug }, limit: 1 })).items[0];
}

async function requireWebhook(tenant: Pick<Tenant<"read">, "open">, idOrSlug: string): Promise<Webhook> {
  const found = await findWebhook(tenant, idOrSlug);
  if (!found) throw webhookNotFound();
  return found;
}

/** The error for a webhook that the organization does not have. */
export const webhookNotFound = (): AppError => new AppError("not-found", "The webhook was not found.");
