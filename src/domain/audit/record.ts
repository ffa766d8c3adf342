import type { Actor, AuditEvent } from "../../../schemas/audit-event.ts";
import { auditEvents } from "../../store/collections.ts";
import type { Transaction } from "../../store/store.ts";
import type { Caller } from "../caller.ts";
import { newEntity } from "../entity.ts";
import { boundValues } from "./bounded-values.ts";
import { nameExtensions } from "./extension-names.ts";

/** The actor of a change and the origin of its request. Every `Caller` is one. */
export type AuditActor = Pick<Caller, "actor" | "requestId" | "ip">;

/** The actor of changes by the service itself. */
export const serviceActor: AuditActor = { actor: { type: "service" } };
/** The actor of changes through the CLI. */
export const operatorActor: AuditActor = { actor: { type: "operator" } };

/** The part of an audit event that describes the change. */
export type AuditEventContent = Pick<AuditEvent, "action" | "target" | "before" | "after" | "details">;

/** Records the audit event of a change in the transaction of the change, so that both are stored or neither is. */
export async function recordAuditEvent(
  transaction: Transaction,
  organizationId: string,
  actor: AuditActor,
  event: AuditEventContent,
): Promise<void> {
  const content = await nameExtensions(transaction, organizationId, event);
  const log = transaction.for(organizationId).open(auditEvents);
  await log.insert(toAuditEvent(organizationId, actor, "success", content));
}

/** Builds an audit event with a new id. Long values are recorded as digests. */
export function toAuditEvent(
  organizationId: string,
  { actor, requestId, ip }: { actor: Actor; requestId?: string; ip?: string },
  outcome: AuditEvent["outcome"],
  { before, after, details, ...event }: AuditEventContent,
): AuditEvent {
  return {
    ...newEntity("aud", organizationId),
    ...event,
    ...(before && { before: boundValues(before) }),
    ...(after && { after: boundValues(after) }),
    ...(details && { details: boundValues(details) }),
    outcome,
    actor,
    ...(requestId !== undefined && { requestId }),
    ...(ip !== undefined && { ip }),
  };
}
