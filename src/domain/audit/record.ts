import type { Actor, AuditEvent } from "../../../schemas/audit-event.ts";
import type { Change } from "../../store/collection.ts";
import { auditEvents } from "../../store/collections.ts";
import type { Caller } from "../caller.ts";
import { newEntity } from "../entity.ts";

/** Who makes a change and from where; a Caller is one. */
export type Author = Pick<Caller, "actor" | "requestId" | "ip">;

/** Changes of the service itself, and of whoever sits at the machine. */
export const service: Author = { actor: { type: "service" } };
export const operator: Author = { actor: { type: "operator" } };

export type ChangeEvent = Pick<AuditEvent, "action" | "target" | "before" | "after" | "details">;

/** Writes the event of a change inside the change's own transaction: both are kept, or neither. */
export async function record(
  change: Change,
  organizationId: string,
  author: Author,
  event: ChangeEvent,
): Promise<void> {
  await change
    .for(organizationId)
    .open(auditEvents)
    .insert(auditEventOf(organizationId, author, "success", event));
}

export function auditEventOf(
  organizationId: string,
  { actor, requestId, ip }: { actor: Actor; requestId?: string; ip?: string },
  outcome: AuditEvent["outcome"],
  event: ChangeEvent,
): AuditEvent {
  return {
    ...newEntity("aud", organizationId),
    ...event,
    outcome,
    actor,
    ...(requestId !== undefined && { requestId }),
    ...(ip !== undefined && { ip }),
  };
}
