import type { CredentialStatus } from "../../../schemas/credential.ts";
import type { UpstreamCredential } from "../../store/collections.ts";
import { upstreamCredentials } from "../../store/collections.ts";
import type { Tenant } from "../../store/store.ts";
import { newEntity, nextVersion } from "../entity.ts";
import type { CredentialCipher } from "./credential-cipher.ts";

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

/**
 * Encrypts a value and stores it as a credential, instead of another one if there is one.
 * @param id of the record
 * @param holder what the credential belongs to, and what else the ciphertext is bound to
 * @param current the one that it replaces
 * @returns the stored record
 */
export async function storeCredential(
  tenant: Tenant<"write">,
  cipher: CredentialCipher,
  id: string,
  holder: Pick<UpstreamCredential, "holderId" | "origin" | "purpose">,
  value: string,
  current: UpstreamCredential | undefined,
): Promise<UpstreamCredential> {
  const { organizationId } = tenant;
  const credential: UpstreamCredential = {
    ...(current ?? { ...newEntity("crd", organizationId), id }),
    ...{ ...holder, ...cipher.encrypt(value, { organizationId, ...holder }) },
    ...(current && nextVersion(current)),
  };
  await writeCredential(tenant, credential, current);
  return credential;
}

/** Returns what is known about a credential without it. */
export const toCredentialStatus = (stored: UpstreamCredential | undefined): CredentialStatus =>
  stored
    ? { hasCredential: true, origin: stored.origin, createdAt: stored.createdAt, updatedAt: stored.updatedAt }
    : { hasCredential: false };
