import { AppError } from "../../errors.ts";
import {
  connections,
  mcpServers,
  organizations,
  removedOAuthClients,
  serviceTenant,
  tokenRevocations,
  type UpstreamCredential,
  upstreamCredentials,
  webhooks,
} from "../../store/collections.ts";
import { pages } from "../../store/paging/pages.ts";
import type { Entity } from "../../store/record.ts";
import type { CollectionDefinition, Store, Tenant } from "../../store/store.ts";
import { nextVersion } from "../entity.ts";
import type { CredentialCipher } from "./credential-cipher.ts";
import { rotateRemovedClient, rotateRevocation } from "./revocation-rotation.ts";

/** What a rotation did, in numbers of credentials and of pending revocations of tokens. */
export interface RotationReport {
  reencrypted: number;
  /** Already under the current key. */
  current: number;
  /** Left behind by a server or connection that no longer exists, and removed now. */
  removed: number;
  /** Their key is missing, or they were changed: they must be stored again. */
  unreadable: number;
}

/** Credentials per transaction. */
const batchSize = 100;

/**
 * Encrypts all stored credentials of MCP servers, secrets of webhooks and tokens to revoke under the current key. It can
 * run beside the service, and again after an interruption.
 * @throws AppError not-implemented if there is no key
 */
export async function rotateCredentials(store: Store, cipher: CredentialCipher): Promise<RotationReport> {
  if (cipher.currentKeyId === undefined) {
    throw new AppError("not-implemented", "There is no key to rotate to, because CREDENTIAL_KEY is not set.");
  }
  const report = { reencrypted: 0, current: 0, removed: 0, unreadable: 0 };
  for await (const page of pages(store.for(serviceTenant).open(organizations), { limit: batchSize })) {
    for (const { id } of page) {
      await rotateCollection(store, id, upstreamCredentials, report, (tenant, stored) =>
        rotateOne(tenant, cipher, stored),
      );
    }
  }
  // After what they are copied from, so that none under the previous key follows.
  await rotateCollection(store, serviceTenant, removedOAuthClients, report, (tenant, stored) =>
    rotateRemovedClient(tenant, cipher, stored),
  );
  await rotateCollection(store, serviceTenant, tokenRevocations, report, (tenant, stored) =>
    rotateRevocation(tenant, cipher, stored),
  );
  return report;
}

async function rotateCollection<T extends Entity>(
  store: Store,
  organizationId: string,
  collection: CollectionDefinition<T>,
  report: RotationReport,
  rotate: (tenant: Tenant<"write">, stored: T) => Promise<keyof RotationReport>,
): Promise<void> {
  const reader = store.for(organizationId).open(collection);
  for await (const page of pages(reader, { limit: batchSize })) {
    // The body of a transaction can run more than once, so its outcomes are counted after it.
    const outcomes = await store.transaction(async (transaction) => {
      const tenant = transaction.for(organizationId);
      const results: (keyof RotationReport | undefined)[] = [];
      for (const { id } of page) {
        const stored = await tenant.open(collection).get(id);
        results.push(stored && (await rotate(tenant, stored)));
      }
      return results;
    });
    for (const outcome of outcomes) if (outcome) report[outcome]++;
  }
}

async function rotateOne(
  tenant: Tenant<"write">,
  cipher: CredentialCipher,
  stored: UpstreamCredential,
): Promise<keyof RotationReport> {
  const writer = tenant.open(upstreamCredentials);
  if (!(await hasHolder(tenant, stored))) {
    await writer.remove(stored.id, stored.version);
    return "removed";
  }
  const { holderId, origin, purpose } = stored;
  const binding = { organizationId: tenant.organizationId, holderId, origin, purpose };
  const value = cipher.decrypt(stored, binding);
  if (value === undefined) return "unreadable";
  if (stored.keyId === cipher.currentKeyId) return "current";
  // The time of the last change stays: the credential is the same.
  const { version } = nextVersion(stored);
  await writer.replace({ ...stored, ...cipher.encrypt(value, binding), version }, stored.version);
  return "reencrypted";
}

async function hasHolder(tenant: Tenant<"write">, { holderId }: UpstreamCredential): Promise<boolean> {
  // The organization exists, because its credentials are rotated.
  if (holderId === tenant.organizationId) return true;
  const prefix = holderId.slice(0, 4);
  const collection: CollectionDefinition<Entity> =
    prefix === "srv_" ? mcpServers : prefix === "whk_" ? webhooks : connections;
  return (await tenant.open(collection).get(holderId)) !== undefined;
}
