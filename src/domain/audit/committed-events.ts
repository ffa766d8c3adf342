import type { AuditEvent } from "../../../schemas/audit-event.ts";
import type { Store } from "../../store/store.ts";
import { collectAuditEvents } from "./record.ts";

/**
 * Returns the store with a listener that receives the audit events of each transaction after its commit, in their order.
 * Only the transactions of this process are seen. If the response to a commit is lost, its events are stored, but not
 * reported here.
 * @param listener must not throw and must not wait
 */
export function withAuditListener(store: Store, listener: (events: readonly AuditEvent[]) => void): Store {
  return {
    ...store,
    transaction: async (body, options) => {
      let events: readonly AuditEvent[] = [];
      const result = await store.transaction((transaction) => {
        events = collectAuditEvents(transaction); // a repeated body records its events again
        return body(transaction);
      }, options);
      if (events.length > 0) listener(events);
      return result;
    },
  };
}
