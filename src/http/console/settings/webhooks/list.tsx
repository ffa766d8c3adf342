import type { RequestHandler } from "express";
import { CardTable, Codes } from "../../facts.tsx";
import { Layout, sendHtmlPage } from "../../page.tsx";
import { Time } from "../../time.tsx";
import { requireVisit } from "../../visit.ts";
import type { SettingsPagesOptions } from "../options.ts";
import { SettingsTrail } from "../parts.tsx";
import { WebhookState } from "./parts.tsx";

/** Shows the webhooks. An organization has at most 20. */
export function showWebhooks({ base, services: { webhooks } }: SettingsPagesOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleListWebhooks";
    const visit = requireVisit(req);
    const { items } = await webhooks.list(visit.caller.organizationId, { limit: 100 });
    const statuses = await webhooks.describe(items);
    const url = `${base}/settings/webhooks`;
    sendHtmlPage(
      res,
      200,
      <Layout title="Webhooks" base={base} visit={visit}>
        <SettingsTrail base={base} />
        <div class="heading">
          <h1>Webhooks</h1>
          {visit.caller.scopes.has("admin:write") && (
            <a class="button" href={`${url}/new`}>
              Create a webhook
            </a>
          )}
        </div>
        {items.length === 0 ? (
          <p class="empty">
            No webhooks. A webhook sends the events of the audit log to a URL, such as that of a SIEM.
          </p>
        ) : (
          <CardTable caption="Webhooks" columns={["Name", "URL", "Actions", "Last success", "Status"]}>
            {items.map((webhook) => (
              <tr key={webhook.id}>
                <th scope="row">
                  <a href={`${url}/${webhook.id}`}>{webhook.slug}</a>
                </th>
                <td data-label="URL">
                  <code>{webhook.url}</code>
                </td>
                <td data-label="Actions">
                  <Codes values={webhook.actions.slice(0, 5)} />
                  {webhook.actions.length > 5 && <span class="sub">and {webhook.actions.length - 5} more</span>}
                </td>
                <td data-label="Last success">
                  <Time at={statuses.get(webhook.id)?.lastSuccessAt ?? undefined} absent="Never" />
                </td>
                <td data-label="Status">
                  <WebhookState webhook={webhook} delivery={statuses.get(webhook.id)} />
                </td>
              </tr>
            ))}
          </CardTable>
        )}
      </Layout>,
    );
  };
}
