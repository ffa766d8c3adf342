import { expect } from "chai";
import type { Restriction } from "../../../src/domain/caller.ts";
import { assignableCollections } from "../../../src/domain/catalog/references.ts";
import type { Store } from "../../../src/store/store.ts";
import type { OrganizationData, ResourceKind } from "./access-oracle.fixture.ts";
import { buildOrganization } from "./resources.fixture.ts";
import { storeOrganization } from "./stored-organization.fixture.ts";

/** The users of the access tests. */
export const ada = "usr_ada";
export const grace = "usr_grace";

/**
 * Lists the resources of a kind that a user may use in an organization with these parts. Asserts that the list condition
 * and the decision about each resource agree.
 * @returns slugs; ids for resources of types that users may own
 */
export async function listAccessible(
  store: Store,
  parts: Partial<OrganizationData>,
  userId: string,
  kind: ResourceKind,
  restriction?: Restriction,
) {
  const organization = buildOrganization(parts);
  const { organizationId, tenant, access } = await storeOrganization(store, organization);
  const effectiveAccess = await access.resolve(organizationId, userId, restriction);
  const open = tenant.open(assignableCollections[kind]);
  const listedResources = (await open.list({ where: effectiveAccess.toCondition(kind), limit: 100 })).items;
  const accessible = organization[kind].filter((resource) => effectiveAccess.canAccess(kind, resource));
  expect(listedResources.map(({ id }) => id)).to.have.members(accessible.map(({ id }) => id));
  return accessible.map((resource) => ("ownerId" in resource ? resource.id : resource.slug));
}

/** Lists the names of the tools that Ada may use, server by server. */
export async function listToolNames(store: Store, parts: Partial<OrganizationData>) {
  const organization = buildOrganization(parts);
  const { organizationId, access } = await storeOrganization(store, organization);
  const effectiveAccess = await access.resolve(organizationId, ada);
  return organization["mcp-server"].flatMap((each) => effectiveAccess.listUsableTools(each).map(({ name }) => name));
}

/** Returns the content of the only toolkit as Ada sees it. */
export async function filterOnlyToolkit(store: Store, parts: Partial<OrganizationData>, restriction?: Restriction) {
  const organization = buildOrganization(parts);
  const { organizationId, access } = await storeOrganization(store, organization);
  const effectiveAccess = await access.resolve(organizationId, ada, restriction);
  const [filtered] = await access.filterToolkits(effectiveAccess, organization.toolkit);
  if (!filtered) throw new Error("the toolkit is missing");
  const { entries, skills, commands } = filtered;
  return { entries, skills, commands };
}
