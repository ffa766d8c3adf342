import {
  activityHours,
  auditEvents,
  provisioningStatuses,
  requestLog,
  webhookDeliveries,
  webhooks,
} from "./collections/audit.ts";
import { commands, contentSizes, mcpServers, policies, skills, toolkits } from "./collections/catalog.ts";
import {
  authorizationRequests,
  connections,
  removedOAuthClients,
  tokenRevocations,
  upstreamCredentials,
} from "./collections/connections.ts";
import { consoleSessions, consoleSubmissions } from "./collections/console.ts";
import { groups, organizations, scimExtensions, users } from "./collections/directory.ts";
import { cascadeDeletes, pendingImports, rateCounts, serviceKeys } from "./collections/service.ts";
import { exchanges, idempotencyKeys, legacyTokenMarkers, personalTokenEnds, tokens } from "./collections/tokens.ts";
import type { Entity } from "./record.ts";
import type { CollectionDefinition } from "./store.ts";

export * from "./collections/audit.ts";
export * from "./collections/catalog.ts";
export * from "./collections/connections.ts";
export * from "./collections/console.ts";
export * from "./collections/directory.ts";
export * from "./collections/service.ts";
export * from "./collections/tokens.ts";

/**
 * Every collection with its indexes. A query that no index narrows is a full scan, so each field that clients filter by
 * belongs to its collection. A new index is built at the next startup and needs no migration.
 */
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
