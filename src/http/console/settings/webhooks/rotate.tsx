import type { RequestHandler } from "express";
import { CsrfField, FormActions, SelectField } from "../../fields.tsx";
import { readText } from "../../form.ts";
import { NonceField } from "../../nonce.tsx";
import { Layout, sendHtmlPage } from "../../page.tsx";
import { requireVisit } from "../../visit.ts";
import type { SettingsPagesOptions } from "../options.ts";
import { readWebhook, sendIssuedWebhook, WebhookTrail } from "./parts.tsx";

/** How long messages are also signed with the previous secret, by seconds. */
const gracePeriods: Readonly<Record<string, string>> = {
  "0": "Not at all",
  "3600": "1 hour",
  "86400": "24 hours",
  "604800": "7 days",
};

/** Shows the form that rotates the secret of a webhook. */
export function showWebhookRotation({ base, services, submissions }: SettingsPagesOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleShowWebhookRotation";
    const visit = requireVisit(req);
    const webhook = await readWebhook(req, services, visit.caller.organizationId);
    const url = `${base}/settings/webhooks/${webhook.id}`;
    sendHtmlPage(
      res,
      200,
      <Layout title={`Rotate the secret of ${webhook.slug}`} base={base} visit={visit}>
        <WebhookTrail base={base} webhook={webhook} />
        <h1>Rotate the secret of {webhook.slug}</h1>
        <form method="post" action={`${url}/rotate`}>
          <CsrfField visit={visit} />
          <NonceField submissions={submissions} visit={visit} />
          <SelectField
            name="grace"
            label="Messages are also signed with the current secret for"
            value="86400"
            options={gracePeriods}
          />
          <FormActions submit="Rotate" cancelUrl={url} />
        </form>
      </Layout>,
    );
  };
}

/** Rotates the secret of a webhook, and shows the new one once. */
export function rotateWebhookSecret({ base, services, submissions }: SettingsPagesOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleRotateWebhookSecret";
    const visit = requireVisit(req);
    const { caller, sessionId } = visit;
    const { id, slug } = await readWebhook(req, services, caller.organizationId);
    await submissions.useNonce(caller.organizationId, sessionId, readText(req, "nonce"));
    const grace = readText(req, "grace");
    const seconds = Object.hasOwn(gracePeriods, grace) ? Number(grace) : 0;
    const issued = await services.webhooks.rotate(caller, id, {}, seconds);
    sendIssuedWebhook(res, 200, issued, { base, visit, heading: `The secret of ${slug} is rotated` });
  };
}
