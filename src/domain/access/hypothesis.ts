import type { AssignableKind, CatalogResource } from "../catalog/resource.ts";

/** Changes that are assumed and not written, to show what they would cause. */
export interface AccessHypothesis {
  /** Groups of which the user is assumed to be a direct member. */
  readonly groupIds?: readonly string[];
  /** Policies that are assumed to be disabled. */
  readonly disabledPolicyIds?: readonly string[];
  /** A resource of the organization that is assumed to be assigned to the user. */
  readonly assigned?: { readonly kind: AssignableKind; readonly id: string };
}

/** Returns the resource as it would be stored if the hypothesis was true. */
export function assumeAssignment<T extends CatalogResource>(
  resource: T,
  kind: AssignableKind,
  userId: string,
  { assigned }: AccessHypothesis,
): T {
  if (assigned?.kind !== kind || assigned.id !== resource.id || resource.ownerId !== undefined) return resource;
  const { everyone = false, groups = [], users = [] } = resource.assignment ?? {};
  return { ...resource, assignment: { everyone, groups, users: [...new Set([...users, userId])] } };
}
