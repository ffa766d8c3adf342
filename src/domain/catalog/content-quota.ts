import { AppError } from "../../errors.ts";
import { isLong, waitForOwnTick } from "../../own-tick.ts";
import { contentSizes } from "../../store/collections.ts";
import { toAttributes } from "../../store/record.ts";
import type { Tenant } from "../../store/store.ts";
import { newEntity } from "../entity.ts";
import type { CatalogResource } from "./resource.ts";

/** Most characters of catalog resources as JSON, of all resources together. */
export interface ContentLimits {
  /** Of the resources that one user owns. */
  readonly userMax: number;
  /** Of all resources of an organization, including those of its users. */
  readonly organizationMax: number;
}

const mebi = 1024 * 1024;
/** The limits that apply unless the configuration changes them. */
export const defaultContentLimits: ContentLimits = { userMax: 32 * mebi, organizationMax: 4096 * mebi };

/**
 * Resources of fewer characters count as nothing. They are limited by their number, and most changes of a catalog need no
 * write to the sum, which would be a conflict between concurrent changes of one organization.
 */
const countedMin = 4096;

/** The change of size that one write causes. */
interface ContentChange {
  /** The owner of the resource; absent if it belongs to the organization. */
  readonly ownerId: string | undefined;
  /** Absent if the write creates the resource. */
  readonly before?: CatalogResource;
  /** Absent if the write removes the resource. */
  readonly after?: CatalogResource;
}

/**
 * Adds the change of a resource to the sums of its owner and its organization, in the transaction of the change.
 * @throws AppError limit-reached if a sum would exceed its limit
 */
export async function countContent(
  tenant: Tenant<"write">,
  { ownerId, before, after }: ContentChange,
  { userMax, organizationMax }: ContentLimits,
): Promise<void> {
  const length = countedLength(after);
  if (isLong(length)) await waitForOwnTick();
  const difference = length - countedLength(before);
  if (difference === 0) return;
  if (ownerId !== undefined) await add(tenant, ownerId, difference, userMax, "a user");
  await add(tenant, tenant.organizationId, difference, organizationMax, "an organization");
}

/**
 * Subtracts resources of removed users from the organization's sum, and removes the sums of the users: one write of each,
 * whatever the number of resources.
 */
export async function discountContent(tenant: Tenant<"write">, resources: readonly CatalogResource[]): Promise<void> {
  const sizes = tenant.open(contentSizes);
  const ownerIds = new Set(resources.flatMap(({ ownerId = [] }) => ownerId));
  for (const ownerId of ownerIds) await sizes.remove(toContentSizeId(ownerId), "any");
  let length = 0;
  for (const resource of resources) {
    const resourceLength = countedLength(resource);
    if (isLong(resourceLength)) await waitForOwnTick();
    length += resourceLength;
  }
  if (length > 0) await sizes.increment(toContentSizeId(tenant.organizationId), { length: -length });
}

async function add(
  tenant: Tenant<"write">,
  holderId: string,
  difference: number,
  max: number,
  holder: string,
): Promise<void> {
  const sizes = tenant.open(contentSizes);
  const id = toContentSizeId(holderId);
  if (difference > 0) {
    // Resources of earlier versions were not counted, so their removal can make the sum negative.
    const length = Math.max(0, (await sizes.get(id))?.length ?? 0);
    if (length + difference > max) {
      throw new AppError(
        "limit-reached",
        `The content of ${holder} has at most ${max} characters in all resources. ${length} are in use, and this change adds ${difference}. Delete or shorten a resource first.`,
      );
    }
  }
  if (await sizes.increment(id, { length: difference })) return;
  if (difference > 0) await sizes.insert({ ...newEntity("siz", tenant.organizationId), id, length: difference });
}

/** Returns the id of the record with the size of the resources of a user or an organization. */
export const toContentSizeId = (holderId: string): string => `siz_${holderId}`;

/**
 * Returns the characters of a resource that count. `lockVersion` does not: references change it without a change of the
 * sums.
 */
export function countedLength(resource: CatalogResource | undefined): number {
  if (!resource) return 0;
  const { lockVersion: _, ...content } = toAttributes({ ...resource });
  const { labels } = resource;
  const { length } = JSON.stringify({ ...content, labels });
  return length < countedMin ? 0 : length;
}
