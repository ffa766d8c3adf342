import type { AuditEvent, RequestLogEntry } from "../../schemas/audit-event.ts";
import type { Exchange } from "../../schemas/auth-exchange.ts";
import type { Command } from "../../schemas/command.ts";
import type { Connection } from "../../schemas/connection.ts";
import type { McpServer } from "../../schemas/mcp-server.ts";
import type { Organization } from "../../schemas/organization.ts";
import type { Policy } from "../../schemas/policy.ts";
import type { Skill } from "../../schemas/skill.ts";
import type { Token } from "../../schemas/token.ts";
import type { Toolkit } from "../../schemas/toolkit.ts";
import type { Group, Twinned, User } from "../../schemas/user.ts";
import type { CollectionDefinition, Entity, Index } from "./collection.ts";

/**
 * Every collection, once, with its indexes. A question that none of them narrows is a scan, so a field that people ask
 * by belongs here. A new index is built at the next start; it needs no migration.
 */
export const organizations: CollectionDefinition<Organization> = {
  name: "organizations",
  indexes: [{ path: "slug", unique: "organization" }],
};

export const tokens: CollectionDefinition<Token> = {
  name: "tokens",
  indexes: [
    { path: "secrets", element: "hash", unique: "everywhere" },
    { path: "userId" },
    { path: "origin" },
    { path: "parentId" },
  ],
};

export const users: CollectionDefinition<User, Twinned<User>> = {
  name: "users",
  twin: "folded",
  indexes: [
    { path: "folded.userName", unique: "organization" },
    { path: "externalId" },
    { path: "folded.displayName" },
    { path: "folded.emails", element: "value" },
    { path: "updatedAt" },
  ],
};

export const groups: CollectionDefinition<Group, Twinned<Group>> = {
  name: "groups",
  twin: "folded",
  indexes: [{ path: "folded.displayName", unique: "organization" }, { path: "externalId" }, { path: "updatedAt" }],
};

/**
 * A thing of the catalogue as it is written: beside it what it is asked by and does not say in one place by itself.
 */
export type Asked<T> = T & {
  readonly asked: {
    /** The slug; below the owner's id where it has one, so that nobody's own things take names from others. */
    readonly key: string;
    /** Whom it is assigned to or speaks of: `everyone`, and ids of groups and users; of an own thing its owner. */
    readonly audience: readonly { readonly id: string }[];
    /** What it refers to, as kind and name: `mcp-server:github`, `group:grp_...`. */
    readonly references: readonly { readonly to: string }[];
  };
};

const catalogueIndexes = [
  { path: "asked.key", unique: "organization" },
  { path: "asked.audience", element: "id" },
  { path: "asked.references", element: "to" },
] as const satisfies readonly Index[];

export const mcpServers: CollectionDefinition<McpServer, Asked<McpServer>> = {
  name: "mcp_servers",
  twin: "asked",
  indexes: [...catalogueIndexes, { path: "status" }, { path: "environment" }],
};

export const toolkits: CollectionDefinition<Toolkit, Asked<Toolkit>> = {
  name: "toolkits",
  twin: "asked",
  indexes: [...catalogueIndexes, { path: "ownerId" }],
};

export const skills: CollectionDefinition<Skill, Asked<Skill>> = {
  name: "skills",
  twin: "asked",
  indexes: [...catalogueIndexes, { path: "ownerId" }],
};

export const commands: CollectionDefinition<Command, Asked<Command>> = {
  name: "commands",
  twin: "asked",
  indexes: [...catalogueIndexes, { path: "ownerId" }],
};

export const policies: CollectionDefinition<Policy, Asked<Policy>> = {
  name: "policies",
  twin: "asked",
  indexes: catalogueIndexes,
};

/** One for each user and server. `key` is both: the pair is taken once. */
export const connections: CollectionDefinition<Connection, Connection & { readonly asked: { readonly key: string } }> =
  {
    name: "connections",
    twin: "asked",
    indexes: [{ path: "asked.key", unique: "organization" }, { path: "userId" }, { path: "mcpServerId" }],
  };

export const exchanges: CollectionDefinition<Exchange> = {
  name: "exchanges",
  indexes: [{ path: "familyHash", unique: "everywhere" }, { path: "userId" }],
};

/** Events and requests are read in the order in which they happened, which is the order of their ids. */
export const auditEvents: CollectionDefinition<AuditEvent> = {
  name: "audit_events",
  indexes: [{ path: "action" }, { path: "target.id" }, { path: "actor.id" }],
};

export const requestLog: CollectionDefinition<RequestLogEntry> = {
  name: "request_log",
  indexes: [{ path: "requestId" }, { path: "actor.id" }],
};

/** What a removed user, group or MCP server has left behind that is still to be swept away. */
export interface Purge extends Entity {
  /** The organisation whose it is; purges themselves are kept in the service's own tenant. */
  readonly of: string;
  readonly subjectId: string;
}
export const purges: CollectionDefinition<Purge> = { name: "purges", indexes: [] };

/** Requests that a replica has counted in one window of one quota. */
export interface CountedWindow {
  readonly quota: string;
  readonly seconds: number;
  /** When it began, in milliseconds since 1970. */
  readonly start: number;
  readonly counts: readonly { readonly key: string; readonly requests: number }[];
}

/** What one replica tells the others of its rate limits. */
export interface RateCount extends Entity {
  /** When the last of its windows has ended. */
  readonly expiresAt: string;
  readonly windows: readonly CountedWindow[];
}
export const rateCounts: CollectionDefinition<RateCount> = { name: "rate_counts", indexes: [] };

/** An imported token whose secrets have no checksum, so that what looks like none of ours has to be looked for. */
export interface LegacyMark extends Entity {
  /** The organisation whose it is; marks themselves are kept in the service's own tenant. */
  readonly of: string;
  readonly tokenId: string;
}
export const legacyMarks: CollectionDefinition<LegacyMark> = { name: "legacy_marks", indexes: [] };

/** A key of the service's own. */
export interface ServiceKey extends Entity {
  readonly purpose: string;
  /** Its bytes in base64url. */
  readonly secret: string;
}
export const serviceKeys: CollectionDefinition<ServiceKey> = {
  name: "service_keys",
  indexes: [{ path: "purpose", unique: "organization" }],
};

/**
 * The tenant that holds what belongs to no organisation: the register of organisations, refused credentials that
 * belong to nobody, open purges, counts of replicas, keys of the service, marks of imported tokens. No credential is ever of this tenant.
 */
export const serviceTenant = "service";

export const collections: readonly CollectionDefinition<Entity>[] = [
  organizations,
  tokens,
  users,
  groups,
  mcpServers,
  toolkits,
  skills,
  commands,
  policies,
  connections,
  exchanges,
  auditEvents,
  requestLog,
  purges,
  rateCounts,
  legacyMarks,
  serviceKeys,
];
