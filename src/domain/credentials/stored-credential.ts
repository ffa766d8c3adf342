import type { CredentialStatus } from "../../../schemas/credential.ts";
import type { UpstreamCredential } from "../../store/collections.ts";
import { upstreamCredentials } from "../../store/collections.ts";
import type { Tenant } from "../../store/store.ts";

/** Returns the id of the record with the credential of an MCP server or connection. */
export const toCredentialId = (holderId: string): string => `crd_${holderId}`;

/** Returns the id of the record with the secret of the OAuth client of an MCP server. */
export const toClientSecretId = (mcpServerId: string): string => `crd_${mcpServerId}_client`;

/**
 * Finds the encrypted credential of an MCP server or connection.
 * @param purpose selects the secret of the server's OAuth client instead
 * @returns undefined if there is none
 */
export function findCredential(
  tenant: Pick<Tenant<"read">, "open">,
  holderId: string,
  purpose?: "client-secret",
): Promise<UpstreamCredential | undefined> {
  return tenant.open(upstreamCredentials).get(purpose ? toClientSecretId(holderId) : toCredentialId(holderId));
}

/** Writes a credential. @param current the one that it replaces, if there is one */
export async function writeCredential(
  tenant: Tenant<"write">,
  credential: UpstreamCredential,
  current: UpstreamCredential | undefined,
): Promise<void> {
  const writer = tenant.open(upstreamCredentials);
  if (current) await writer.replace(credential, current.version);
  else await writer.insert(credential);
}

/** Returns what is known about a credential without it. */
export const toCredentialStatus = (stored: UpstreamCredential | undefined): CredentialStatus =>
  stored
    ? { hasCredential: true, origin: stored.origin, createdAt: stored.createdAt, updatedAt: stored.updatedAt }
    : { hasCredential: false };
