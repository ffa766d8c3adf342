import { connections, type UpstreamCredential, upstreamCredentials } from "../../store/collections.ts";
import type { Transaction } from "../../store/store.ts";
import { type AuditActor, recordAuditEvent, serviceActor } from "../audit/record.ts";
import { toConnectionKey } from "../connections/connection-changes.ts";
import { nextVersion } from "../entity.ts";
import { removeCredential } from "./removed-credentials.ts";

/** Why the service ends a connection. */
export interface Disconnect {
  /** The connection shows it, and the audit event records it. */
  readonly reason: string;
  /** Who caused it. Absent: the service. */
  readonly actor?: AuditActor;
  /** Whether the tokens may still be valid at the authorization server, so that they are revoked there. */
  readonly isRevoked?: boolean;
}

/** Removes the tokens of a connection and sets its status to `expired`, with the reason. */
export async function disconnectWithin(
  transaction: Transaction,
  { organizationId, holderId, id }: UpstreamCredential,
  { reason, actor = serviceActor, isRevoked = false }: Disconnect,
): Promise<void> {
  const tenant = transaction.for(organizationId);
  if (isRevoked) await removeCredential(transaction, organizationId, holderId);
  else await tenant.open(upstreamCredentials).remove(id, "any");
  const current = await tenant.open(connections).get(holderId);
  if (!current) return;
  const connection = { ...current, ...nextVersion(current), status: "expired", statusReason: reason } as const;
  const lookup = { key: toConnectionKey(current.userId, current.mcpServerId) };
  await tenant.open(connections).replace({ ...connection, lookup }, current.version);
  await recordAuditEvent(transaction, organizationId, actor, {
    action: "connection.disconnect",
    target: { type: "connection", id: holderId },
    details: { mcpServer: current.mcpServer, userId: current.userId, reason },
  });
}
