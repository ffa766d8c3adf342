import type { ScimExtension } from "../../../schemas/scim-extension.ts";
import { scimExtensions } from "../../store/collections.ts";
import type { Tenant, Transaction } from "../../store/store.ts";

/** More than an organization can have. */
const listMax = 1000;

/** Reads all extension schemas of an organization from the store, in order of creation. */
export async function readExtensions(tenant: Tenant<"read"> | Tenant<"write">): Promise<readonly ScimExtension[]> {
  return (await tenant.open(scimExtensions).list({ limit: listMax })).items;
}

const readsByTransaction = new WeakMap<Transaction, Map<string, Promise<readonly ScimExtension[]>>>();

/**
 * Reads the extension schemas of an organization once for a whole transaction: the search fields of a resource and its
 * audit event need them too, and on MongoDB every read is a round trip. Not for transactions that change schemas.
 */
export function readExtensionsOnce(
  transaction: Transaction,
  organizationId: string,
): Promise<readonly ScimExtension[]> {
  const reads = readsByTransaction.get(transaction) ?? new Map<string, Promise<readonly ScimExtension[]>>();
  readsByTransaction.set(transaction, reads);
  const read = reads.get(organizationId) ?? readExtensions(transaction.for(organizationId));
  reads.set(organizationId, read);
  return read;
}
