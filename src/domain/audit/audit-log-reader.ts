import type { AuditEvent } from "../../../schemas/audit-event.ts";
import { auditEvents } from "../../store/collections.ts";
import type { Store } from "../../store/store.ts";
import { LogReader, type TimeRange, toEqualities } from "./log-reader.ts";

/** Filters of the audit log. An event must match all that are present. */
export interface AuditEventFilter extends TimeRange {
  readonly action?: AuditEvent["action"] | undefined;
  readonly outcome?: AuditEvent["outcome"] | undefined;
  readonly actorId?: string | undefined;
  readonly actorType?: AuditEvent["actor"]["type"] | undefined;
  readonly targetId?: string | undefined;
  readonly targetType?: string | undefined;
}

/** Reads the audit log of an organization. */
export class AuditLogReader extends LogReader<AuditEvent, AuditEventFilter> {
  constructor(store: Store) {
    super(store, {
      collection: auditEvents,
      prefix: "aud",
      toConditions: ({ action, outcome, actorId, actorType, targetId, targetType }) =>
        toEqualities({
          ...{ action, outcome, "actor.id": actorId, "actor.type": actorType },
          ...{ "target.id": targetId, "target.type": targetType },
        }),
    });
  }
}
