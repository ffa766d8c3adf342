import { z } from "zod";
import { auditAction } from "../../../../schemas/audit-action.ts";
import { type AuditEvent, actor, auditEvent, auditEventResponse } from "../../../../schemas/audit-event.ts";
import { renderLogEntry } from "../../../domain/audit/log-entry.ts";
import { parseTimeRange, timeRangeParameters } from "../kernel/lists.ts";
import { defineOperation, type Operation } from "../kernel/operation.ts";
import { logOperations, logTag } from "./log-operations.ts";

const path = "/audit-events";
const textParameter = z.string().max(200).optional();

const filters = {
  action: auditAction.optional().describe("The exact name of the action, such as `user.create`."),
  outcome: auditEvent.shape.outcome.optional().describe("The outcome of the action."),
  actorId: textParameter.describe("The id of the token that performed the action."),
  actorType: actor.shape.type.optional().describe("The type of the actor."),
  targetId: textParameter.describe("The id of the resource that the action was performed on."),
  targetType: textParameter.describe("The type of that resource, such as `user` or `mcp-server`."),
  requestId: textParameter.describe(
    "The `X-Request-Id` header of the response. Without `from`, an id that is a ULID, as the service creates them, finds the events of the two hours around its time. Combine an id that the client has chosen with `from`.",
  ),
};

const { list, get } = logOperations({
  path,
  title: "event",
  filters,
  responseSchema: auditEventResponse,
  pageSchemaId: "AuditEventList",
  list: {
    operationId: "listAuditEvents",
    summary: "List audit events, newest first",
    description: "All filters must match. Each change of the organization's data has an event.",
  },
  get: {
    operationId: "getAuditEvent",
    summary: "Get one audit event",
    description: "Events never change. They are deleted at the end of their retention.",
    idDescription: "The id of the event.",
  },
  readerFrom: ({ auditEvents }) => auditEvents,
});

const exportAll = defineOperation({
  operationId: "exportAuditEvents",
  method: "get",
  path: `${path}/export`,
  tag: logTag,
  query: z.object({ ...filters, ...timeRangeParameters }),
  lineSchema: auditEventResponse,
  summary: "Export all matching audit events as JSON Lines, oldest first",
  description: `Each line is one event in the format of the list. The export ends at the time of the request. To continue
later, set \`from\` to one minute before the last line and skip the ids that you already have: the events of long-running
changes are written late. If the connection closes early, the export is incomplete. Repeat the request.`,
  errorCodes: ["query-too-expensive"],
  organization: {
    scopes: ["admin:read"],
    responses: { 200: z.string().describe("One AuditEvent per line.") },
    handle: async ({ caller: { organizationId }, query }, { auditEvents }) => ({
      status: 200,
      lines: renderAuditEvents(auditEvents.export(organizationId, parseTimeRange(query))),
    }),
  },
});

/** The operations on the audit log. */
export const auditEventOperations: readonly Operation[] = [list, exportAll, get];

/** Renders events as the API shows them. */
export async function* renderAuditEvents(events: AsyncIterable<AuditEvent>): AsyncGenerator<object> {
  for await (const event of events) yield renderLogEntry(event);
}
