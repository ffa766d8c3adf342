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
  { action, target, before, after, details }: AuditEventContent,
): AuditEvent {
  // Assigned one by one: on Node 20, spreading these parts takes twice as long, JSON.stringify included.
  const event: { -readonly [Field in keyof AuditEvent]: AuditEvent[Field] } = Object.assign(
    newEntity("aud", organizationId),
    { action, target, outcome, actor },
  );
  if (before) event.before = boundValues(before);
  if (after) event.after = boundValues(after);
  if (details) event.details = boundValues(details);
  if (requestId !== undefined) event.requestId = requestId;
  if (ip !== undefined) event.ip = ip;
  return event;
}
