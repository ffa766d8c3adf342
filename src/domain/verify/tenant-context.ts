import type { ScimExtension } from "../../../schemas/scim-extension.ts";
import {
  cascadeDeletes,
  legacyTokenMarkers,
  personalTokenEnds,
  scimExtensions,
  serviceTenant,
} from "../../store/collections.ts";
import { pages } from "../../store/paging/pages.ts";
import type { Entity } from "../../store/record.ts";
import type { CollectionDefinition, Snapshot, SnapshotTenant } from "../../store/store.ts";

/** One organization in a snapshot, and what checks of its records need. */
export interface TenantContext {
  readonly tenant: SnapshotTenant;
  readonly extensions: readonly ScimExtension[];
  /**
   * Ids of removed users, groups and servers whose dependent records the service is still to remove. Such records are
   * correct until then.
   */
  readonly pendingSubjects: ReadonlySet<string>;
  /** The tokens of all organizations with a marker of an imported secret. */
  readonly legacyTokenIds: ReadonlySet<string>;
}

const pageMax = 500;

/** What the service's own tenant has about all organizations. It is little: the service removes most of it within minutes. */
export interface ServiceContext {
  /** The subjects of pending cleanups, by organization. */
  readonly pendingSubjects: ReadonlyMap<string, ReadonlySet<string>>;
  /** The tokens with a marker of an imported secret. */
  readonly legacyTokenIds: ReadonlySet<string>;
}

/** Reads what checks need of the service's own tenant. */
export async function readServiceContext(snapshot: Snapshot): Promise<ServiceContext> {
  const pendingSubjects = new Map<string, Set<string>>();
  const add = (organizationId: string, id: string): void => {
    pendingSubjects.set(organizationId, (pendingSubjects.get(organizationId) ?? new Set()).add(id));
  };
  const legacyTokenIds = new Set<string>();
  const service = snapshot.for(serviceTenant);
  for await (const page of pages(service.open(cascadeDeletes), { limit: pageMax }))
    for (const { targetOrganizationId, subjectId } of page) add(targetOrganizationId, subjectId);
  for await (const page of pages(service.open(personalTokenEnds), { limit: pageMax }))
    for (const { targetOrganizationId, userId } of page) add(targetOrganizationId, userId);
  for await (const page of pages(service.open(legacyTokenMarkers), { limit: pageMax }))
    for (const { tokenId } of page) legacyTokenIds.add(tokenId);
  return { pendingSubjects, legacyTokenIds };
}

/** Reads all extension schemas of an organization. */
export async function readStoredExtensions(tenant: SnapshotTenant): Promise<readonly ScimExtension[]> {
  const extensions: ScimExtension[] = [];
  for await (const page of pages(tenant.open(scimExtensions), { limit: pageMax })) extensions.push(...page);
  return extensions;
}

/** Returns those of these ids that a collection has. It reads the smaller part of the records. */
export async function findExistingRecords(
  tenant: SnapshotTenant,
  definition: CollectionDefinition<Entity>,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const values = [...new Set(ids)];
  if (values.length === 0) return new Set();
  if (definition.searchFields !== undefined) return new Set((await tenant.searchFields(definition, values)).keys());
  const { items } = await tenant.open(definition).list({
    where: { op: "in", path: "id", values },
    limit: values.length,
  });
  return new Set(items.map(({ id }) => id));
}
