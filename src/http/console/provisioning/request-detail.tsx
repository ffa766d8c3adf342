import type { RequestHandler } from "express";
import type { VNode } from "preact";
import type { FailedOperation, RequestLogEntry } from "../../../../schemas/audit-event.ts";
import { redactValue } from "../../../domain/audit/log-entry.ts";
import { AppError } from "../../../errors.ts";
import { CardTable, Codes, Fact } from "../facts.tsx";
import type { PageOptions } from "../options.ts";
import { Layout, sendHtmlPage, toActorName } from "../page.tsx";
import { readPathId } from "../path-id.ts";
import { Time } from "../time.tsx";
import { requireVisit } from "../visit.ts";
import { describeOperation } from "./operation-text.ts";
import { formatDuration, RequestStatus } from "./request-rows.tsx";

const notFoundText = "The logged request was not found. Requests are kept for 30 days.";

/** Shows one logged request: what was sent, and why it was rejected. */
export function showLoggedRequest({ base, services }: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleShowRequest";
    const visit = requireVisit(req);
    const { organizationId } = visit.caller;
    const entry = await services.loggedRequests.get(organizationId, readPathId(req, "req", notFoundText));
    if (!entry) throw new AppError("not-found", notFoundText);
    const title = `${entry.method} ${entry.path}`;
    sendHtmlPage(
      res,
      200,
      <Layout title={title} base={base} visit={visit}>
        <p class="trail">
          <a href={`${base}/provisioning`}>Provisioning</a> / <a href={`${base}/provisioning/requests`}>Request log</a>
        </p>
        <div class="heading">
          <h1>{title}</h1>
          <RequestStatus entry={entry} />
        </div>
        {entry.detail !== undefined && <p class={entry.rejected ? "notice error" : "notice"}>{entry.detail}</p>}
        <RequestFacts base={base} entry={entry} />
        {entry.failedOperations && <FailedOperations entry={entry} failures={entry.failedOperations} />}
        {entry.body !== undefined && (
          <section class="copyable" aria-labelledby="body">
            <h2 id="body">Body</h2>
            <p class="hint">As it was interpreted. Values are masked, except ids of users and groups.</p>
            <pre>
              <code>{JSON.stringify(entry.body, redactValue, 2)}</code>
            </pre>
          </section>
        )}
      </Layout>,
    );
  };
}

function RequestFacts({ base, entry }: { readonly base: string; readonly entry: RequestLogEntry }): VNode {
  const { actor, cause, resourceId, ignoredAttributes, accessTokenId, requestId } = entry;
  return (
    <dl class="facts">
      <Fact name="Time">
        <Time at={entry.createdAt} absent="" />
      </Fact>
      <Fact name="Duration">{formatDuration(entry)}</Fact>
      <Fact name="Token">
        {actor ? (
          <>
            {toActorName(actor)}
            {actor.id !== undefined && (
              <a class="sub" href={`${base}/provisioning/requests?actorId=${encodeURIComponent(actor.id)}`}>
                Requests of this token
              </a>
            )}
          </>
        ) : (
          <span class="muted">None</span>
        )}
      </Fact>
      {accessTokenId !== undefined && (
        <Fact name="OAuth access token">
          <code>{accessTokenId}</code>
        </Fact>
      )}
      {cause !== undefined && (
        <Fact name="Credential">
          {cause} <span class="sub">The response does not say why the credential was rejected.</span>
        </Fact>
      )}
      {resourceId !== undefined && (
        <Fact name={resourceId.startsWith("grp_") ? "Group" : "User"}>
          <a href={`${base}/${resourceId.startsWith("grp_") ? "groups" : "users"}/${encodeURIComponent(resourceId)}`}>
            <code>{resourceId}</code>
          </a>
        </Fact>
      )}
      {ignoredAttributes && (
        <Fact name="Ignored attributes">
          <Codes values={ignoredAttributes} />
          <span class="sub">No schema defines them.</span>
        </Fact>
      )}
      <Fact name="Address">{entry.ip}</Fact>
      <Fact name="Request id">
        <code>{requestId}</code>
        <a class="sub" href={`${base}/audit?requestId=${encodeURIComponent(requestId)}`}>
          Audit events of this request
        </a>
      </Fact>
    </dl>
  );
}

const FailedOperations = ({
  entry,
  failures,
}: {
  readonly entry: RequestLogEntry;
  readonly failures: readonly FailedOperation[];
}): VNode => (
  <section aria-labelledby="failed">
    <h2 id="failed">Failed operations</h2>
    <CardTable caption="Failed operations" columns={["Operation", "Status", "Reason"]}>
      {failures.map((failure, index) => (
        <tr key={index}>
          <th scope="row">
            {failure.number}
            {failure.patchOperation !== undefined && `, operation ${failure.patchOperation} of its PATCH`}
            <code class="sub">{describeOperation(entry.body, failure)}</code>
            {failure.resourceId !== undefined && <code class="sub">{failure.resourceId}</code>}
          </th>
          <td data-label="Status">{failure.status}</td>
          <td data-label="Reason">{failure.detail}</td>
        </tr>
      ))}
    </CardTable>
  </section>
);
