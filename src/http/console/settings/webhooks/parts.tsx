import type { Request, Response } from "express";
import type { VNode } from "preact";
import type { Webhook, WebhookDeliveryStatus } from "../../../../../schemas/webhook.ts";
import { type IssuedWebhook, webhookNotFound } from "../../../../domain/webhooks/webhooks.ts";
import { Copyable } from "../../copyable.tsx";
import type { PageOptions } from "../../options.ts";
import { Layout, sendHtmlPage } from "../../page.tsx";
import { readPathId } from "../../path-id.ts";
import type { Visit } from "../../visit.ts";

/** Returns the webhook in the path. @throws AppError not-found */
export async function readWebhook(
  req: Request,
  { webhooks }: PageOptions["services"],
  organizationId: string,
): Promise<Webhook> {
  const webhook = await webhooks.get(organizationId, readPathId(req, "whk", webhookNotFound().message));
  if (!webhook) throw webhookNotFound();
  return webhook;
}

/** The way back from a page of a webhook. */
export const WebhookTrail = ({ base, webhook }: { readonly base: string; readonly webhook?: Webhook }): VNode => (
  <p class="trail">
    <a href={`${base}/settings`}>Settings</a> / <a href={`${base}/settings/webhooks`}>Webhooks</a>
    {webhook && (
      <>
        {" / "}
        <a href={`${base}/settings/webhooks/${webhook.id}`}>{webhook.slug}</a>
      </>
    )}
  </p>
);

/** Whether a webhook sends events, in one or two words. */
export function WebhookState({
  webhook,
  delivery,
}: {
  readonly webhook: Webhook;
  readonly delivery: WebhookDeliveryStatus | undefined;
}): VNode {
  if (webhook.disabledReason === "gone") return <span class="status revoked">Disabled: the receiver is gone</span>;
  if (webhook.disabledReason) return <span class="status revoked">Disabled: it failed for five days</span>;
  if (!webhook.enabled) return <span class="status disabled">Disabled</span>;
  if (delivery?.failingSince != null) return <span class="status expired">Failing</span>;
  return <span class="status active">Enabled</span>;
}

/** Sends the only page that has the secret of a webhook. */
export function sendIssuedWebhook(
  res: Response,
  status: 200 | 201,
  { webhook, secret }: Required<IssuedWebhook>,
  { base, visit, heading }: { readonly base: string; readonly visit: Visit; readonly heading: string },
): void {
  sendHtmlPage(
    res,
    status,
    <Layout title={heading} base={base} visit={visit}>
      <WebhookTrail base={base} webhook={webhook} />
      <h1>{heading}</h1>
      <p class="notice" role="status">
        Copy the secret now. It will not be shown again. The receiver verifies signatures with it.
      </p>
      <Copyable id="secret" label="Secret" text={secret} />
      <p>
        <a class="button" href={`${base}/settings/webhooks/${webhook.id}`}>
          I have stored the secret
        </a>
      </p>
    </Layout>,
  );
}
