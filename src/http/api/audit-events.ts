import { z } from "zod";
import { type AuditEvent, actor, auditEvent, auditEventShown } from "../../../schemas/audit-event.ts";
import { AppError } from "../../errors.ts";
import { type Operation, operation } from "../operation.ts";
import { listQuery, pageAnswer, pageOf, withDates, within } from "./lists.ts";

const tag = "Audit";
const path = "/audit-events";
const text = z.string().max(200).optional();

const filters = {
  action: text.describe("exactly: `user.create`"),
  outcome: auditEvent.shape.outcome.optional(),
  actorId: text.describe("id of the token that did it"),
  actorType: actor.shape.type.optional(),
  targetId: text.describe("id of what it was done to"),
  targetType: text.describe("`user`, `mcp-server`"),
  ...within,
};

const list = operation({
  operationId: "listAuditEvents",
  method: "get",
  path,
  tag,
  query: z.object({ ...listQuery, ...filters }),
  summary: "Lists what has happened, the newest first",
  faults: ["query-too-expensive"],
  organization: {
    scopes: ["admin:read"],
    answers: { 200: pageOf(auditEventShown, "AuditEventList") },
    handle: ({ caller: { organizationId }, query }, { auditEvents }) => {
      const { limit: _, cursor: _c, ...asked } = query;
      const filter = withDates(asked);
      return pageAnswer(
        query,
        [organizationId, path, filter],
        (page) => auditEvents.list(organizationId, filter, page),
        (events) => events.map(shown),
      );
    },
  },
});

const exportAll = operation({
  operationId: "exportAuditEvents",
  method: "get",
  path: `${path}/export`,
  tag,
  query: z.object(filters),
  lines: auditEventShown,
  summary: "All events that match, the oldest first, as JSON Lines",
  description: `One event a line, in the form of the list, up to the moment of the request. To go on later, ask \`from\` a
minute before the last line and pass over the ids that were there: changes that take long are written late. An answer
whose connection breaks off is not whole; ask again.`,
  faults: ["query-too-expensive"],
  organization: {
    scopes: ["admin:read"],
    answers: { 200: z.string().describe("an AuditEvent on each line") },
    handle: async ({ caller: { organizationId }, query }, { auditEvents }) => ({
      status: 200,
      lines: shownLines(auditEvents.export(organizationId, withDates(query))),
    }),
  },
});

const get = operation({
  operationId: "getAuditEvent",
  method: "get",
  path: `${path}/{id}`,
  tag,
  parameters: { id: "id of the event" },
  summary: "One event",
  organization: {
    scopes: ["admin:read"],
    answers: { 200: auditEventShown },
    handle: async ({ caller, parameter }, { auditEvents }) => {
      const event = await auditEvents.get(caller.organizationId, parameter("id"));
      if (!event) throw new AppError("not-found", "There is no such event.");
      return { status: 200, body: shown(event) };
    },
  },
});

/** The audit log. */
export const auditEventOperations: readonly Operation[] = [list, exportAll, get];

async function* shownLines(events: AsyncIterable<AuditEvent>): AsyncGenerator<object> {
  for await (const event of events) yield shown(event);
}

/** An event never changes, so that it has no versions to speak of. */
function shown({ organizationId: _, version: _v, updatedAt: _u, ...rest }: AuditEvent): object {
  return rest;
}
