import type { ScimExtension } from "../../../schemas/scim-extension.ts";
import { scimExtensions } from "../../store/collections.ts";
import type { Tenant } from "../../store/store.ts";

/** More than an organization can have. */
const listMax = 1000;

/** Reads all extension schemas of an organization from the store, in order of creation. */
export async function readExtensions(tenant: Tenant<"read"> | Tenant<"write">): Promise<readonly ScimExtension[]> {
  return (await tenant.open(scimExtensions).list({ limit: listMax })).items;
}
