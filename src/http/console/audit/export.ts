import type { RequestHandler } from "express";
import { renderAuditEvents } from "../../api/resources/audit-events.ts";
import { sendJsonLines } from "../../server/send.ts";
import type { PageOptions } from "../options.ts";
import { requireVisit } from "../visit.ts";
import { readAuditLogQuery, toAuditEventFilter } from "./query.ts";

/** Downloads all events that match the filters of the list as JSON Lines, the oldest first, like the export of the API. */
export function exportAuditLog({ services }: PageOptions): RequestHandler {
  return async (req, res) => {
    req.operationId = "consoleExportAuditEvents";
    const { organizationId } = requireVisit(req).caller;
    const { cursor: _, ...query } = readAuditLogQuery(req.query);
    const events = services.auditEvents.export(organizationId, toAuditEventFilter(query));
    // The name has nothing that anybody can choose.
    const name = `audit-events-${new Date().toISOString().slice(0, 10)}.jsonl`;
    res.setHeader("Content-Disposition", `attachment; filename="${name}"`);
    try {
      await sendJsonLines(res, 200, renderAuditEvents(events));
    } catch (error) {
      if (!res.headersSent) res.removeHeader("Content-Disposition"); // the response is an error page
      throw error;
    }
  };
}
