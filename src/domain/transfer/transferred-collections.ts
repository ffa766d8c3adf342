import { z } from "zod";
import { activityHour } from "../../../schemas/activity-hour.ts";
import { actor, auditEvent, requestLogEntry } from "../../../schemas/audit-event.ts";
import { refreshTokenFamily } from "../../../schemas/auth-exchange.ts";
import { command } from "../../../schemas/command.ts";
import { connection } from "../../../schemas/connection.ts";
import { entityFields } from "../../../schemas/entity.ts";
import { mcpServer } from "../../../schemas/mcp-server.ts";
import { organization } from "../../../schemas/organization.ts";
import { policy } from "../../../schemas/policy.ts";
import { provisioningStatus } from "../../../schemas/provisioning.ts";
import { type ScimExtension, scimExtension } from "../../../schemas/scim-extension.ts";
import { skill } from "../../../schemas/skill.ts";
import { token } from "../../../schemas/token.ts";
import { toolkit } from "../../../schemas/toolkit.ts";
import { group, user } from "../../../schemas/user.ts";
import { webhook } from "../../../schemas/webhook.ts";
import * as stored from "../../store/collections.ts";
import { withSearchFields } from "../../store/normalized-fields.ts";
import type { Entity } from "../../store/record.ts";
import type { CollectionDefinition } from "../../store/store.ts";
import type { CatalogResource } from "../catalog/resource.ts";
import {
  type CatalogResourceType,
  commandType,
  mcpServerType,
  policyType,
  skillType,
  toolkitType,
  withLookup,
} from "../catalog/resource-types.ts";
import { toConnectionKey } from "../connections/connection-changes.ts";
import type { IdPrefix } from "../entity.ts";
import { toExtensionLookup } from "../extensions/scim-extensions.ts";

/** A record of any collection. */
export type StoredRecord = Entity & Readonly<Record<string, unknown>>;

/** Returns a record with its search fields. @param extensions the extension schemas of the organization */
type AddSearchFields = (record: StoredRecord, extensions: readonly ScimExtension[]) => StoredRecord;

/** A collection that exports contain and `verify` checks. */
export interface TransferredCollection {
  readonly definition: CollectionDefinition<Entity>;
  /** What a stored record fulfills. It may have further fields. */
  readonly schema: z.ZodType;
  readonly prefix: IdPrefix;
  /** Absent: always exported. */
  readonly content?: "log" | "credential";
  /**
   * Whether the last transaction of an import writes the records. Without them, what the others belong to does not exist
   * for any client.
   */
  readonly isGate?: true;
  /** Present if the collection has search fields. */
  readonly addSearchFields?: AddSearchFields;
}

const catalog = <T extends CatalogResource>(
  type: CatalogResourceType<T>,
  schema: z.ZodType,
): TransferredCollection => ({
  definition: type.collection,
  schema,
  prefix: type.prefix,
  addSearchFields: (record) => withLookup(record as unknown as T, type) as unknown as StoredRecord,
});

const addNormalizedFields: AddSearchFields = (record, extensions) => withSearchFields(record, extensions);

const encrypted = { holderId: z.string(), origin: z.string(), keyId: z.string(), ciphertext: z.string() };
const target = { targetOrganizationId: z.string() };
const requestedBy = z.object({ actor, requestId: z.string().optional(), ip: z.string().optional() });

/** The collections of an organization, in the order of a file: what others refer to comes first. */
export const tenantCollections: readonly TransferredCollection[] = [
  {
    definition: stored.scimExtensions,
    schema: scimExtension,
    prefix: "ext",
    addSearchFields: (record) => ({ ...record, ...toExtensionLookup(record as unknown as ScimExtension) }),
  },
  { definition: stored.users, schema: user, prefix: "usr", addSearchFields: addNormalizedFields },
  { definition: stored.groups, schema: group, prefix: "grp", addSearchFields: addNormalizedFields },
  { definition: stored.tokens, schema: token, prefix: "tok", isGate: true },
  catalog(mcpServerType, mcpServer),
  catalog(skillType, skill),
  catalog(commandType, command),
  catalog(toolkitType, toolkit),
  catalog(policyType, policy),
  { definition: stored.contentSizes, schema: z.object({ ...entityFields, length: z.int() }), prefix: "siz" },
  {
    definition: stored.connections,
    schema: connection,
    prefix: "con",
    addSearchFields: (record) => ({
      ...record,
      lookup: { key: toConnectionKey(String(record["userId"]), String(record["mcpServerId"])) },
    }),
  },
  {
    definition: stored.upstreamCredentials,
    schema: z.object({ ...entityFields, ...encrypted }),
    prefix: "crd",
    content: "credential",
  },
  { definition: stored.exchanges, schema: refreshTokenFamily, prefix: "exc" },
  { definition: stored.webhooks, schema: webhook, prefix: "whk" },
  { definition: stored.provisioningStatuses, schema: provisioningStatus, prefix: "prv" },
  { definition: stored.activityHours, schema: activityHour, prefix: "act", content: "log" },
  { definition: stored.auditEvents, schema: auditEvent, prefix: "aud", content: "log" },
  { definition: stored.requestLog, schema: requestLogEntry, prefix: "req", content: "log" },
];

/** The collection after which the memberships of an organization follow. */
export const beforeMemberships = stored.groups;

export const organizationCollection: TransferredCollection = {
  definition: stored.organizations,
  schema: organization,
  prefix: "org",
  isGate: true,
};

/** Records of the service's own tenant that name the organization that they belong to, in the order of a file. */
export const targetedCollections: readonly TransferredCollection[] = [
  {
    definition: stored.cascadeDeletes,
    schema: z.object({ ...entityFields, ...target, subjectId: z.string(), requestedBy: requestedBy.optional() }),
    prefix: "pur",
    isGate: true,
  },
  {
    definition: stored.personalTokenEnds,
    schema: z.object({ ...entityFields, ...target, userId: z.string(), requestedBy }),
    prefix: "pte",
    isGate: true,
  },
  {
    definition: stored.legacyTokenMarkers,
    schema: z.object({ ...entityFields, ...target, tokenId: z.string() }),
    prefix: "leg",
    isGate: true,
  },
  {
    definition: stored.webhookDeliveries,
    schema: z.object({ ...entityFields, ...target, webhookId: z.string(), cursor: z.string(), notBefore: z.string() }),
    prefix: "whd",
    isGate: true,
  },
  {
    definition: stored.tokenRevocations,
    schema: z.object({ ...entityFields, ...target, ...encrypted, attempts: z.int(), notBefore: z.string() }),
    prefix: "rvk",
    content: "credential",
    isGate: true,
  },
];

/** Events that belong to no organization, such as rejected credentials. Only a complete export has them. */
export const serviceEvents: TransferredCollection = {
  definition: stored.auditEvents,
  schema: auditEvent,
  prefix: "aud",
  content: "log",
};

/**
 * What no export contains: keys of the service, what is valid for minutes or hours or belongs to a process, and the clients of
 * removed MCP servers, which are removed after a day.
 */
export const untransferredCollections: readonly CollectionDefinition<Entity>[] = [
  stored.authorizationRequests,
  stored.consoleSessions,
  stored.consoleSubmissions,
  stored.idempotencyKeys,
  stored.rateCounts,
  stored.serviceKeys,
  stored.removedOAuthClients,
  stored.pendingImports,
];

/** The action of the audit events about an import. They describe the store, so that no export contains them. */
export const importAction = "organization.import";
