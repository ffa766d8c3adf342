import { randomBytes } from "node:crypto";
import { upstreamCredentials } from "../../store/collections.ts";
import type { Tenant } from "../../store/store.ts";
import type { CredentialCipher } from "../credentials/credential-cipher.ts";
import { findCredential, storeCredential, toCredentialId } from "../credentials/stored-credential.ts";

/** The secrets of a webhook, as they are encrypted. */
export interface WebhookSecrets {
  readonly current: string;
  /** The one before the last rotation, which signs as well until it expires (ISO 8601). */
  readonly previous?: { readonly secret: string; readonly expiresAt: string };
}

/** The prefix and the length, in bytes, that Standard Webhooks specifies for symmetric secrets. */
const secretPrefix = "whsec_";
const secretBytes = 32;

/** Creates a secret of 256 random bits in the form of Standard Webhooks: `whsec_` and base64. */
export const createWebhookSecret = (): string => secretPrefix + randomBytes(secretBytes).toString("base64");

/** Returns the bytes of a secret, which are the key of its signatures. */
export const toSigningBytes = (secret: string): Buffer => Buffer.from(secret.slice(secretPrefix.length), "base64");

/** Returns the secrets that sign a message at this time, the current one first. */
export function listValidSecrets({ current, previous }: WebhookSecrets, now: Date): readonly string[] {
  return previous && Date.parse(previous.expiresAt) > now.getTime() ? [current, previous.secret] : [current];
}

/**
 * Encrypts and stores the secrets of a webhook in the transaction that creates or rotates them.
 * @throws AppError not-implemented without a key
 */
export async function writeWebhookSecrets(
  tenant: Tenant<"write">,
  cipher: CredentialCipher,
  webhookId: string,
  secrets: WebhookSecrets,
): Promise<void> {
  cipher.assertKey("secrets of webhooks");
  const current = await findCredential(tenant, webhookId);
  const id = toCredentialId(webhookId);
  await storeCredential(tenant, cipher, id, toHolder(webhookId), JSON.stringify(secrets), current);
}

/** @returns undefined if there are none, or if they cannot be decrypted */
export async function readWebhookSecrets(
  tenant: Pick<Tenant<"read">, "organizationId" | "open">,
  cipher: CredentialCipher,
  webhookId: string,
): Promise<WebhookSecrets | undefined> {
  const { organizationId } = tenant;
  const stored = await findCredential(tenant, webhookId);
  const decrypted = stored && cipher.decrypt(stored, { organizationId, ...toHolder(webhookId) });
  return decrypted === undefined ? undefined : (JSON.parse(decrypted) as WebhookSecrets);
}

/** Removes the secrets of a webhook with it. */
export async function removeWebhookSecrets(tenant: Tenant<"write">, webhookId: string): Promise<void> {
  await tenant.open(upstreamCredentials).remove(toCredentialId(webhookId), "any");
}

const toHolder = (webhookId: string) => ({ holderId: webhookId, origin: "", purpose: "webhook-secrets" }) as const;
