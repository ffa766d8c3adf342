import type { UpstreamCredential } from "../../store/collections.ts";
import { upstreamCredentials } from "../../store/collections.ts";
import type { Tenant } from "../../store/store.ts";

/** Returns the id of the record with the credential of an MCP server or connection. */
export const toCredentialId = (holderId: string): string => `crd_${holderId}`;

/** @returns the encrypted credential of an MCP server or connection; undefined if there is none */
export function findCredential(
  tenant: Pick<Tenant<"read">, "open">,
  holderId: string,
): Promise<UpstreamCredential | undefined> {
  return tenant.open(upstreamCredentials).get(toCredentialId(holderId));
}

/** Removes the credential of an MCP server or connection that is removed, or whose credential is, if there is one. */
export async function removeCredential(tenant: Tenant<"write">, holderId: string): Promise<void> {
  await tenant.open(upstreamCredentials).remove(toCredentialId(holderId), "any");
}
