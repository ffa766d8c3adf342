import type { McpServer } from "../../../schemas/mcp-server.ts";
import {
  mcpServers,
  type RevocationClient,
  removedOAuthClients,
  serviceTenant,
  tokenRevocations,
  type UpstreamCredential,
  upstreamCredentials,
} from "../../store/collections.ts";
import type { Entity } from "../../store/record.ts";
import type { Transaction } from "../../store/store.ts";
import { findCredential, toClientSecretId, toCredentialId } from "../credentials/stored-credential.ts";
import { newEntity } from "../entity.ts";
import { readRevocationClient } from "./oauth-settings.ts";

/**
 * Removes the credential of an MCP server or connection, if there is one. OAuth tokens are moved to the queue of tokens
 * to revoke (`TokenRevocations`), in the same transaction.
 */
export async function removeCredential(
  transaction: Transaction,
  organizationId: string,
  holderId: string,
): Promise<void> {
  const tenant = transaction.for(organizationId);
  const stored = await findCredential(tenant, holderId);
  if (!stored) return;
  await tenant.open(upstreamCredentials).remove(toCredentialId(holderId), "any");
  await enqueueRevocation(transaction, stored);
}

/** Adds OAuth tokens to the queue of tokens to revoke, if they can be revoked. Other credentials are ignored. */
export async function enqueueRevocation(
  transaction: Transaction,
  {
    organizationId,
    holderId,
    origin,
    keyId,
    ciphertext,
    purpose,
    mcpServerId,
  }: Omit<UpstreamCredential, keyof Entity> & Pick<Entity, "organizationId">,
): Promise<void> {
  if (purpose !== "oauth-tokens" || mcpServerId === undefined) return;
  const client = await findRevocationClient(transaction, organizationId, mcpServerId);
  if (!client) return;
  const entity = newEntity("rvk", serviceTenant);
  await transaction
    .for(serviceTenant)
    .open(tokenRevocations)
    .insert({
      ...entity,
      ...{ targetOrganizationId: organizationId, holderId, origin, keyId, ciphertext, client },
      ...{ attempts: 0, notBefore: entity.createdAt },
    });
}

/**
 * Removes the credentials of an MCP server that is removed. The connections to it, whose tokens are revoked with its
 * client, are removed after it.
 */
export async function removeServerCredentials(
  transaction: Transaction,
  organizationId: string,
  server: McpServer,
): Promise<void> {
  const tenant = transaction.for(organizationId);
  const client = await readRevocationClient(tenant, server);
  if (client) {
    const target = { targetOrganizationId: organizationId, mcpServerId: server.id };
    const removed = { ...newEntity("roc", serviceTenant), ...target, client };
    await transaction.for(serviceTenant).open(removedOAuthClients).insert(removed);
  }
  await tenant.open(upstreamCredentials).remove(toClientSecretId(server.id), "any");
  await removeCredential(transaction, organizationId, server.id);
}

async function findRevocationClient(
  transaction: Transaction,
  organizationId: string,
  mcpServerId: string,
): Promise<RevocationClient | undefined> {
  const tenant = transaction.for(organizationId);
  const server = await tenant.open(mcpServers).get(mcpServerId);
  if (server) return readRevocationClient(tenant, server);
  const where = { op: "eq", path: "mcpServerId", value: mcpServerId } as const;
  return (await transaction.for(serviceTenant).open(removedOAuthClients).list({ where, limit: 1 })).items[0]?.client;
}
