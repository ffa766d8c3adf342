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
  await insertAuditEvent(transaction, await toAuditEventInSteps(organizationId, actor, content));
}

/** Stores an audit event. Every other function that stores one calls this. */
export async function insertAuditEvent(transaction: Transaction, event: AuditEvent): Promise<void> {
  await transaction.for(event.organizationId).open(auditEvents).insert(event);
  collected.get(transaction)?.push(event);
}

/** The events of transactions that are in progress. */
const collected = new WeakMap<Transaction, AuditEvent[]>();

/** Returns the list of audit events that this transaction stores from now on. */
export function collectAuditEvents(transaction: Transaction): readonly AuditEvent[] {
  const events: AuditEvent[] = [];
  collected.set(transaction, events);
  return events;
}

/** Builds an audit event with a new id. Long values are recorded as digests. */
export function toAuditEvent(
  organizationId: string,
  source: EventSource,
  outcome: AuditEvent["outcome"],
  content: AuditEventContent,
): AuditEvent {
  const event = startEvent(organizationId, source, outcome, content);
  for (const field of valueFields) {
    const values = content[field];
    if (values) event[field] = boundValues(values);
  }
  return event;
}

/** Bounds the values of an event one after the other, because each may have a million characters. */
async function toAuditEventInSteps(
  organizationId: string,
  source: EventSource,
  content: AuditEventContent,
): Promise<AuditEvent> {
  const event = startEvent(organizationId, source, "success", content);
  let resumedAt = performance.now();
  for (const field of valueFields) {
    const values = content[field];
    if (!values) continue;
    resumedAt = await waitIfHeld(resumedAt);
    event[field] = boundValues(values);
  }
  return event;
}

const valueFields = ["before", "after", "details"] as const;

type EventSource = { readonly actor: Actor; readonly requestId?: string; readonly ip?: string };
type StartedEvent = { -readonly [Field in keyof AuditEvent]: AuditEvent[Field] };

/** Fields are assigned one by one: on Node 20, spreading them takes twice as long, JSON.stringify included. */
function startEvent(
  organizationId: string,
  { actor, requestId, ip }: EventSource,
  outcome: AuditEvent["outcome"],
  { action, target }: AuditEventContent,
): StartedEvent {
  const event: StartedEvent = Object.assign(newEntity("aud", organizationId), { action, target, outcome, actor });
  if (requestId !== undefined) event.requestId = requestId;
  if (ip !== undefined) event.ip = ip;
  return event;
}
