import type { Actor, AuditEvent } from "../../../schemas/audit-event.ts";
import { waitIfHeld } from "../../own-tick.ts";
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
  await log.insert(buildAuditEvent(organizationId, actor, "success", await boundInSteps(content)));
}

/** Bounds the values of an event one after the other, because each may have a million characters. */
async function boundInSteps({ before, after, details, ...event }: AuditEventContent): Promise<AuditEventContent> {
  let resumedAt = performance.now();
  const bounded: Pick<AuditEvent, "before" | "after" | "details"> = {};
  for (const [name, values] of Object.entries({ before, after, details })) {
    if (!values) continue;
    resumedAt = await waitIfHeld(resumedAt);
    Object.assign(bounded, { [name]: boundValues(values) });
  }
  return { ...event, ...bounded };
}

/** Builds an audit event with a new id. Long values are recorded as digests. */
export function toAuditEvent(
  organizationId: string,
  source: EventSource,
  outcome: AuditEvent["outcome"],
  { before, after, details, ...event }: AuditEventContent,
): AuditEvent {
  return buildAuditEvent(organizationId, source, outcome, {
    ...event,
    ...(before && { before: boundValues(before) }),
    ...(after && { after: boundValues(after) }),
    ...(details && { details: boundValues(details) }),
  });
}

type EventSource = { readonly actor: Actor; readonly requestId?: string; readonly ip?: string };

function buildAuditEvent(
  organizationId: string,
  { actor, requestId, ip }: EventSource,
  outcome: AuditEvent["outcome"],
  content: AuditEventContent,
): AuditEvent {
  return {
    ...newEntity("aud", organizationId),
    ...content,
    outcome,
    actor,
    ...(requestId !== undefined && { requestId }),
    ...(ip !== undefined && { ip }),
  };
}
