import type { RequestHandler } from "express";
import { redactValue, renderLogEntry } from "../../../domain/audit/log-entry.ts";
import { AppError } from "../../../errors.ts";
import { Fact } from "../facts.tsx";
import type { PageOptions } from "../options.ts";
import { Layout, sendHtmlPage, toActorName } from "../page.tsx";
import { readPathId } from "../path-id.ts";
import { Time } from "../time.tsx";
import { requireVisit } from "../visit.ts";
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
    const parts = Object.entries({ Before: before, After: after, Details: details }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, JSON.stringify(value, redactValue, 2)] as const],
    );
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
          <Fact name="Request">{event.requestId ?? "None"}</Fact>
        </dl>
        {parts.map(([name, json]) => (
          <section key={name} class="copyable" aria-labelledby={`part-${name}`}>
            <h2 id={`part-${name}`}>{name}</h2>
            <pre>
              <code>{json}</code>
            </pre>
          </section>
        ))}
      </Layout>,
    );
  };
}
