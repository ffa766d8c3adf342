import type { RequestHandler } from "express";
import type { VNode } from "preact";
import { auditAction } from "../../../../schemas/audit-action.ts";
import { type AuditEvent, auditEvent } from "../../../../schemas/audit-event.ts";
import { CardTable } from "../facts.tsx";
import { SelectField, TextField } from "../fields.tsx";
import type { PageOptions } from "../options.ts";
import { Layout, sendHtmlPage, toActorName } from "../page.tsx";
import { PageLinks, readListPage } from "../paging.tsx";
import { toTargetPath } from "../target-path.ts";
import { Time } from "../time.tsx";
import { requireVisit } from "../visit.ts";
import { type AuditLogQuery, readAuditLogQuery, toAuditEventFilter } from "./query.ts";

/** Lists audit events, newest first. */
export function showAuditLog({ base, services }: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleListAuditEvents";
    const visit = requireVisit(req);
    const { organizationId } = visit.caller;
    const query = readAuditLogQuery(req.query);
    const { from, to } = query;
    const page = await readListPage({ organizationId, list: "audit", query }, (position) =>
      services.auditEvents.list(organizationId, toAuditEventFilter(query), { ...position, sizeLimit }),
    );
    const url = `${base}/audit`;
    sendHtmlPage(
      res,
      200,
      <Layout title="Audit log" base={base} visit={visit}>
        <h1>Audit log</h1>
        <form method="get" action={url} class="filters" aria-label="Filters">
          <SelectField name="action" label="Action" value={query.action ?? ""} options={actions} />
          <SelectField name="outcome" label="Outcome" value={query.outcome ?? ""} options={outcomes} />
          <TextField name="actorId" label="Id of the actor" value={query.actorId ?? ""} />
          <TextField name="targetId" label="Id of the target" value={query.targetId ?? ""} />
          <TextField name="requestId" label="Request id" value={query.requestId ?? ""} />
          <TextField name="from" label="First day (UTC)" type="date" value={from ?? ""} />
          <TextField name="to" label="Last day (UTC)" type="date" value={to ?? ""} />
          <button type="submit">Filter</button>
        </form>
        <p class="actions">
          <a href={`${url}/export?${toFilterQuery(query)}`} download>
            Download all matching events as JSON Lines
          </a>
        </p>
        {page.items.length === 0 ? (
          <p class="empty">No event matches.</p>
        ) : (
          <CardTable caption="Audit events, newest first" columns={columns}>
            {page.items.map((event) => (
              <EventRow key={event.id} base={base} event={event} />
            ))}
          </CardTable>
        )}
        <PageLinks url={url} page={page} />
      </Layout>,
    );
  };
}

function toFilterQuery({ cursor: _, ...filters }: AuditLogQuery): string {
  const entries = Object.entries(filters).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]));
  return new URLSearchParams(entries).toString();
}

/** An event has up to 80,000 characters. */
const sizeLimit = { lengthMax: 4 * 1024 * 1024, firstBatch: 10 };
const actions = { "": "Any", ...Object.fromEntries(auditAction.options.map((action) => [action, action])) };
const outcomes = { "": "Any", ...Object.fromEntries(auditEvent.shape.outcome.options.map((each) => [each, each])) };
const columns = ["Action", "Time", "Actor", "Target", "Address", "Outcome"] as const;

const EventRow = ({ base, event }: { readonly base: string; readonly event: AuditEvent }): VNode => (
  <tr>
    <th scope="row">
      <a href={`${base}/audit/${event.id}`}>{event.action}</a>
    </th>
    <td data-label="Time">
      <Time at={event.createdAt} absent="" />
    </td>
    <td data-label="Actor">
      {toActorName(event.actor)}
      {event.actor.id !== undefined && (
        <a class="sub" href={`${base}/audit?actorId=${encodeURIComponent(event.actor.id)}`}>
          Events of this actor
        </a>
      )}
    </td>
    <td data-label="Target">
      <EventTarget base={base} event={event} />
    </td>
    <td data-label="Address">{event.ip ?? ""}</td>
    <td data-label="Outcome">
      <Outcome event={event} />
    </td>
  </tr>
);

/** The target of an event, with a link to its page if there is one. */
export function EventTarget({ base, event: { target } }: { readonly base: string; readonly event: AuditEvent }): VNode {
  if (!target) return <span class="muted">None</span>;
  const path = toTargetPath(target);
  const id = <code class="sub">{target.id}</code>;
  return (
    <>
      {target.type}
      {path === undefined ? id : <a href={`${base}${path}`}>{id}</a>}
    </>
  );
}

/** Whether an action succeeded. */
export const Outcome = ({ event: { outcome } }: { readonly event: Pick<AuditEvent, "outcome"> }): VNode => (
  <span class={`status ${outcome === "success" ? "active" : "revoked"}`}>{outcome}</span>
);
