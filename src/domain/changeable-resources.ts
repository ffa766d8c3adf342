import type { Command } from "../../schemas/command.ts";
import type { McpServer } from "../../schemas/mcp-server.ts";
import type { Policy } from "../../schemas/policy.ts";
import type { Skill } from "../../schemas/skill.ts";
import type { Toolkit } from "../../schemas/toolkit.ts";
import type { Store } from "../store/store.ts";
import { type AssertContent, Catalog } from "./catalog/catalog.ts";
import type { ContentLimits } from "./catalog/content-quota.ts";
import type { CatalogResource } from "./catalog/resource.ts";
import {
  type CatalogResourceType,
  commandType,
  mcpServerType,
  policyType,
  skillType,
  toolkitType,
} from "./catalog/resource-types.ts";
import type { CascadeDeletes } from "./cleanup/cascade-deletes.ts";
import { Groups } from "./directory/groups.ts";
import { Users } from "./directory/users.ts";
import { ScimExtensions } from "./extensions/scim-extensions.ts";
import { type AssertSignInWorks, Organizations } from "./organizations.ts";
import type { TokenPolicy } from "./tokens/issue/token-policy.ts";
import type { PersonalTokenCleanup } from "./tokens/personal-token-cleanup.ts";
import { Tokens } from "./tokens/tokens.ts";

/** The services whose changes are one transaction each, and so can be rolled back as a whole. */
export interface ChangeableResources {
  readonly users: Users;
  readonly groups: Groups;
  readonly mcpServers: Catalog<McpServer>;
  readonly toolkits: Catalog<Toolkit>;
  readonly skills: Catalog<Skill>;
  readonly commands: Catalog<Command>;
  readonly policies: Catalog<Policy>;
  readonly organizations: Organizations;
  readonly scimExtensions: ScimExtensions;
  readonly tokens: Tokens;
}

/** The settings of these services, and what follows their changes after the commit. */
export interface ChangeOptions {
  readonly contentLimits: ContentLimits;
  readonly tokenPolicy: TokenPolicy;
  /** Checks MCP servers against the settings of the installation. */
  readonly assertServer: AssertContent<McpServer>;
  /** Checks settings of the sign-in to the console. */
  readonly assertSignInWorks: AssertSignInWorks;
  readonly cascadeDeletes: Pick<CascadeDeletes, "run">;
  readonly tokenCleanup: Pick<PersonalTokenCleanup, "run">;
}

/** Creates the services on a store. */
export function createChangeableResources(
  store: Store,
  { contentLimits, tokenPolicy, assertServer, assertSignInWorks, cascadeDeletes, tokenCleanup }: ChangeOptions,
): ChangeableResources {
  const createCatalog = <T extends CatalogResource>(
    type: CatalogResourceType<T>,
    assertContent?: AssertContent<T>,
  ): Catalog<T> => new Catalog(store, cascadeDeletes, type, contentLimits, assertContent);
  return {
    users: new Users(store, cascadeDeletes, tokenCleanup),
    groups: new Groups(store, cascadeDeletes),
    mcpServers: createCatalog(mcpServerType, assertServer),
    toolkits: createCatalog(toolkitType),
    skills: createCatalog(skillType),
    commands: createCatalog(commandType),
    policies: createCatalog(policyType),
    organizations: new Organizations(store, {
      assertSignInWorks,
      ...(tokenPolicy.maxTtlDays !== undefined && { maxTtlDays: tokenPolicy.maxTtlDays }),
    }),
    scimExtensions: new ScimExtensions(store, cascadeDeletes),
    tokens: new Tokens(store, tokenPolicy),
  };
}
