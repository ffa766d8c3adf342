import { AccessResolver } from "../../../src/domain/access/access-resolver.ts";
import {
  commandType,
  mcpServerType,
  policyType,
  skillType,
  toolkitType,
  withLookup,
} from "../../../src/domain/catalog/resource-types.ts";
import { newId } from "../../../src/domain/entity.ts";
import { commands, groups, mcpServers, policies, skills, toolkits } from "../../../src/store/collections.ts";
import type { Store, Tenant } from "../../../src/store/store.ts";
import type { OrganizationData } from "./access-oracle.fixture.ts";

/** An organization in a store, with the access resolver under test. */
export interface StoredOrganization {
  readonly organizationId: string;
  readonly tenant: Tenant<"read">;
  readonly access: AccessResolver;
}

/**
 * Stores an organization without the catalog, which would reject some of it: access control must not rely on the
 * validation of other modules.
 */
export async function storeOrganization(store: Store, organization: OrganizationData): Promise<StoredOrganization> {
  const organizationId = newId("org");
  const envelope = { organizationId, version: 1, createdAt: now, updatedAt: now };
  await store.transaction(async (transaction) => {
    const tenant = transaction.for(organizationId);
    for (const { id, members } of organization.groups) {
      const displayName = `Group ${id}`;
      await tenant.open(groups).insert({ ...envelope, id, displayName, normalized: { displayName } });
      await tenant.memberships.add(id, members);
    }
    for (const each of organization["mcp-server"]) {
      await tenant.open(mcpServers).insert(withLookup({ ...each, ...envelope }, mcpServerType));
    }
    for (const each of organization.toolkit)
      await tenant.open(toolkits).insert(withLookup({ ...each, ...envelope }, toolkitType));
    for (const each of organization.skill)
      await tenant.open(skills).insert(withLookup({ ...each, ...envelope }, skillType));
    for (const each of organization.command)
      await tenant.open(commands).insert(withLookup({ ...each, ...envelope }, commandType));
    for (const each of organization.policies)
      await tenant.open(policies).insert(withLookup({ ...each, ...envelope }, policyType));
  });
  return { organizationId, tenant: store.for(organizationId), access: new AccessResolver(store) };
}

const now = "2026-01-01T00:00:00.000Z";
