import { matchesActionPattern } from "../../../schemas/audit-action.ts";
import type { AuditEvent } from "../../../schemas/audit-event.ts";
import { auditEvents, type WebhookDelivery } from "../../store/collections.ts";
import type { Condition, SizeLimit } from "../../store/query.ts";
import type { Store } from "../../store/store.ts";
import { lowestId } from "../entity.ts";

/** The part of a delivery that states what has been sent. */
export type DeliveryProgress = Pick<WebhookDelivery, "cursor" | "sentIds">;

/** Events to send, in their order, and the progress when all of them have been sent. */
export interface PendingPage {
  readonly events: readonly AuditEvent[];
  /** Events that were read, also those that need not be sent. */
  readonly readCount: number;
  /** The progress when this event and those before it on the page have been sent. */
  progressAfter(event: AuditEvent, progress: DeliveryProgress): DeliveryProgress;
  /** The progress when the whole page has been sent. */
  progressAtEnd(progress: DeliveryProgress): DeliveryProgress;
  /** Whether later events can be pending. */
  readonly hasMore: boolean;
}

/**
 * How long after its time an event may appear in the log, in milliseconds. Ids are in the order in which events happened,
 * and a transaction can commit after later ones: MongoDB ends it after a minute. The rest is for the difference between
 * the clocks of replicas. The cursor stays behind this time, and what was sent after it is remembered by id.
 */
export const settleMs = 90_000;
/**
 * Events older than this are read without a condition, in milliseconds, so that their number does not matter. It begins when
 * the cursor is twice as old, because the time goes on between two pages.
 */
const recentMs = 300_000;
/** The most remembered ids. With more events in 90 seconds, later ones wait until the first ones are settled. */
export const sentIdsMax = 2000;
const pageSize = 100;
/** An event has up to 120,000 characters. */
const sizeLimit: SizeLimit = { lengthMax: 1024 * 1024, firstBatch: 10 };

/**
 * Reads the next events that a webhook must send, the oldest first.
 * @param actions the patterns of the webhook
 * @param now in milliseconds since 1970
 * @throws AppError unavailable; query-too-expensive
 */
export async function readPending(
  store: Store,
  organizationId: string,
  { cursor, sentIds }: DeliveryProgress,
  actions: readonly string[],
  now: number,
  limit = pageSize,
): Promise<PendingPage> {
  const reader = store.for(organizationId).open(auditEvents);
  const afterCursor = { op: "gt", path: "id", value: cursor } as const;
  const recentId = lowestId("aud", new Date(now - recentMs));
  if (cursor < lowestId("aud", new Date(now - 2 * recentMs))) {
    const where: Condition = { op: "and", all: [afterCursor, { op: "lt", path: "id", value: recentId }] };
    const { items, isCut = false } = await reader.list({ where, limit, sizeLimit });
    const isEnd = !isCut && items.length < limit;
    const sent = new Set(sentIds);
    const end = isEnd ? recentId : (items.at(-1)?.id ?? cursor);
    return {
      readCount: items.length,
      events: items.filter(({ id, action }) => !sent.has(id) && isSelected(actions, action)),
      progressAfter: ({ id }, progress) => advance(progress, id),
      progressAtEnd: (progress) => advance(progress, end),
      hasMore: true,
    };
  }
  const settledId = lowestId("aud", new Date(now - settleMs));
  const isFull = sentIds.length >= sentIdsMax;
  const settledOnly: readonly Condition[] = isFull ? [{ op: "lt", path: "id", value: settledId }] : [];
  const { items, isCut = false } = await reader.list({
    where: { op: "and", all: [afterCursor, ...settledOnly, ...toConditions(actions, sentIds)] },
    limit,
    sizeLimit,
  });
  const isEnd = !isCut && items.length < limit;
  return {
    readCount: items.length,
    events: items,
    progressAfter: ({ id }, progress) => ({ ...progress, sentIds: [...progress.sentIds, id] }),
    progressAtEnd: (progress) => (isEnd ? advance(progress, settledId) : progress),
    // Later events can be read when the cursor has moved past remembered ids.
    hasMore: !isEnd || (isFull && advance({ cursor, sentIds }, settledId).sentIds.length < sentIds.length),
  };
}

/** Moves the cursor forward. Ids up to it need not be remembered. */
export function advance({ cursor, sentIds }: DeliveryProgress, to: string): DeliveryProgress {
  if (to <= cursor) return { cursor, sentIds };
  return { cursor: to, sentIds: sentIds.filter((id) => id > to) };
}

const isSelected = (actions: readonly string[], action: string): boolean =>
  actions.some((pattern) => matchesActionPattern(pattern, action));

function toConditions(actions: readonly string[], sentIds: readonly string[]): readonly Condition[] {
  const selections = actions.map(
    (pattern): Condition =>
      pattern.endsWith(".*")
        ? { op: "startsWith", path: "action", value: pattern.slice(0, -1) }
        : { op: "eq", path: "action", value: pattern },
  );
  return [
    ...(actions.includes("*") ? [] : [{ op: "or", all: selections } as const]),
    ...(sentIds.length === 0 ? [] : [{ op: "not", condition: { op: "in", path: "id", values: sentIds } } as const]),
  ];
}
