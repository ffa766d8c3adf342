import type { Log } from "../../log.ts";
import type { AuthorizationRequest } from "../../store/collections.ts";
import type { Store } from "../../store/store.ts";
import type { Caller } from "../caller.ts";
import { insertAuditEvent, toAuditEvent } from "./record.ts";

/**
 * Records why an authorization failed, for the organization: the page in the browser does not state it. Never fails.
 * @param reason the message of the error, without secrets
 */
export async function recordRejectedAuthorization(
  { store, log }: { readonly store: Store; readonly log: Log },
  caller: Caller,
  { organizationId, userId, mcpServerId }: AuthorizationRequest,
  reason: string,
): Promise<void> {
  const event = toAuditEvent(organizationId, caller, "refused", {
    action: "connection.authorize",
    target: { type: "mcp-server", id: mcpServerId },
    details: { userId, reason },
  });
  await store
    .transaction((transaction) => insertAuditEvent(transaction, event))
    .catch((cause: unknown) => log.warn("an audit event could not be stored", { action: event.action, cause }));
}
