import type { RequestHandler } from "express";
import type { VNode } from "preact";
import { redactValue, renderLogEntry } from "../../../domain/audit/log-entry.ts";
import { findChanges } from "../../../domain/audit/record-changes.ts";
import { AppError } from "../../../errors.ts";
import { Fact } from "../facts.tsx";
import type { PageOptions } from "../options.ts";
import { Layout, sendHtmlPage, toActorName } from "../page.tsx";
import { readPathId } from "../path-id.ts";
import { Time } from "../time.tsx";
import { requireVisit } from "../visit.ts";
import { ChangeTable } from "./change-table.tsx";
import { EventTarget, Outcome } from "./list.tsx";

/** Shows one audit event, with the record before and after the change. */
export function showAuditEvent({ base, services }: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleShowAuditEvent";
    const visit = requireVisit(req);
    const event = await services.auditEvents.get(
      visit.caller.organizationId,
      readPathId(req, "aud", "The event was not found."),
    );
    if (!event) throw new AppError("not-found", "The event was not found.");
    const { before, after, details } = renderLogEntry(event);
    const hasRecord = before !== undefined || after !== undefined;
    const changes = findChanges(before, after);
    sendHtmlPage(
      res,
      200,
      <Layout title={event.action} base={base} visit={visit}>
        <p class="trail">
          <a href={`${base}/audit`}>Audit log</a>
        </p>
        <div class="heading">
          <h1>{event.action}</h1>
          <Outcome event={event} />
        </div>
        <dl class="facts">
          <Fact name="Time">
            <Time at={event.createdAt} absent="" />
          </Fact>
          <Fact name="Actor">
            {toActorName(event.actor)} <span class="sub">{event.actor.id ?? event.actor.type}</span>
          </Fact>
          <Fact name="Target">
            <EventTarget base={base} event={event} />
          </Fact>
          <Fact name="Address">{event.ip ?? "None"}</Fact>
          <Fact name="Request">
            {event.requestId ?? "None"}
            {event.requestId !== undefined && <RequestLinks base={base} requestId={event.requestId} />}
          </Fact>
        </dl>
        {hasRecord && (
          <section aria-labelledby="changes">
            <h2 id="changes">{toChangesTitle(before, after)}</h2>
            {changes.length === 0 ? <p class="muted">No field differs.</p> : <ChangeTable changes={changes} />}
          </section>
        )}
        {details && <Json name="Details" value={details} />}
        {hasRecord && (
          <details>
            <summary>The whole record as JSON</summary>
            {before && <Json name="Before" value={before} />}
            {after && <Json name="After" value={after} />}
          </details>
        )}
      </Layout>,
    );
  };
}

const Json = ({ name, value }: { readonly name: string; readonly value: object }): VNode => (
  <section class="copyable" aria-labelledby={`part-${name}`}>
    <h2 id={`part-${name}`}>{name}</h2>
    <pre>
      <code>{JSON.stringify(value, redactValue, 2)}</code>
    </pre>
  </section>
);

/** Links to what else the request has caused. The request log has only SCIM requests and rejected ones. */
const RequestLinks = ({ base, requestId }: { readonly base: string; readonly requestId: string }): VNode => (
  <span class="sub">
    <a href={`${base}/audit?requestId=${encodeURIComponent(requestId)}`}>Events of this request</a>,{" "}
    <a href={`${base}/provisioning/requests?requestId=${encodeURIComponent(requestId)}`}>in the request log</a>
  </span>
);

function toChangesTitle(before: object | undefined, after: object | undefined): string {
  if (before === undefined) return "Created with";
  return after === undefined ? "Removed" : "Changes";
}
