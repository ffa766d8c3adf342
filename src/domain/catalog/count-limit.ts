import { AppError } from "../../errors.ts";
import type { Tenant } from "../../store/store.ts";
import type { ResourceOwner } from "./missing-references.ts";
import type { CatalogResource } from "./resource.ts";
import type { CatalogResourceType } from "./resource-types.ts";

/** The maximum number of resources of one type that a user may own. */
const userOwnedMax = 200;

/**
 * Checks that an organization, or the owner if one is passed, may have one more resource of a type.
 * @throws AppError limit-reached
 */
export async function assertBelowCountLimit<T extends CatalogResource>(
  tenant: Tenant<"write">,
  { maxCount, title, collection }: CatalogResourceType<T>,
  owner: ResourceOwner | undefined,
): Promise<void> {
  const limit = owner ? userOwnedMax : maxCount;
  if (limit === undefined) return;
  const count = await tenant.open(collection).count(owner && { op: "eq", path: "ownerId", value: owner.id });
  if (count < limit) return;
  const holder = owner ? "a user" : "an organization";
  throw new AppError(
    "limit-reached",
    `The maximum number of resources of type ${title} for ${holder} is ${limit}. Delete one first.`,
  );
}
