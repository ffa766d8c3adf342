import { AppError } from "../../errors.ts";
import { commands, mcpServers, policies, skills, toolkits } from "../../store/collections.ts";
import type { Condition } from "../../store/query.ts";
import type { CollectionDefinition, Tenant } from "../../store/store.ts";
import type { AssignableKind, CatalogResource } from "./resource.ts";

/** A resource that refers to another one and so blocks its deletion. */
export interface Blocker {
  readonly kind: string;
  readonly id: string;
  readonly name: string;
}

/** The collections of the resources that others refer to by slug. */
export const assignableCollections: Readonly<Record<AssignableKind, CollectionDefinition<CatalogResource>>> = {
  "mcp-server": mcpServers,
  toolkit: toolkits,
  skill: skills,
  command: commands,
};

const referencingCollections: Readonly<Record<string, CollectionDefinition<CatalogResource>>> = {
  ...assignableCollections,
  policy: policies,
};

/** The maximum number of blockers in an error. */
const blockersMax = 20;

/**
 * Finds catalog resources that refer to a resource.
 * @param reference the resource as `kind:name`
 * @returns at most 20 of them
 */
export async function findBlockers(tenant: Tenant<"write">, reference: string): Promise<readonly Blocker[]> {
  const where: Condition = { op: "some", path: "lookup.references", where: { op: "eq", path: "to", value: reference } };
  const blockers: Blocker[] = [];
  for (const [kind, collection] of Object.entries(referencingCollections)) {
    const limit = blockersMax - blockers.length;
    if (limit === 0) break;
    const { items } = await tenant.open(collection).list({ where, limit });
    blockers.push(...items.map(({ id, name }) => ({ kind, id, name })));
  }
  return blockers;
}

/**
 * Requires that no catalog resource refers to a resource.
 * @param reference the resource as `kind:name`
 * @param title the type of the resource in the message
 * @throws AppError referenced, with the blockers
 */
export async function assertUnreferenced(tenant: Tenant<"write">, reference: string, title: string): Promise<void> {
  const blockers = await findBlockers(tenant, reference);
  if (blockers.length === 0) return;
  const [{ kind, name }] = blockers as [Blocker];
  const suffix = blockers.length > 1 ? " and others" : "";
  throw new AppError(
    "referenced",
    `The ${title} is still referenced by ${kind} ${JSON.stringify(name)}${suffix}. Remove the reference first.`,
    {
      blockers,
    },
  );
}
