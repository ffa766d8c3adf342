import type { AuditEvent, RequestLogEntry } from "../../schemas/audit-event.ts";
import type { Organization } from "../../schemas/organization.ts";
import type { Token } from "../../schemas/token.ts";
import type { Group, Twinned, User } from "../../schemas/user.ts";
import type { CollectionDefinition, Entity } from "./collection.ts";

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
  indexes: [{ path: "secrets", element: "hash", unique: "everywhere" }, { path: "userId" }],
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

/** Events and requests are read in the order in which they happened, which is the order of their ids. */
export const auditEvents: CollectionDefinition<AuditEvent> = { name: "audit_events", indexes: [] };

export const requestLog: CollectionDefinition<RequestLogEntry> = { name: "request_log", indexes: [] };

/** Edges of a removed user or group that are still to be swept away. */
export interface Purge extends Entity {
  /** The organisation whose edges they are; purges themselves are kept in the service's own tenant. */
  readonly of: string;
  readonly subjectId: string;
}
export const purges: CollectionDefinition<Purge> = { name: "purges", indexes: [] };

/**
 * The tenant that holds what belongs to no organisation: the register of organisations, refused credentials that
 * belong to nobody, open purges. No credential is ever of this tenant.
 */
export const serviceTenant = "service";

export const collections: readonly CollectionDefinition<Entity>[] = [
  organizations,
  tokens,
  users,
  groups,
  auditEvents,
  requestLog,
  purges,
];
