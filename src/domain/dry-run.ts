import type { AuditEvent } from "../../schemas/audit-event.ts";
import type { Store } from "../store/store.ts";
import { collectAuditEvents } from "./audit/record.ts";
import { type ChangeableResources, type ChangeOptions, createChangeableResources } from "./changeable-resources.ts";

/** Services for one request whose changes are not stored. */
export interface DryRun {
  readonly resources: ChangeableResources;
  /** Returns the audit events that the changes would have stored so far, in their order. */
  events(): readonly AuditEvent[];
}

/**
 * Starts a dry run. The services run the same code as for a real change, on the stored data, and the database checks what
 * they write. Then everything is rolled back, and nothing follows: no cascade delete and no webhook.
 * @param store without a listener of audit events
 */
export function startDryRun(store: Store, options: Omit<ChangeOptions, "cascadeDeletes" | "tokenCleanup">): DryRun {
  let events: readonly AuditEvent[] = [];
  const transaction: Store["transaction"] = async (body, transactionOptions) => {
    try {
      await store.transaction(async (tx) => {
        const collected = collectAuditEvents(tx);
        const result = await body(tx);
        events = collected;
        throw new RolledBackResult(result);
      }, transactionOptions);
    } catch (error) {
      if (error instanceof RolledBackResult) return error.result;
      throw error;
    }
    throw new Error("A dry run was committed.");
  };
  const nothing = { run: async () => undefined };
  const resources = createChangeableResources(
    { ...store, transaction },
    { ...options, cascadeDeletes: nothing, tokenCleanup: nothing },
  );
  return { resources, events: () => events };
}

/** Ends the transaction of a dry run. An engine sends all writes before it passes the error of a body on. */
class RolledBackResult<R> extends Error {
  readonly result: R;

  constructor(result: R) {
    super("The transaction of a dry run is rolled back.");
    this.result = result;
  }
}
