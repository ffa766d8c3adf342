import { type ProvisioningSettings, provisioningSettings } from "../../schemas/organization.ts";
import { organizations, serviceTenant } from "../store/collections.ts";
import type { Store, Transaction } from "../store/store.ts";

/**
 * Reads how an organization's SCIM API treats input that it could reject. Only requests with such input need the
 * settings, so they are read when they are needed, and a change applies to the next request of every replica.
 * @param source a transaction inside of one, else the store
 * @throws AppError unavailable
 */
export async function readProvisioningSettings(
  source: Pick<Store, "for"> | Transaction,
  organizationId: string,
): Promise<ProvisioningSettings> {
  const organization = await source.for(serviceTenant).open(organizations).get(organizationId);
  return organization?.provisioning ?? defaults;
}

const defaults: ProvisioningSettings = provisioningSettings.parse({});
