import { AppError } from "../../errors.ts";
import { groups, users } from "../../store/collections.ts";
import { chunks } from "../../store/paging/pages.ts";
import type { Entity } from "../../store/record.ts";
import type { CollectionDefinition, Tenant } from "../../store/store.ts";
import { assignableCollections } from "./references.ts";
import { type AssignableKind, type CatalogReference, type CatalogResource, toReferenceKey } from "./resource.ts";
import { type CatalogResourceType, collectReferences, toCatalogKey } from "./resource-types.ts";

/** The owner of a changed resource. A user-owned resource may refer only to resources that the owner may use. */
export interface ResourceOwner {
  readonly id: string;
  readonly canReference: (kind: AssignableKind, resource: CatalogResource) => boolean;
}

/**
 * Requires that all new references of a resource exist. An existing reference may have become invalid in the meantime;
 * that does not block other changes.
 * @param previousReferences keys of the references that the stored resource has already
 * @throws AppError invalid-value with the pointer of each missing reference
 */
export async function assertReferencesExist<T extends CatalogResource>(
  tenant: Tenant<"write">,
  resourceType: CatalogResourceType<T>,
  resource: T,
  previousReferences: ReadonlySet<string>,
  owner?: ResourceOwner,
): Promise<void> {
  const { field, to } = resourceType.assignment(resource) ?? {};
  if (resource.ownerId !== undefined && to && (to.everyone || to.groups.length + to.users.length > 0)) {
    const detail = `${field} must be empty for a user-owned resource.`;
    throw new AppError("invalid-value", detail, { errors: [{ pointer: `/${field}`, detail }] });
  }
  const newReferences = collectReferences(resource, resourceType).filter(
    (each) => !previousReferences.has(toReferenceKey(each)),
  );
  const errors = (await findMissingReferences(tenant, newReferences, owner)).map(({ kind, name, pointer }) => ({
    pointer,
    detail: `There is no ${kind} ${JSON.stringify(name)}.`,
  }));
  const [first] = errors;
  if (first) throw new AppError("invalid-value", first.detail, { errors });
}

/**
 * Returns the references whose target does not exist. Costs one query per kind and 200 names.
 *
 * The counter `lockVersion` of each referenced catalog resource is incremented, so that a concurrent deletion has a write
 * conflict and checks the references again. Users and groups are not locked: an identity provider may remove them
 * regardless of references.
 */
async function findMissingReferences(
  tenant: Tenant<"write">,
  references: readonly CatalogReference[],
  owner?: ResourceOwner,
): Promise<readonly CatalogReference[]> {
  const missing: CatalogReference[] = [];
  for (const kind of new Set(references.map((each) => each.kind))) {
    const sameKind = references.filter((each) => each.kind === kind);
    for (const chunk of chunks(sameKind, chunkMax)) {
      const names = chunk.map(({ name }) => name);
      const existing = isDirectoryKind(kind)
        ? await findExistingIds(tenant, kind === "user" ? users : groups, names)
        : await findExistingSlugs(tenant, kind, names, owner);
      missing.push(...chunk.filter(({ name }) => !existing.has(name)));
    }
  }
  return missing;
}

const chunkMax = 200;

const isDirectoryKind = (kind: CatalogReference["kind"]): kind is "user" | "group" =>
  kind === "user" || kind === "group";

async function findExistingIds(
  tenant: Tenant<"write">,
  collection: CollectionDefinition<Entity>,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const { items } = await tenant
    .open(collection)
    .list({ where: { op: "in", path: "id", values: ids }, limit: ids.length });
  return new Set(items.map(({ id }) => id));
}

async function findExistingSlugs(
  tenant: Tenant<"write">,
  kind: AssignableKind,
  slugs: readonly string[],
  owner?: ResourceOwner,
): Promise<ReadonlySet<string>> {
  const writer = tenant.open(assignableCollections[kind]);
  const keys = owner ? slugs.flatMap((slug) => [toCatalogKey(slug, owner.id), slug]) : slugs;
  const { items } = await writer.list({ where: { op: "in", path: "lookup.key", values: keys }, limit: keys.length });
  const referable = owner ? items.filter((resource) => owner.canReference(kind, resource)) : items;
  if (!owner) for (const { id } of referable) await writer.increment(id, { lockVersion: 1 });
  return new Set(referable.map(({ slug }) => slug));
}
