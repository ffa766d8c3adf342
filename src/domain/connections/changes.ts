import type { Connection } from "../../../schemas/connection.ts";
import { AppError } from "../../errors.ts";
import type { Change, Tenant } from "../../store/collection.ts";
import { connections, mcpServers, users } from "../../store/collections.ts";
import type { Standing } from "../access/standing.ts";
import { sameAttributes } from "../attributes.ts";
import { record } from "../audit/record.ts";
import type { Caller } from "../caller.ts";
import { newEntity, nextVersion } from "../entity.ts";
import { assertVersion, type ExpectedVersion } from "../precondition.ts";

/** What a user may say of an own connection. */
export type ConnectionContent = Pick<Connection, "status" | "account" | "expiresAt">;

/** The version of a connection that is not there, for who has been told that there is none. */
export const noConnection = 0;

/** The pair that is taken once. */
export const keyOf = (userId: string, mcpServerId: string): string => `${userId}/${mcpServerId}`;

/** The user's connection to a server. */
export async function connectionTo(
  tenant: Pick<Tenant<"read">, "open">,
  userId: string,
  mcpServerId: string,
): Promise<Connection | undefined> {
  const where = { op: "eq", path: "asked.key", value: keyOf(userId, mcpServerId) } as const;
  return (await tenant.open(connections).list({ where, limit: 1 })).items[0];
}

/**
 * Makes a user's connection, or puts other content in its place.
 * @throws AppError not-found; precondition-failed; conflict when another change has made it meanwhile
 */
export async function putWithin(
  change: Change,
  caller: Caller,
  standing: Standing,
  mcpServerId: string,
  expected: ExpectedVersion,
  content: ConnectionContent,
): Promise<{ connection: Connection; isNew: boolean }> {
  const { organizationId, userId } = standing;
  const tenant = change.for(organizationId);
  // Both are read here again, so that what is removed beside this change leaves no connection behind (Purges).
  const server = await tenant.open(mcpServers).get(mcpServerId);
  if (!server || !standing.reaches("mcp-server", server) || !(await tenant.open(users).get(userId))) throw noServer();
  const current = await connectionTo(tenant, userId, mcpServerId);
  const asked = { key: keyOf(userId, mcpServerId) };
  if (!current) {
    if (expected.oneOf) assertVersion(noConnection, { oneOf: expected.oneOf });
    const made = newEntity("con", organizationId);
    const { slug: mcpServer } = server;
    const connection = { ...made, userId, mcpServerId, mcpServer, connectedAt: made.createdAt, ...content };
    await tenant.open(connections).insert({ ...connection, asked });
    await record(change, organizationId, caller, {
      action: "connection.create",
      target: { type: "connection", id: connection.id },
      after: toldOf(connection),
    });
    return { connection, isNew: true };
  }
  assertVersion(current.version, expected);
  const { status: before, account: _, expiresAt: _e, ...kept } = current;
  if (sameAttributes({ ...kept, ...content }, current)) return { connection: current, isNew: false };
  const next = nextVersion(current);
  const isAgain = content.status === "connected" && before !== "connected";
  const connection = { ...kept, ...next, ...(isAgain && { connectedAt: next.updatedAt }), ...content };
  await tenant.open(connections).replace({ ...connection, asked }, current.version);
  await record(change, organizationId, caller, {
    action: "connection.update",
    target: { type: "connection", id: connection.id },
    before: toldOf(current),
    after: toldOf(connection),
  });
  return { connection, isNew: false };
}

/** @throws AppError not-found; precondition-failed */
export async function removeWithin(
  change: Change,
  caller: Caller,
  current: Connection | undefined,
  expected: ExpectedVersion,
): Promise<void> {
  if (!current) throw new AppError("not-found", "There is no such connection.");
  assertVersion(current.version, expected);
  await change.for(caller.organizationId).open(connections).remove(current.id, current.version);
  await record(change, caller.organizationId, caller, {
    action: "connection.delete",
    target: { type: "connection", id: current.id },
    before: toldOf(current),
  });
}

/** What an audit event tells of a connection. */
function toldOf(connection: Connection): Readonly<Record<string, unknown>> {
  const { id: _, organizationId: _o, version: _v, createdAt: _c, updatedAt: _u, ...told } = connection;
  return told;
}

export const noServer = (): AppError => new AppError("not-found", "There is no such MCP server.");
