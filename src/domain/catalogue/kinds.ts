import type { Assignment } from "../../../schemas/assignment.ts";
import type { Command } from "../../../schemas/command.ts";
import type { McpServer } from "../../../schemas/mcp-server.ts";
import type { Policy } from "../../../schemas/policy.ts";
import type { Skill } from "../../../schemas/skill.ts";
import type { Toolkit } from "../../../schemas/toolkit.ts";
import type { CollectionDefinition } from "../../store/collection.ts";
import { type Asked, commands, mcpServers, policies, skills, toolkits } from "../../store/collections.ts";
import type { IdPrefix } from "../entity.ts";
import type { Reference, Thing } from "./thing.ts";

/** One kind of the catalogue's things: where they are kept, whom they are for, and what they refer to. */
export interface Kind<T extends Thing> {
  /** As audit events, references and messages name it. */
  readonly name: "mcp-server" | "toolkit" | "skill" | "command" | "policy";
  readonly title: string;
  readonly prefix: IdPrefix;
  readonly collection: CollectionDefinition<T, Asked<T>>;
  /** Things of the kind that an organisation may have; absent: any number. */
  readonly most?: number;
  readonly assignment: (thing: T) => { readonly field: string; readonly to: Assignment } | undefined;
  /** Whether its things name others of the catalogue. */
  readonly isNaming?: boolean;
  /** What it names besides users and groups. */
  readonly references: (thing: T) => readonly Reference[];
}

const assigned = (thing: { readonly assignment: Assignment }) => ({ field: "assignment", to: thing.assignment });
const none = (): readonly Reference[] => [];

export const mcpServerKind: Kind<McpServer> = {
  name: "mcp-server",
  title: "MCP server",
  prefix: "srv",
  collection: mcpServers,
  assignment: assigned,
  references: none,
};

export const toolkitKind: Kind<Toolkit> = {
  name: "toolkit",
  title: "toolkit",
  prefix: "tkt",
  collection: toolkits,
  isNaming: true,
  assignment: assigned,
  references: ({ entries, skills, commands }) => [
    ...entries.map(
      ({ mcpServer }, at) => ({ kind: "mcp-server", name: mcpServer, pointer: `/entries/${at}/mcpServer` }) as const,
    ),
    ...named("skill", skills, "/skills"),
    ...named("command", commands, "/commands"),
  ],
};

export const skillKind: Kind<Skill> = {
  name: "skill",
  title: "skill",
  prefix: "skl",
  collection: skills,
  assignment: assigned,
  references: none,
};

export const commandKind: Kind<Command> = {
  name: "command",
  title: "command",
  prefix: "cmd",
  collection: commands,
  assignment: assigned,
  references: none,
};

export const policyKind: Kind<Policy> = {
  name: "policy",
  title: "policy",
  prefix: "pol",
  collection: policies,
  isNaming: true,
  most: 1000, // all that speak of a user are read for each answer to that user
  assignment: ({ subjects }) => ({ field: "subjects", to: subjects }),
  references: ({ resources }) => [
    ...named("mcp-server", resources.mcpServers, "/resources/mcpServers"),
    ...named("toolkit", resources.toolkits, "/resources/toolkits"),
    ...named("skill", resources.skills, "/resources/skills"),
    ...named("command", resources.commands, "/resources/commands"),
  ],
};

function named(kind: Reference["kind"], names: readonly string[], pointer: string): readonly Reference[] {
  return names.map((name, at) => ({ kind, name, pointer: `${pointer}/${at}` }));
}

/** What a thing is asked by (`Asked`). */
export function withAsked<T extends Thing>(thing: T, kind: Kind<T>): Asked<T> {
  const isOwn = thing.ownerId !== undefined;
  return {
    ...thing,
    asked: {
      key: keyOf(thing.slug, thing.ownerId),
      audience: audienceOf(thing, kind).map((id) => ({ id })),
      // What is somebody's own keeps nobody from deleting what it names.
      references: isOwn ? [] : referencesOf(thing, kind).map(({ kind: of, name }) => ({ to: `${of}:${name}` })),
    },
  };
}

/** What is somebody's own is for its owner alone, whatever it says. */
function audienceOf<T extends Thing>(thing: T, kind: Kind<T>): readonly string[] {
  if (thing.ownerId !== undefined) return [thing.ownerId];
  const { everyone, groups, users } = kind.assignment(thing)?.to ?? { everyone: false, groups: [], users: [] };
  return [...(everyone ? ["everyone"] : []), ...groups, ...users];
}

/** The name under which a thing is found: its slug, below its owner's id where it has one. */
export const keyOf = (slug: string, ownerId?: string): string => (ownerId === undefined ? slug : `${ownerId}/${slug}`);

/** All that a thing names, each with where it does. */
export function referencesOf<T extends Thing>(thing: T, kind: Kind<T>): readonly Reference[] {
  const { field, to } = kind.assignment(thing) ?? {};
  const people = to
    ? [...named("group", to.groups, `/${field}/groups`), ...named("user", to.users, `/${field}/users`)]
    : [];
  return [...kind.references(thing), ...people];
}
