import type { RequestHandler, Response } from "express";
import type { VNode } from "preact";
import type { Webhook, WebhookDeliveryStatus, WebhookTestResult } from "../../../../../schemas/webhook.ts";
import { Codes, Fact } from "../../facts.tsx";
import { CsrfField } from "../../fields.tsx";
import { Layout, sendHtmlPage } from "../../page.tsx";
import { Time } from "../../time.tsx";
import { requireVisit, type Visit } from "../../visit.ts";
import type { SettingsPagesOptions } from "../options.ts";
import { readWebhook, WebhookState, WebhookTrail } from "./parts.tsx";

/** Shows one webhook with the state of its deliveries. */
export function showWebhook(options: SettingsPagesOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleShowWebhook";
    const visit = requireVisit(req);
    const webhook = await readWebhook(req, options.services, visit.caller.organizationId);
    await sendWebhook(res, options, visit, webhook);
  };
}

/** Sends a test event, and shows the result. */
export function testWebhook(options: SettingsPagesOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleTestWebhook";
    const visit = requireVisit(req);
    const webhook = await readWebhook(req, options.services, visit.caller.organizationId);
    const result = await options.services.webhookTests.send(visit.caller, webhook.id);
    await sendWebhook(res, options, visit, webhook, result);
  };
}

async function sendWebhook(
  res: Response,
  { base, services: { webhooks } }: SettingsPagesOptions,
  visit: Visit,
  webhook: Webhook,
  result?: WebhookTestResult,
): Promise<void> {
  const delivery = (await webhooks.describe([webhook])).get(webhook.id);
  const url = `${base}/settings/webhooks/${webhook.id}`;
  sendHtmlPage(
    res,
    200,
    <Layout title={`Webhook ${webhook.slug}`} base={base} visit={visit}>
      <WebhookTrail base={base} />
      <h1>{webhook.slug}</h1>
      {result && <TestResult result={result} />}
      <WebhookFacts webhook={webhook} delivery={delivery} />
      {visit.caller.scopes.has("admin:write") && (
        <div class="actions">
          <a class="button" href={`${url}/edit`}>
            Change
          </a>
          <form method="post" action={`${url}/test`}>
            <CsrfField visit={visit} />
            <button type="submit" class="secondary">
              Send a test event
            </button>
          </form>
          <a class="button secondary" href={`${url}/rotate`}>
            Rotate the secret
          </a>
          <a class="button secondary" href={`${url}/delete`}>
            Delete
          </a>
        </div>
      )}
      <p>
        <a href={`${base}/audit?targetId=${webhook.id}`}>Changes of this webhook</a>
      </p>
    </Layout>,
  );
}

const TestResult = ({ result: { delivered, status, reason, durationMs } }: { readonly result: WebhookTestResult }) => (
  <p class={delivered ? "notice" : "notice error"} role={delivered ? "status" : "alert"}>
    {delivered ? "The receiver accepted the test event" : `The test event was not delivered: ${reason}`}
    {status !== undefined && ` (status ${status})`}, after {durationMs} ms.
  </p>
);

function WebhookFacts({
  webhook,
  delivery,
}: {
  readonly webhook: Webhook;
  readonly delivery: WebhookDeliveryStatus | undefined;
}): VNode {
  return (
    <dl class="facts">
      <Fact name="Status">
        <WebhookState webhook={webhook} delivery={delivery} />
      </Fact>
      <Fact name="URL">
        <code>{webhook.url}</code>
      </Fact>
      {webhook.description !== undefined && <Fact name="Description">{webhook.description}</Fact>}
      <Fact name="Actions">
        <Codes values={webhook.actions} />
      </Fact>
      <Fact name="Last success">
        <Time at={delivery?.lastSuccessAt ?? undefined} absent="Never" />
      </Fact>
      {delivery?.lastFailure && (
        <Fact name="Last failure">
          <Time at={delivery.lastFailure.at} absent="" />: {delivery.lastFailure.reason}
        </Fact>
      )}
      {delivery?.nextAttemptAt != null && (
        <Fact name="Next attempt">
          <Time at={delivery.nextAttemptAt} absent="" />
        </Fact>
      )}
      {delivery?.pendingSince != null && (
        <Fact name="Oldest event to send">
          <Time at={delivery.pendingSince} absent="" />
        </Fact>
      )}
      <Fact name="Created">
        <Time at={webhook.createdAt} absent="" />
      </Fact>
    </dl>
  );
}
