import type { Actor } from "../../../schemas/audit-event.ts";
import type { Entity } from "../record.ts";
import type { CollectionDefinition } from "../store.ts";

/**
 * The tenant of everything that belongs to no organization: the list of organizations, audit events about rejected
 * credentials without an organization, deliveries of webhooks, pending cascade deletes, token cleanups and imports,
 * rate-limit counters, service keys and markers of imported tokens. No credential ever belongs to this tenant.
 */
export const serviceTenant = "service";

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
