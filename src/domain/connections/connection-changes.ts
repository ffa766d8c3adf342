import { isDeepStrictEqual } from "node:util";
import type { Connection } from "../../../schemas/connection.ts";
import { AppError } from "../../errors.ts";
import { connections, mcpServers, users } from "../../store/collections.ts";
import type { Tenant, Transaction } from "../../store/store.ts";
import type { EffectiveAccess } from "../access/effective-access.ts";
import { recordAuditEvent } from "../audit/record.ts";
import type { Caller } from "../caller.ts";
import { newEntity, nextVersion } from "../entity.ts";
import { removeCredential } from "../oauth/removed-credentials.ts";
import { assertVersion, type ExpectedVersion } from "../precondition.ts";

/** The fields of a connection that its user may set. */
export type ConnectionContent = Pick<Connection, "status" | "account" | "expiresAt">;

/** The version of a missing connection, for clients that have read that there is none. */
export const noConnectionVersion = 0;

/** Returns the lookup key of a connection. The pair of user and server is unique. */
export const toConnectionKey = (userId: string, mcpServerId: string): string => `${userId}/${mcpServerId}`;

/** @returns the user's connection to a server; undefined if there is none */
export async function findConnection(
  tenant: Pick<Tenant<"read">, "open">,
  userId: string,
  mcpServerId: string,
): Promise<Connection | undefined> {
  const where = { op: "eq", path: "lookup.key", value: toConnectionKey(userId, mcpServerId) } as const;
  return (await tenant.open(connections).list({ where, limit: 1 })).items[0];
}

/**
 * Creates a user's connection to a server, or replaces its content.
 * @throws AppError not-found; precondition-failed; conflict if a concurrent change has created it
 */
export async function putConnectionWithin(
  transaction: Transaction,
  caller: Caller,
  access: EffectiveAccess,
  mcpServerId: string,
  expected: ExpectedVersion,
  content: ConnectionContent,
): Promise<{ connection: Connection; isNew: boolean }> {
  const { organizationId, userId } = access;
  const tenant = transaction.for(organizationId);
  // Read inside the transaction, so that a server or user removed concurrently keeps no connection (CascadeDeletes).
  const server = await tenant.open(mcpServers).get(mcpServerId);
  if (!server || !access.canAccess("mcp-server", server) || !(await tenant.open(users).get(userId)))
    throw mcpServerNotFound();
  const current = await findConnection(tenant, userId, mcpServerId);
  const lookup = { key: toConnectionKey(userId, mcpServerId) };
  if (!current) {
    if (expected.ifMatch) assertVersion(noConnectionVersion, { ifMatch: expected.ifMatch });
    const entity = newEntity("con", organizationId);
    const { slug: mcpServer } = server;
    const connection = { ...entity, userId, mcpServerId, mcpServer, connectedAt: entity.createdAt, ...content };
    await tenant.open(connections).insert({ ...connection, lookup });
    await recordAuditEvent(transaction, organizationId, caller, {
      action: "connection.create",
      target: { type: "connection", id: connection.id },
      after: toAuditSnapshot(connection),
    });
    return { connection, isNew: true };
  }
  assertVersion(current.version, expected);
  const { status: before, account: _, expiresAt: _e, statusReason: _r, ...rest } = current;
  if (isDeepStrictEqual({ ...rest, ...content }, current)) return { connection: current, isNew: false };
  const next = nextVersion(current);
  const isReconnect = content.status === "connected" && before !== "connected";
  const connection = { ...rest, ...next, ...(isReconnect && { connectedAt: next.updatedAt }), ...content };
  await tenant.open(connections).replace({ ...connection, lookup }, current.version);
  await recordAuditEvent(transaction, organizationId, caller, {
    action: "connection.update",
    target: { type: "connection", id: connection.id },
    before: toAuditSnapshot(current),
    after: toAuditSnapshot(connection),
  });
  return { connection, isNew: false };
}

/** Removes a connection. @throws AppError not-found; precondition-failed */
export async function removeConnectionWithin(
  transaction: Transaction,
  caller: Caller,
  current: Connection | undefined,
  expected: ExpectedVersion,
): Promise<void> {
  if (!current) throw new AppError("not-found", "The connection was not found.");
  assertVersion(current.version, expected);
  const tenant = transaction.for(caller.organizationId);
  await tenant.open(connections).remove(current.id, current.version);
  await removeCredential(transaction, caller.organizationId, current.id);
  await recordAuditEvent(transaction, caller.organizationId, caller, {
    action: "connection.delete",
    target: { type: "connection", id: current.id },
    before: toAuditSnapshot(current),
  });
}

/** Returns the fields of a connection that audit events record. */
function toAuditSnapshot(connection: Connection): Readonly<Record<string, unknown>> {
  const { id: _, organizationId: _o, version: _v, createdAt: _c, updatedAt: _u, ...snapshot } = connection;
  return snapshot;
}

/** The error for a server that does not exist or that the user may not use. */
export const mcpServerNotFound = (): AppError => new AppError("not-found", "The MCP server was not found.");
