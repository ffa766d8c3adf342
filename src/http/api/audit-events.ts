import { z } from "zod";
import { type AuditEvent, actor, auditEvent, auditEventShown } from "../../../schemas/audit-event.ts";
import { AppError } from "../../errors.ts";
import { type Operation, operation } from "../operation.ts";
import { listQuery, pageAnswer, pageOf } from "./lists.ts";

const tag = "Audit";
const path = "/audit-events";
const text = z.string().max(200).optional();
const moment = z.iso.datetime({ offset: true, error: "must be a time such as 2026-01-31T08:00:00Z" }).optional();

const list = operation({
  operationId: "listAuditEvents",
  method: "get",
  path,
  tag,
  query: z.object({
    ...listQuery,
    action: text.describe("exactly: `user.create`"),
    outcome: auditEvent.shape.outcome.optional(),
    actorId: text.describe("id of the token that did it"),
    actorType: actor.shape.type.optional(),
    targetId: text.describe("id of what it was done to"),
    targetType: text.describe("`user`, `mcp-server`"),
    from: moment.describe("from this time on"),
    to: moment.describe("before this time"),
  }),
  summary: "Lists what has happened, the newest first",
  faults: ["query-too-expensive"],
  organization: {
    scopes: ["admin:read"],
    answers: { 200: pageOf(auditEventShown, "AuditEventList") },
    handle: ({ caller: { organizationId }, query }, { auditEvents }) => {
      const { limit: _, cursor: _c, from, to, ...exact } = query;
      const filter = { ...exact, from: dateOf(from), to: dateOf(to) };
      return pageAnswer(
        query,
        [organizationId, path, filter],
        (page) => auditEvents.list(organizationId, filter, page),
        (events) => events.map(shown),
      );
    },
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
export const auditEventOperations: readonly Operation[] = [list, get];

const dateOf = (time: string | undefined): Date | undefined => (time === undefined ? undefined : new Date(time));

/** An event never changes, so that it has no versions to speak of. */
function shown({ organizationId: _, version: _v, updatedAt: _u, ...rest }: AuditEvent): object {
  return rest;
}
