import type { ActivityHour } from "../../schemas/activity-hour.ts";
import type { Actor, AuditEvent, RequestLogEntry } from "../../schemas/audit-event.ts";
import type { RefreshTokenFamily } from "../../schemas/auth-exchange.ts";
import type { Command } from "../../schemas/command.ts";
import type { Connection } from "../../schemas/connection.ts";
import type { McpServer } from "../../schemas/mcp-server.ts";
import type { Organization } from "../../schemas/organization.ts";
import type { Policy } from "../../schemas/policy.ts";
import type { ProvisioningStatus } from "../../schemas/provisioning.ts";
import type { ScimExtension } from "../../schemas/scim-extension.ts";
import type { Skill } from "../../schemas/skill.ts";
import type { Token } from "../../schemas/token.ts";
import type { Toolkit } from "../../schemas/toolkit.ts";
import type { Group, User, WithSearchFields } from "../../schemas/user.ts";
import type { Webhook } from "../../schemas/webhook.ts";
import { extensionKeysPath } from "./extension-fields.ts";
import { type LabelTerm, labelIndex } from "./label-terms.ts";
import type { Entity } from "./record.ts";
import type { CollectionDefinition, Index } from "./store.ts";

/**
 * Every collection with its indexes. A query that no index narrows is a full scan, so each field that clients filter by
 * belongs here. A new index is built at the next startup and needs no migration.
 */
export const organizations: CollectionDefinition<Organization> = {
  name: "organizations",
  indexes: [{ path: "slug", unique: "organization" }],
};

/** The paths of the search terms of labels, in each kind of record. */
export const tokenLabelsPath = "labelTerms";
export const groupLabelsPath = "normalized.labels";
export const catalogLabelsPath = "lookup.labels";

export const tokens: CollectionDefinition<Token> = {
  name: "tokens",
  indexes: [
    { path: "secrets", element: "hash", unique: "global" },
    { path: "userId" },
    { path: "origin" },
    { path: "type" },
    { path: "parentId" },
    labelIndex(tokenLabelsPath),
    { path: "normalizedName" },
    { path: "prefix" },
  ],
};

/** One index for the extension attributes of all organizations; see extension-fields.ts. */
const extensionIndex = { path: extensionKeysPath, element: "key" } as const satisfies Index;

export const users: CollectionDefinition<User, WithSearchFields<User>> = {
  name: "users",
  searchFields: "normalized",
  indexes: [
    { path: "normalized.userName", unique: "organization" },
    { path: "externalId" },
    { path: "normalized.displayName" },
    { path: "normalized.emails", element: "value" },
    extensionIndex,
    { path: "updatedAt" },
  ],
};

export const groups: CollectionDefinition<Group, WithSearchFields<Group>> = {
  name: "groups",
  searchFields: "normalized",
  indexes: [
    { path: "normalized.displayName", unique: "organization" },
    { path: "externalId" },
    labelIndex(groupLabelsPath),
    extensionIndex,
    { path: "updatedAt" },
  ],
};

/** The extension schemas that organizations declare. `lookup.key` is the URN in lower case. */
export const scimExtensions: CollectionDefinition<
  ScimExtension,
  ScimExtension & { readonly lookup: { readonly key: string } }
> = {
  name: "scim_extensions",
  searchFields: "lookup",
  isListedWhole: true,
  indexes: [{ path: "lookup.key", unique: "organization" }],
};

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

/** One connection per user and server. `lookup.key` combines both, so that the pair is unique. */
export const connections: CollectionDefinition<Connection, Connection & { readonly lookup: { readonly key: string } }> =
  {
    name: "connections",
    searchFields: "lookup",
    indexes: [{ path: "lookup.key", unique: "organization" }, { path: "userId" }, { path: "mcpServerId" }],
  };

/**
 * The encrypted credential of an MCP server or of a connection. The id contains the id of either. It is apart from the
 * server and the connection, so that no response, list, audit event or entity tag of theirs contains it.
 */
export interface UpstreamCredential extends Entity {
  readonly holderId: string;
  /**
   * The origin of the MCP server's URL when the credential was stored. It is sent to no other. Empty for the secrets of a
   * webhook, which sign messages and are never sent.
   */
  readonly origin: string;
  readonly keyId: string;
  readonly ciphertext: string;
  /** What is encrypted. Absent: the value of a header. */
  readonly purpose?: "client-secret" | "oauth-tokens" | "webhook-secrets";
  /** Of OAuth tokens: the user and the MCP server of the connection. */
  readonly userId?: string;
  readonly mcpServerId?: string;
  /** Of OAuth tokens: the refresh that is in progress. No other one may start before the time (ISO 8601). */
  readonly refresh?: { readonly claim: string; readonly until: string };
}
export const upstreamCredentials: CollectionDefinition<UpstreamCredential> = {
  name: "upstream_credentials",
  indexes: [{ path: "userId", sparse: true }],
};

/** An authorization request (RFC 6749 section 4.1.1) that waits for its response. It is removed by its first use. */
export interface AuthorizationRequest extends Entity {
  readonly userId: string;
  readonly mcpServerId: string;
  /** The user's number of deactivations at that time. */
  readonly userGeneration?: number;
  /** SHA-256 of the state. */
  readonly stateHash: string;
  /** SHA-256 of the server's settings at that time. */
  readonly authHash: string;
  /** The encrypted PKCE code verifier. */
  readonly verifier: { readonly keyId: string; readonly ciphertext: string };
  readonly expiresAt: string;
  /** Who started the authorization, and so the actor of its audit events. */
  readonly requestedBy: { readonly actor: Actor; readonly requestId?: string; readonly ip?: string };
}
export const authorizationRequests: CollectionDefinition<AuthorizationRequest> = {
  name: "authorization_requests",
  indexes: [{ path: "stateHash", unique: "global" }],
};

/** How the tokens of a server's connections are revoked (RFC 7009). */
export interface RevocationClient {
  readonly revocationUrl: string;
  readonly clientId: string;
  readonly authentication: "basic" | "post";
  /** The encrypted client secret, with its binding. */
  readonly secret?: {
    readonly holderId: string;
    readonly origin: string;
    readonly keyId: string;
    readonly ciphertext: string;
  };
}

/** Tokens of an ended connection that are still to be revoked, encrypted as they were in the connection's credential. */
export interface TokenRevocation extends Entity {
  /** The organization of the connection; the record itself is stored in the service's own tenant. */
  readonly targetOrganizationId: string;
  readonly holderId: string;
  readonly origin: string;
  readonly keyId: string;
  readonly ciphertext: string;
  readonly client: RevocationClient;
  readonly attempts: number;
  /** The time of the next attempt (ISO 8601). */
  readonly notBefore: string;
}
export const tokenRevocations: CollectionDefinition<TokenRevocation> = {
  name: "token_revocations",
  indexes: [{ path: "notBefore" }],
};

/** The OAuth client of a removed MCP server, for the revocation of tokens of its connections, which are removed later. */
export interface RemovedOAuthClient extends Entity {
  readonly mcpServerId: string;
  readonly client: RevocationClient;
}
export const removedOAuthClients: CollectionDefinition<RemovedOAuthClient> = {
  name: "removed_oauth_clients",
  indexes: [{ path: "mcpServerId" }],
};

export const exchanges: CollectionDefinition<RefreshTokenFamily> = {
  name: "exchanges",
  indexes: [{ path: "familyHash", unique: "global" }, { path: "userId" }],
};

/** What a session stores of a user who signed in through an OpenID Provider. */
export interface UserSignInCredential {
  readonly userId: string;
  /** The user's number of deactivations at the sign-in. */
  readonly userGeneration?: number;
  /** SHA-256 of the settings that identified the user. */
  readonly settingsHash: string;
  /** The groups of the ID token that granted a role at the sign-in. */
  readonly idTokenGroups: readonly string[];
}

/** A session of the console. It is bound to the credential that signed in, which every request verifies again. */
export interface ConsoleSession extends Entity {
  /** SHA-256 of the session id, which only the cookie has. */
  readonly idHash: string;
  /** The stored hash of the token's secret that signed in. */
  readonly secretHash?: string | undefined;
  /** Of a session of AUTH_SECRET instead: the HMAC of its value under the session id, which is not stored. */
  readonly authSecretProof?: string | undefined;
  /** Of a session of a user instead. */
  readonly signIn?: UserSignInCredential | undefined;
  /** The time of the last request (ISO 8601), updated at most once a minute. */
  readonly lastUsedAt: string;
}
export const consoleSessions: CollectionDefinition<ConsoleSession> = {
  name: "console_sessions",
  indexes: [{ path: "idHash", unique: "global" }],
};

/** A form of the console that was submitted, and whose nonce is in the id. A reload does not submit it again. */
export const consoleSubmissions: CollectionDefinition<Entity> = { name: "console_submissions", indexes: [] };

/** A request with an `Idempotency-Key` that has succeeded, for the next day. It contains no part of a secret. */
export interface IdempotencyRecord extends Entity {
  /** SHA-256 of the key, the caller and the operation. */
  readonly keyHash: string;
  readonly bodyHash: string;
  /** With the credential of the caller and the key, which are not stored, it yields the secret of the token. */
  readonly salt: string;
  readonly tokenId: string;
}
export const idempotencyKeys: CollectionDefinition<IdempotencyRecord> = {
  name: "idempotency_keys",
  indexes: [{ path: "keyHash", unique: "organization" }],
};

/** Audit events and request log entries are read in chronological order, which is the order of their ids. */
export const auditEvents: CollectionDefinition<AuditEvent> = {
  name: "audit_events",
  indexes: [{ path: "action" }, { path: "target.id" }, { path: "actor.id" }],
};

/** Subscriptions of organizations to their audit events. */
export const webhooks: CollectionDefinition<Webhook> = {
  name: "webhooks",
  indexes: [{ path: "slug", unique: "organization" }],
};

/**
 * Which audit events a webhook has sent, and with what result. The id contains that of the webhook. It is apart from the
 * webhook, so that a delivery changes no version.
 */
export interface WebhookDelivery extends Entity {
  /** The organization of the webhook; the record itself is stored in the service's own tenant. */
  readonly targetOrganizationId: string;
  readonly webhookId: string;
  /** No event up to this id is still to be sent. */
  readonly cursor: string;
  /** The ids after the cursor that have been sent. */
  readonly sentIds: readonly string[];
  /** The time of the next attempt (ISO 8601). Of a disabled webhook: in the year 9999. */
  readonly notBefore: string;
  /** Failures since the last success. */
  readonly failedAttempts: number;
  readonly failingSince?: string;
  readonly lastSuccessAt?: string;
  readonly lastFailure?: { readonly at: string; readonly reason: string; readonly status?: number };
  /** The process that sends its events now. No other one may before the time (ISO 8601). */
  readonly lease?: { readonly holder: string; readonly until: string };
}
export const webhookDeliveries: CollectionDefinition<WebhookDelivery> = {
  name: "webhook_deliveries",
  indexes: [{ path: "notBefore" }, { path: "targetOrganizationId" }],
};

export const requestLog: CollectionDefinition<RequestLogEntry> = {
  name: "request_log",
  indexes: [
    { path: "requestId" },
    { path: "actor.id" },
    { path: "rejected", sparse: true },
    { path: "resourceId", sparse: true },
  ],
};

export const provisioningStatuses: CollectionDefinition<ProvisioningStatus> = {
  name: "provisioning_status",
  indexes: [],
};

/** Counts by hour, which are read in the order of their ids. */
export const activityHours: CollectionDefinition<ActivityHour> = { name: "activity_hours", indexes: [] };

/**
 * A deleted user, group or MCP server with dependent records that are still to be deleted; or an organization that was
 * deleted, disabled or enabled, with records that are still to be deleted or tokens that are still to be marked.
 */
export interface CascadeDelete extends Entity {
  /** The organization of the subject; the cascade delete itself is stored in the service's own tenant. */
  readonly targetOrganizationId: string;
  readonly subjectId: string;
  /** The actor of the audit events of what is removed. Absent in records of earlier versions. */
  readonly requestedBy?: { readonly actor: Actor; readonly requestId?: string; readonly ip?: string };
}
export const cascadeDeletes: CollectionDefinition<CascadeDelete> = { name: "purges", indexes: [] };

/** A deactivated or removed user with personal tokens whose records are still to be revoked or removed. */
export interface PersonalTokenEnd extends Entity {
  /** The organization of the user; the record itself is stored in the service's own tenant. */
  readonly targetOrganizationId: string;
  readonly userId: string;
  /** The actor of the audit events of the tokens. */
  readonly requestedBy: { readonly actor: Actor; readonly requestId?: string; readonly ip?: string };
}
export const personalTokenEnds: CollectionDefinition<PersonalTokenEnd> = {
  name: "personal_token_ends",
  indexes: [{ path: "targetOrganizationId" }],
};

/** The requests that one replica counted in one window of one quota. */
export interface CountedWindow {
  readonly quota: string;
  readonly seconds: number;
  /** Start of the window, in milliseconds since 1970. */
  readonly start: number;
  readonly counts: readonly { readonly key: string; readonly requests: number }[];
}

/** The rate-limit counters that one replica publishes to the others. */
export interface ReplicaRateCounts extends Entity {
  /** End of its last window. */
  readonly expiresAt: string;
  readonly windows: readonly CountedWindow[];
}
export const rateCounts: CollectionDefinition<ReplicaRateCounts> = { name: "rate_counts", indexes: [] };

/** An imported token with secrets that have no checksum, so that a string in an unknown format must be looked up. */
export interface LegacyTokenMarker extends Entity {
  /** The organization of the token; the marker itself is stored in the service's own tenant. */
  readonly targetOrganizationId: string;
  readonly tokenId: string;
}
export const legacyTokenMarkers: CollectionDefinition<LegacyTokenMarker> = { name: "legacy_marks", indexes: [] };

/** An import that has not ended. What it has written belongs to organizations that do not exist yet. */
export interface PendingImport extends Entity {
  /** The organizations of the import; the record itself is stored in the service's own tenant. */
  readonly organizationIds: readonly string[];
}
export const pendingImports: CollectionDefinition<PendingImport> = { name: "pending_imports", indexes: [] };

/** A key that the service created for itself. */
export interface ServiceKey extends Entity {
  readonly purpose: string;
  /** The bytes of the key in base64url. */
  readonly secret: string;
}
export const serviceKeys: CollectionDefinition<ServiceKey> = {
  name: "service_keys",
  indexes: [{ path: "purpose", unique: "organization" }],
};

/**
 * The tenant of everything that belongs to no organization: the list of organizations, audit events about rejected
 * credentials without an organization, deliveries of webhooks, pending cascade deletes, token cleanups and imports,
 * rate-limit counters, service keys and markers of imported tokens. No credential ever belongs to this tenant.
 */
export const serviceTenant = "service";

export const collections: readonly CollectionDefinition<Entity>[] = [
  organizations,
  tokens,
  users,
  groups,
  scimExtensions,
  mcpServers,
  toolkits,
  skills,
  commands,
  policies,
  contentSizes,
  connections,
  upstreamCredentials,
  authorizationRequests,
  tokenRevocations,
  removedOAuthClients,
  exchanges,
  consoleSessions,
  consoleSubmissions,
  idempotencyKeys,
  auditEvents,
  webhooks,
  webhookDeliveries,
  requestLog,
  provisioningStatuses,
  activityHours,
  cascadeDeletes,
  personalTokenEnds,
  rateCounts,
  legacyTokenMarkers,
  pendingImports,
  serviceKeys,
];
