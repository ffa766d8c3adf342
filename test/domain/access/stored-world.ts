import { Access } from "../../../src/domain/access/access.ts";
import {
  commandKind,
  mcpServerKind,
  policyKind,
  skillKind,
  toolkitKind,
  withAsked,
} from "../../../src/domain/catalogue/kinds.ts";
import { newId } from "../../../src/domain/entity.ts";
import type { Store, Tenant } from "../../../src/store/collection.ts";
import { commands, groups, mcpServers, policies, skills, toolkits } from "../../../src/store/collections.ts";
import type { World } from "./naive.ts";

/** An organisation as it was described, in a real store. */
export interface StoredWorld {
  readonly organizationId: string;
  readonly tenant: Tenant<"read">;
  readonly access: Access;
}

/** Writes it past the catalogue, which would not have all of it: access must not rest on what is refused elsewhere. */
export async function storeWorld(store: Store, world: World): Promise<StoredWorld> {
  const organizationId = newId("org");
  const own = { organizationId, version: 1, createdAt: now, updatedAt: now };
  await store.transaction(async (change) => {
    const tenant = change.for(organizationId);
    for (const { id, members } of world.groups) {
      const displayName = `Group ${id}`;
      await tenant.open(groups).insert({ ...own, id, displayName, folded: { displayName } });
      await tenant.memberships.add(id, members);
    }
    for (const each of world["mcp-server"]) {
      await tenant.open(mcpServers).insert(withAsked({ ...each, ...own }, mcpServerKind));
    }
    for (const each of world.toolkit) await tenant.open(toolkits).insert(withAsked({ ...each, ...own }, toolkitKind));
    for (const each of world.skill) await tenant.open(skills).insert(withAsked({ ...each, ...own }, skillKind));
    for (const each of world.command) await tenant.open(commands).insert(withAsked({ ...each, ...own }, commandKind));
    for (const each of world.policies) await tenant.open(policies).insert(withAsked({ ...each, ...own }, policyKind));
  });
  return { organizationId, tenant: store.for(organizationId), access: new Access(store) };
}

const now = "2026-01-01T00:00:00.000Z";
