import type { RequestHandler } from "express";
import { CsrfField } from "../../fields.tsx";
import { Layout, redirect, sendHtmlPage } from "../../page.tsx";
import { requireVisit } from "../../visit.ts";
import type { SettingsPagesOptions } from "../options.ts";
import { readWebhook, WebhookTrail } from "./parts.tsx";

/** Shows what a deletion causes, to be confirmed. */
export function showWebhookDeletion({ base, services }: SettingsPagesOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleShowWebhookDeletion";
    const visit = requireVisit(req);
    const webhook = await readWebhook(req, services, visit.caller.organizationId);
    const url = `${base}/settings/webhooks/${webhook.id}`;
    sendHtmlPage(
      res,
      200,
      <Layout title={`Delete ${webhook.slug}`} base={base} visit={visit}>
        <WebhookTrail base={base} webhook={webhook} />
        <h1>Delete {webhook.slug}?</h1>
        <p class="notice">
          Its events are not sent any more, also those that are waiting, and its secret is deleted. To stop it for a
          while, disable it instead.
        </p>
        <form method="post" action={`${url}/delete`} class="actions">
          <CsrfField visit={visit} />
          <button type="submit" class="danger">
            Delete permanently
          </button>
          <a href={url}>Cancel</a>
        </form>
      </Layout>,
    );
  };
}

/** Deletes a webhook. */
export function deleteWebhook({ base, services }: SettingsPagesOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleDeleteWebhook";
    const { caller } = requireVisit(req);
    const { id } = await readWebhook(req, services, caller.organizationId);
    await services.webhooks.remove(caller, id, {});
    redirect(res, `${base}/settings/webhooks`);
  };
}
