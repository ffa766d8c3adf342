import type { AccessExplained } from "../../../schemas/access.ts";
import type { Toolkit } from "../../../schemas/toolkit.ts";
import type { CollectionDefinition, Page, Query, Store } from "../../store/collection.ts";
import { commands, mcpServers, skills, toolkits } from "../../store/collections.ts";
import type { Restriction } from "../caller.ts";
import type { NamedBySlug } from "../catalogue/thing.ts";
import { policiesFor } from "./applying-policies.ts";
import { type Explicable, explanationsOf } from "./explanation.ts";
import { GroupPaths } from "./group-paths.ts";
import { Standing } from "./standing.ts";
import { toolkitsFor } from "./toolkits.ts";

/** Who may use what. Lists, gets, the user view and every other door ask here. */
export class Access {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * What a user may use at this moment: two questions, however large the organisation is.
   * @param restriction of the credential with which the user comes
   * @throws AppError query-too-expensive for policies that name more than one answer can weigh
   */
  async standing(organizationId: string, userId: string, restriction?: Restriction): Promise<Standing> {
    const tenant = this.#store.for(organizationId);
    const audience = ["everyone", userId, ...(await tenant.memberships.allGroupsOf(userId))];
    const policies = await policiesFor(tenant, audience);
    return new Standing({ organizationId, userId, audience, policies, restriction });
  }

  /**
   * Toolkits as a user sees them: with what of them is within the user's reach.
   * @param reached toolkits that the user can reach
   */
  toolkitsFor(standing: Standing, reached: readonly Toolkit[]): Promise<readonly Toolkit[]> {
    return toolkitsFor(this.#store.for(standing.organizationId), standing, reached);
  }

  /**
   * What of a kind is given or denied to a user, or the user's own, each with the reasons. What is neither is left out.
   * @throws AppError query-too-expensive for a user in more groups than can be followed; as `standing`
   */
  async explain(
    organizationId: string,
    userId: string,
    kind: NamedBySlug,
    page: Pick<Query, "limit" | "after">,
  ): Promise<Page<AccessExplained>> {
    const tenant = this.#store.for(organizationId);
    const standing = await this.standing(organizationId, userId);
    const paths = await GroupPaths.of(tenant.memberships, userId);
    const { items } = await tenant.open(catalogue[kind]).list({ ...page, where: standing.conditionOfConcern(kind) });
    return { items: await explanationsOf(tenant, standing, paths, kind, items) };
  }
}

const catalogue: Readonly<Record<NamedBySlug, CollectionDefinition<Explicable>>> = {
  "mcp-server": mcpServers,
  toolkit: toolkits,
  skill: skills,
  command: commands,
};
