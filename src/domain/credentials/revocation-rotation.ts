import {
  type RemovedOAuthClient,
  type RevocationClient,
  removedOAuthClients,
  type TokenRevocation,
  tokenRevocations,
} from "../../store/collections.ts";
import type { Tenant } from "../../store/store.ts";
import { nextVersion } from "../entity.ts";
import type { CredentialBinding, CredentialCipher, EncryptedCredential } from "./credential-cipher.ts";

type Outcome = "reencrypted" | "current" | "unreadable";

/** Encrypts the client secret of a removed MCP server under the current key. */
export async function rotateRemovedClient(
  tenant: Tenant<"write">,
  cipher: CredentialCipher,
  stored: RemovedOAuthClient,
): Promise<Outcome> {
  const {
    targetOrganizationId,
    client: { secret },
  } = stored;
  // The binding of a record of an earlier release is unknown. It is removed after a day.
  if (targetOrganizationId === undefined) {
    return secret && secret.keyId !== cipher.currentKeyId ? "unreadable" : "current";
  }
  const client = reencryptClient(cipher, targetOrganizationId, stored.client);
  if (!client) return "unreadable";
  if (client === stored.client) return "current";
  const { version } = nextVersion(stored);
  await tenant.open(removedOAuthClients).replace({ ...stored, client, version }, stored.version);
  return "reencrypted";
}

/** Encrypts tokens that are still to be revoked, and the client secret to do so, under the current key. */
export async function rotateRevocation(
  tenant: Tenant<"write">,
  cipher: CredentialCipher,
  stored: TokenRevocation,
): Promise<Outcome> {
  const { targetOrganizationId: organizationId, holderId, origin } = stored;
  const binding = { organizationId, holderId, origin, purpose: "oauth-tokens" } as const;
  const tokens = reencrypt(cipher, stored, binding);
  const client = reencryptClient(cipher, organizationId, stored.client);
  if (!tokens || !client) return "unreadable";
  if (tokens === stored && client === stored.client) return "current";
  const { version } = nextVersion(stored);
  await tenant.open(tokenRevocations).replace({ ...stored, ...tokens, client, version }, stored.version);
  return "reencrypted";
}

/** @returns the same object if nothing changes; undefined if its secret cannot be decrypted */
function reencryptClient(
  cipher: CredentialCipher,
  organizationId: string,
  client: RevocationClient,
): RevocationClient | undefined {
  if (!client.secret) return client;
  const { holderId, origin } = client.secret;
  const binding = { organizationId, holderId, origin, purpose: "client-secret" } as const;
  const secret = reencrypt(cipher, client.secret, binding);
  if (secret === client.secret) return client;
  return secret && { ...client, secret: { holderId, origin, ...secret } };
}

/** @returns the same object if it is encrypted under the current key; undefined if it cannot be decrypted */
function reencrypt(
  cipher: CredentialCipher,
  stored: EncryptedCredential,
  binding: CredentialBinding,
): EncryptedCredential | undefined {
  const value = cipher.decrypt(stored, binding);
  if (value === undefined) return undefined;
  return stored.keyId === cipher.currentKeyId ? stored : cipher.encrypt(value, binding);
}
