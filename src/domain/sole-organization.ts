import { organizations, serviceTenant } from "../store/collections.ts";
import type { Store } from "../store/store.ts";

/**
 * Returns the id of the organization if the installation has exactly one. Its administrators may see what belongs to no
 * organization, such as a mistyped credential, because no other organization could have sent it to them.
 * @throws AppError unavailable
 */
export async function findSoleOrganization(store: Store): Promise<string | undefined> {
  const { items } = await store.for(serviceTenant).open(organizations).list({ limit: 2 });
  return items.length === 1 ? items[0]?.id : undefined;
}
