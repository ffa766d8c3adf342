import type { Assignment } from "../../../schemas/assignment.ts";
import type { Command } from "../../../schemas/command.ts";
import type { McpServer } from "../../../schemas/mcp-server.ts";
import type { Policy } from "../../../schemas/policy.ts";
import type { Skill } from "../../../schemas/skill.ts";
import type { Toolkit } from "../../../schemas/toolkit.ts";
import { commands, mcpServers, policies, skills, toolkits, type WithLookup } from "../../store/collections.ts";
import { toLabelTerms } from "../../store/label-terms.ts";
import { normalize } from "../../store/normalize.ts";
import { toAttributes } from "../../store/record.ts";
import type { CollectionDefinition } from "../../store/store.ts";
import type { IdPrefix } from "../entity.ts";
import { type CatalogReference, type CatalogResource, toReferenceKey } from "./resource.ts";

/** Describes one type of catalog resource: its collection, its assignment and its references. */
export interface CatalogResourceType<T extends CatalogResource> {
  /** The name in audit events, references and messages. */
  readonly name: "mcp-server" | "toolkit" | "skill" | "command" | "policy";
  readonly title: string;
  readonly prefix: IdPrefix;
  readonly collection: CollectionDefinition<T, WithLookup<T>>;
  /** The maximum number of resources of this type per organization; absent: unlimited. */
  readonly maxCount?: number;
  readonly assignment: (resource: T) => { readonly field: string; readonly to: Assignment } | undefined;
  /** Returns the references of a resource except those to users and groups. */
  readonly references: (resource: T) => readonly CatalogReference[];
}

const toAssignmentField = (resource: { readonly assignment: Assignment }) => ({
  field: "assignment",
  to: resource.assignment,
});
const noReferences = (): readonly CatalogReference[] => [];

export const mcpServerType: CatalogResourceType<McpServer> = {
  name: "mcp-server",
  title: "MCP server",
  prefix: "srv",
  collection: mcpServers,
  assignment: toAssignmentField,
  references: noReferences,
};

export const toolkitType: CatalogResourceType<Toolkit> = {
  name: "toolkit",
  title: "toolkit",
  prefix: "tkt",
  collection: toolkits,
  assignment: toAssignmentField,
  references: ({ entries, skills, commands }) => [
    ...entries.map(
      ({ mcpServer }, at) => ({ kind: "mcp-server", name: mcpServer, pointer: `/entries/${at}/mcpServer` }) as const,
    ),
    ...toReferences("skill", skills, "/skills"),
    ...toReferences("command", commands, "/commands"),
  ],
};

export const skillType: CatalogResourceType<Skill> = {
  name: "skill",
  title: "skill",
  prefix: "skl",
  collection: skills,
  assignment: toAssignmentField,
  references: noReferences,
};

export const commandType: CatalogResourceType<Command> = {
  name: "command",
  title: "command",
  prefix: "cmd",
  collection: commands,
  assignment: toAssignmentField,
  references: noReferences,
};

export const policyType: CatalogResourceType<Policy> = {
  name: "policy",
  title: "policy",
  prefix: "pol",
  collection: policies,
  maxCount: 1000, // all policies that apply to a user are read for each request of the user
  assignment: ({ subjects }) => ({ field: "subjects", to: subjects }),
  references: ({ resources }) => [
    ...toReferences("mcp-server", resources.mcpServers, "/resources/mcpServers"),
    ...toReferences("toolkit", resources.toolkits, "/resources/toolkits"),
    ...toReferences("skill", resources.skills, "/resources/skills"),
    ...toReferences("command", resources.commands, "/resources/commands"),
  ],
};

function toReferences(
  kind: CatalogReference["kind"],
  names: readonly string[],
  pointer: string,
): readonly CatalogReference[] {
  return names.map((name, at) => ({ kind, name, pointer: `${pointer}/${at}` }));
}

/** Adds the lookup fields with which conditions find the resource. */
export function withLookup<T extends CatalogResource>(
  resource: T,
  resourceType: CatalogResourceType<T>,
): WithLookup<T> {
  const isUserOwned = resource.ownerId !== undefined;
  const labels = toLabelTerms(resource.labels);
  return {
    ...resource,
    lookup: {
      key: toCatalogKey(resource.slug, resource.ownerId),
      name: normalize(resource.name),
      audience: toAudience(resource, resourceType).map((id) => ({ id })),
      // References of user-owned resources do not block the deletion of their targets.
      references: isUserOwned
        ? []
        : collectReferences(resource, resourceType).map((reference) => ({ to: toReferenceKey(reference) })),
      ...(labels && { labels }),
    },
  };
}

/** The audience of a user-owned resource is its owner, whatever its assignment is. */
function toAudience<T extends CatalogResource>(resource: T, resourceType: CatalogResourceType<T>): readonly string[] {
  if (resource.ownerId !== undefined) return [resource.ownerId];
  const { everyone, groups, users } = resourceType.assignment(resource)?.to ?? {
    everyone: false,
    groups: [],
    users: [],
  };
  return [...(everyone ? ["everyone"] : []), ...groups, ...users];
}

/** Returns the lookup key of a resource: its slug, prefixed with the owner's id if it is user-owned. */
export const toCatalogKey = (slug: string, ownerId?: string): string =>
  ownerId === undefined ? slug : `${ownerId}/${slug}`;

/** Returns all references of a resource with their JSON pointers. */
export function collectReferences<T extends CatalogResource>(
  resource: T,
  resourceType: CatalogResourceType<T>,
): readonly CatalogReference[] {
  const { field, to } = resourceType.assignment(resource) ?? {};
  const subjects = to
    ? [...toReferences("group", to.groups, `/${field}/groups`), ...toReferences("user", to.users, `/${field}/users`)]
    : [];
  return [...resourceType.references(resource), ...subjects];
}

/** Returns the fields of a resource without those that the service maintains. */
export function toResourceContent<T extends CatalogResource>(resource: T): Readonly<Record<string, unknown>> {
  const { ownerId: _, lockVersion: _l, ...content } = toAttributes({ ...(resource as object) });
  return { ...content, labels: resource.labels ?? {} };
}
