import type { AccessExplanation } from "../../../schemas/access.ts";
import type { Toolkit } from "../../../schemas/toolkit.ts";
import { commands, mcpServers, skills, toolkits } from "../../store/collections.ts";
import type { Page, Query } from "../../store/query.ts";
import type { CollectionDefinition, Store } from "../../store/store.ts";
import type { Restriction } from "../caller.ts";
import type { AssignableKind } from "../catalog/resource.ts";
import { findApplicablePolicies } from "./applicable-policies.ts";
import { EffectiveAccess } from "./effective-access.ts";
import { type ExplainableResource, explainResources } from "./explanation.ts";
import { GroupPaths } from "./group-paths.ts";
import { filterToolkits } from "./toolkits.ts";

/** Decides which catalog resources a user may use. Every API and every view of it uses this class. */
export class AccessResolver {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Resolves what a user may use now. Costs two queries, whatever the size of the organization.
   * @param restriction limits of the credential that the user presented
   * @throws AppError query-too-expensive if the policies that apply to the user contain too many names
   */
  async resolve(organizationId: string, userId: string, restriction?: Restriction): Promise<EffectiveAccess> {
    const tenant = this.#store.for(organizationId);
    const audience = ["everyone", userId, ...(await tenant.memberships.transitiveGroupsOf(userId))];
    const policies = await findApplicablePolicies(tenant, audience);
    return new EffectiveAccess({ organizationId, userId, audience, policies, restriction });
  }

  /**
   * Reduces toolkits to the servers, tools, skills and commands that the user may use.
   * @param reachableToolkits toolkits that the user may use
   */
  filterToolkits(access: EffectiveAccess, reachableToolkits: readonly Toolkit[]): Promise<readonly Toolkit[]> {
    return filterToolkits(this.#store.for(access.organizationId), access, reachableToolkits);
  }

  /**
   * Explains the access of a user to each resource of a kind that is granted or denied to the user, or owned by the
   * user. Other resources are omitted.
   * @throws AppError query-too-expensive as `resolve`, and for a user in too many groups
   */
  async explain(
    organizationId: string,
    userId: string,
    kind: AssignableKind,
    page: Pick<Query, "limit" | "after">,
  ): Promise<Page<AccessExplanation>> {
    const tenant = this.#store.for(organizationId);
    const access = await this.resolve(organizationId, userId);
    const paths = await GroupPaths.load(tenant.memberships, userId);
    const { items } = await tenant
      .open(explainableCollections[kind])
      .list({ ...page, where: access.toExplainableCondition(kind) });
    return { items: await explainResources(tenant, access, paths, kind, items) };
  }
}

const explainableCollections: Readonly<Record<AssignableKind, CollectionDefinition<ExplainableResource>>> = {
  "mcp-server": mcpServers,
  toolkit: toolkits,
  skill: skills,
  command: commands,
};
