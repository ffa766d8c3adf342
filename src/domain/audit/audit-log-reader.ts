import { decodeTime } from "ulid";
import type { AuditEvent } from "../../../schemas/audit-event.ts";
import { auditEvents } from "../../store/collections.ts";
import type { Condition } from "../../store/query.ts";
import type { Store } from "../../store/store.ts";
import { lowestId } from "../entity.ts";
import { LogReader, type TimeRange, toEqualities } from "./log-reader.ts";

/** Filters of the audit log. An event must match all that are present. */
export interface AuditEventFilter extends TimeRange {
  readonly action?: AuditEvent["action"] | undefined;
  readonly outcome?: AuditEvent["outcome"] | undefined;
  readonly actorId?: string | undefined;
  readonly actorType?: AuditEvent["actor"]["type"] | undefined;
  readonly targetId?: string | undefined;
  readonly targetType?: string | undefined;
  /** Without `from`, only events from about the time of the request are found if the id contains that. */
  readonly requestId?: string | undefined;
}

/** A request has ended long before, and clocks of replicas differ less, in milliseconds. */
const requestMsMax = 3_600_000;

/**
 * Limits the search for a request to the events around its time, because no index has the ids of requests. The service's
 * own request ids begin with the time, like all ULIDs. A request id that the client chose has no time, or can have a false
 * one: `from` finds its events too.
 */
function createdAround(requestId: string): readonly Condition[] {
  if (!ulidPattern.test(requestId)) return [];
  const time = decodeTime(requestId);
  const toId = (ms: number): string => lowestId("aud", new Date(Math.min(Math.max(0, ms), ulidTimeMax)));
  return [
    { op: "ge", path: "id", value: toId(time - requestMsMax) },
    { op: "lt", path: "id", value: toId(time + requestMsMax) },
  ];
}

/** A ULID has 48 bits of time. */
const ulidTimeMax = 2 ** 48 - 1;
/** The first character bounds the time to 48 bits. */
const ulidPattern = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;

/** Reads the audit log of an organization. */
export class AuditLogReader extends LogReader<AuditEvent, AuditEventFilter> {
  constructor(store: Store) {
    super(store, {
      collection: auditEvents,
      prefix: "aud",
      toConditions: ({ action, outcome, actorId, actorType, targetId, targetType, requestId, from }) => [
        ...toEqualities({
          ...{ action, outcome, "actor.id": actorId, "actor.type": actorType },
          ...{ "target.id": targetId, "target.type": targetType, requestId },
        }),
        ...(requestId === undefined || from ? [] : createdAround(requestId)),
      ],
    });
  }
}
