import { AppError } from "../../errors.ts";
import { commands, mcpServers, policies, skills, toolkits } from "../../store/collections.ts";
import type { Condition } from "../../store/query.ts";
import type { CollectionDefinition, Tenant } from "../../store/store.ts";
import { type AssignableKind, type CatalogResource, type ReferenceTarget, toReferenceKey } from "./resource.ts";

/** A resource that refers to another one and so blocks its deletion. */
export interface Blocker {
  readonly type: string;
  readonly id: string;
  /** Absent for users and groups. */
  readonly slug?: string;
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
export const blockersMax = 20;

/** Returns a condition for the resources that refer to a resource. An index serves it. */
export const refersTo = (target: ReferenceTarget): Condition => ({
  ...{ op: "some", path: "lookup.references" },
  where: { op: "eq", path: "to", value: toReferenceKey(target) },
});

/** Finds at most 20 catalog resources that refer to a resource. */
export async function findBlockers(
  tenant: Pick<Tenant<"read">, "open">,
  target: ReferenceTarget,
): Promise<readonly Blocker[]> {
  const blockers: Blocker[] = [];
  for (const [type, collection] of Object.entries(referencingCollections)) {
    const limit = blockersMax - blockers.length;
    if (limit === 0) break;
    const { items } = await tenant.open(collection).list({ where: refersTo(target), limit });
    blockers.push(...items.map(({ id, slug, name }) => ({ type, id, slug, name })));
  }
  return blockers;
}

/**
 * Requires that no catalog resource refers to a resource.
 * @param title the type of the resource in the message
 * @throws AppError referenced, with the blockers
 */
export async function assertUnreferenced(
  tenant: Tenant<"write">,
  target: ReferenceTarget,
  title: string,
): Promise<void> {
  const blockers = await findBlockers(tenant, target);
  if (blockers.length > 0)
    throw toReferencedError(blockers, title, "Remove the reference first, or delete with detach=true.");
}

/** The error for a deletion that resources block. @param fix what the caller can do */
export function toReferencedError(blockers: readonly Blocker[], title: string, fix: string): AppError {
  const [{ type, name }] = blockers as [Blocker];
  const suffix = blockers.length > 1 ? " and others" : "";
  const message = `The ${title} is still referenced by ${type} ${JSON.stringify(name)}${suffix}. ${fix}`;
  return new AppError("referenced", message, { blockers: blockers.slice(0, blockersMax) });
}
