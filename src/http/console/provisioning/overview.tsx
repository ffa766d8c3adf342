import type { RequestHandler } from "express";
import type { VNode } from "preact";
import type { RequestLogEntry } from "../../../../schemas/audit-event.ts";
import { countIgnoredAttributes, type IgnoredAttributeCounts } from "../../../domain/audit/ignored-attributes.ts";
import { CardTable } from "../facts.tsx";
import type { PageOptions } from "../options.ts";
import { Layout, sendHtmlPage } from "../page.tsx";
import { PageLinks, readListPage } from "../paging.tsx";
import { requireVisit } from "../visit.ts";
import { ConnectionTable } from "./connections.tsx";
import { readPageCursor } from "./page-cursor.ts";
import { isOfConsole, RequestTable } from "./request-rows.tsx";
import { SettingFacts, toSettings } from "./settings-texts.tsx";

/** The rejected requests on the page. More are read, because those to the console are left out. */
const rejectedShown = 5;
const rejectedRead = 20;
const sizeLimit = { lengthMax: 1024 * 1024, firstBatch: rejectedShown };

/** Shows how the connections of identity providers work: their last requests, what fails, and what is ignored. */
export function showProvisioning({ base, services }: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleShowProvisioning";
    const visit = requireVisit(req);
    const { organizationId, scopes } = visit.caller;
    const query = readPageCursor(req.query);
    const page = await readListPage({ organizationId, list: "provisioning", query }, (position) =>
      services.provisioning.list(organizationId, position),
    );
    const [rejected, ignored, organization] = await Promise.all([
      services.loggedRequests.list(organizationId, { rejected: true }, { limit: rejectedRead, sizeLimit }),
      countIgnoredAttributes(services.loggedRequests, organizationId),
      services.organizations.getOwn(visit.caller),
    ]);
    const url = `${base}/provisioning`;
    sendHtmlPage(
      res,
      200,
      <Layout title="Provisioning" base={base} visit={visit}>
        <div class="heading">
          <h1>Provisioning</h1>
          <a class="button" href={`${base}/setup`}>
            Connect an identity provider
          </a>
        </div>
        <p>
          <a href={`${url}/requests`}>Request log</a> · <a href={`${url}/extensions`}>Extension schemas</a>
        </p>
        <section aria-labelledby="connections">
          <h2 id="connections">Connections</h2>
          {page.items.length === 0 ? (
            <p class="empty">
              No token of type scim exists, and no other token was used at /scim/v2. Choose{" "}
              <a href={`${base}/setup`}>your identity provider</a> to create one.
            </p>
          ) : (
            <ConnectionTable base={base} connections={page.items} />
          )}
          <PageLinks url={url} page={page} />
        </section>
        <RejectedRequests
          base={base}
          entries={rejected.items.filter((entry) => !isOfConsole(base, entry)).slice(0, rejectedShown)}
        />
        <IgnoredAttributeTable url={url} ignored={ignored} />
        <section aria-labelledby="settings">
          <h2 id="settings">Settings</h2>
          <SettingFacts settings={toSettings(organization)} />
          {scopes.has("admin:write") && (
            <p class="actions">
              <a class="button secondary" href={`${url}/settings`}>
                Change settings
              </a>
            </p>
          )}
        </section>
      </Layout>,
    );
  };
}

const RejectedRequests = ({
  base,
  entries,
}: {
  readonly base: string;
  readonly entries: readonly RequestLogEntry[];
}): VNode => (
  <section aria-labelledby="rejected">
    <h2 id="rejected">Last rejected requests</h2>
    {entries.length === 0 ? (
      <p class="muted">None among the last ones.</p>
    ) : (
      <>
        <RequestTable base={base} caption="The last rejected requests, newest first" entries={entries} />
        <p>
          <a href={`${base}/provisioning/requests?rejected=true`}>All rejected requests</a>
        </p>
      </>
    )}
  </section>
);

const IgnoredAttributeTable = ({
  url,
  ignored: { requests, counts },
}: {
  readonly url: string;
  readonly ignored: IgnoredAttributeCounts;
}): VNode => (
  <section aria-labelledby="ignored">
    <h2 id="ignored">Ignored attributes</h2>
    {counts.length === 0 ? (
      <p class="muted">None in the last {requests} logged requests.</p>
    ) : (
      <>
        <p class="muted">
          Attributes in the last {requests} logged requests that no schema defines. Declare them in an{" "}
          <a href={`${url}/extensions`}>extension schema</a>, or remove them from the mapping.
        </p>
        <CardTable caption="Ignored attributes, the most frequent first" columns={["Attribute", "Requests"]}>
          {counts.map(([name, count]) => (
            <tr key={name}>
              <th scope="row">
                <a href={`${url}/requests?ignoredAttribute=${encodeURIComponent(name)}`}>
                  <code>{name}</code>
                </a>
              </th>
              <td data-label="Requests">{count}</td>
            </tr>
          ))}
        </CardTable>
      </>
    )}
  </section>
);
