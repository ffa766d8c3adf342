import type { Command } from "../../../schemas/command.ts";
import type { McpServer } from "../../../schemas/mcp-server.ts";
import type { Policy } from "../../../schemas/policy.ts";
import type { Skill } from "../../../schemas/skill.ts";
import type { Toolkit } from "../../../schemas/toolkit.ts";
import { type LabelTerm, labelIndex } from "../label-terms.ts";
import type { Entity } from "../record.ts";
import type { CollectionDefinition, Index } from "../store.ts";

/** A catalog resource as it is written: the resource and the fields that it is looked up by. */
export type WithLookup<T> = T & {
  readonly lookup: {
    /** The slug, prefixed with the owner's id for a user-owned resource, so that it does not reserve a slug for others. */
    readonly key: string;
    /** Who it is assigned to or applies to: `everyone`, ids of groups and users, or the owner of a user-owned resource. */
    readonly audience: readonly { readonly id: string }[];
    /** The resources that it references, as kind and name: `mcp-server:github`, `group:grp_...`. */
    readonly references: readonly { readonly to: string }[];
    /** The name, normalized. Absent in records that have not changed since an earlier release. */
    readonly name?: string;
    /** Absent: the resource has no labels. */
    readonly labels?: readonly LabelTerm[];
  };
};

/** The path of the search terms of labels. */
export const catalogLabelsPath = "lookup.labels";

const catalogIndexes = [
  { path: "lookup.key", unique: "organization" },
  { path: "lookup.audience", element: "id" },
  { path: "lookup.references", element: "to" },
  labelIndex(catalogLabelsPath),
  { path: "slug" },
] as const satisfies readonly Index[];

export const mcpServers: CollectionDefinition<McpServer, WithLookup<McpServer>> = {
  name: "mcp_servers",
  searchFields: "lookup",
  indexes: [...catalogIndexes, { path: "status" }, { path: "environment" }],
};

export const toolkits: CollectionDefinition<Toolkit, WithLookup<Toolkit>> = {
  name: "toolkits",
  searchFields: "lookup",
  indexes: [...catalogIndexes, { path: "ownerId" }],
};

export const skills: CollectionDefinition<Skill, WithLookup<Skill>> = {
  name: "skills",
  searchFields: "lookup",
  indexes: [...catalogIndexes, { path: "ownerId" }],
};

export const commands: CollectionDefinition<Command, WithLookup<Command>> = {
  name: "commands",
  searchFields: "lookup",
  indexes: [...catalogIndexes, { path: "ownerId" }],
};

export const policies: CollectionDefinition<Policy, WithLookup<Policy>> = {
  name: "policies",
  searchFields: "lookup",
  indexes: catalogIndexes,
};

/** The size of the catalog resources of one user or of one organization. The id contains the id of either. */
export interface ContentSize extends Entity {
  /** In characters as JSON. */
  readonly length: number;
}

export const contentSizes: CollectionDefinition<ContentSize> = { name: "content_sizes", indexes: [] };
